import ipaddr from 'ipaddr.js';

/**
 * What an address counts as for rate limits and connection limits: an IPv4 address as itself, also where it comes
 * mapped into IPv6 (RFC 4291 §2.5.5.2), and an IPv6 address as its /64, which one host has to itself (RFC 4291 §2.5.4).
 */
export function addressKey(address: string): string {
  if (!address.includes(':') || !ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':');
}
