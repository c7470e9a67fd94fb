/** Whom a webhook may be sent to: public addresses, looked at when the connection is made, and what the configuration allows. */
import { lookup as resolveName } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

import ipaddr from 'ipaddr.js';

const GLOBAL_UNICAST = ipaddr.parse('2000::');

/** Why an attempt was not made. */
export class TargetRefused extends Error {
  readonly code = 'target-refused';
}

export type AddressRule = (address: string) => boolean;

/**
 * Public unicast addresses, and those of `allow`: addresses and CIDR ranges. Loopback, private, link-local (and with it the
 * metadata services of clouds), shared, multicast, reserved and IPv4-in-IPv6 addresses are none of the former.
 */
export function addressRule(allow: readonly string[]): AddressRule {
  const allowed = allow.map((text) =>
    ipaddr.parseCIDR(text.includes('/') ? text : `${text}/${isIP(text) === 4 ? 32 : 128}`),
  );
  return (text) => {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    if (allowed.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))) return true;
    // RFC 4291 §2.4: of IPv6, 2000::/3 is what is given out.
    return address.range() === 'unicast' && (address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST, 3));
  };
}

/** Resolves names for a connection, to addresses that may be reached alone. What was resolved is what is connected to. */
export function guardedLookup(isAllowed: AddressRule): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error === null ? found.filter(({ address }) => isAllowed(address)) : [];
      const first = addresses[0];
      if (error !== null) callback(error, '');
      else if (first === undefined) callback(new TargetRefused(`${hostname} has no address that may be reached`), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Throws `TargetRefused` where the URL's host is an address that may not be reached: no name is resolved for those. */
export function checkLiteral(url: URL, isAllowed: AddressRule): void {
  const host = url.hostname.replace(/^\[(.*)\]$/u, '$1');
  if (isIP(host) !== 0 && !isAllowed(host)) throw new TargetRefused(`${host} is no address that may be reached`);
}
