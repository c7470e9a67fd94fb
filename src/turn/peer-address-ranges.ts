/**
 * What an address is for; 0 of this list is what anybody may talk to. The others are no peers of a relay. The names are
 * metric labels, and a class is its place in this list.
 */
export const ADDRESS_CLASSES = [
  'public',
  'unspecified',
  'loopback',
  'private',
  'shared',
  'link-local',
  'unique-local',
  'site-local',
  'multicast',
  'broadcast',
  'benchmarking',
  'documentation',
  'protocol-assignment',
  'anycast-service',
  'discard-only',
  'segment-routing',
  'transition',
  'reserved',
] as const;

type AddressClassName = (typeof ADDRESS_CLASSES)[number];

/** The first `length` bits of `high`, `low` (the first 64 bits of an IPv6 address; an IPv4 address is all `high`). */
type AddressRange = { high: number; low?: number; length: number; is: Exclude<AddressClassName, 'public'> };

/*
 * Every entry of IANA's two special-purpose registries (RFC 6890, RFC 8190) is here, also those that are globally
 * reachable: anycast services, tunnel ends and name servers of last resort are no peers of a media client. Of ranges
 * that overlap the first one counts, so the narrower stands first.
 */

/** IPv4 addresses that are not public. */
export const IPV4_RANGES: readonly AddressRange[] = [
  { high: 0x0000_0000, length: 8, is: 'unspecified' }, // 0.0.0.0/8, "this network", RFC 791 §3.2
  { high: 0x0a00_0000, length: 8, is: 'private' }, // 10.0.0.0/8, RFC 1918
  { high: 0x6440_0000, length: 10, is: 'shared' }, // 100.64.0.0/10, carrier-grade NAT, RFC 6598
  { high: 0x7f00_0000, length: 8, is: 'loopback' }, // 127.0.0.0/8, RFC 1122 §3.2.1.3
  { high: 0xa9fe_0000, length: 16, is: 'link-local' }, // 169.254.0.0/16, RFC 3927; a cloud's metadata service
  { high: 0xac10_0000, length: 12, is: 'private' }, // 172.16.0.0/12, RFC 1918
  { high: 0xc000_0000, length: 24, is: 'protocol-assignment' }, // 192.0.0.0/24, RFC 6890 §2.1
  { high: 0xc000_0200, length: 24, is: 'documentation' }, // 192.0.2.0/24, TEST-NET-1, RFC 5737
  { high: 0xc01f_c400, length: 24, is: 'anycast-service' }, // 192.31.196.0/24, AS112, RFC 7535
  { high: 0xc034_c100, length: 24, is: 'anycast-service' }, // 192.52.193.0/24, AMT, RFC 7450
  { high: 0xc058_6300, length: 24, is: 'transition' }, // 192.88.99.0/24, 6to4 relay anycast, RFC 7526
  { high: 0xc0a8_0000, length: 16, is: 'private' }, // 192.168.0.0/16, RFC 1918
  { high: 0xc0af_3000, length: 24, is: 'anycast-service' }, // 192.175.48.0/24, AS112, RFC 7534
  { high: 0xc612_0000, length: 15, is: 'benchmarking' }, // 198.18.0.0/15, RFC 2544
  { high: 0xc633_6400, length: 24, is: 'documentation' }, // 198.51.100.0/24, TEST-NET-2, RFC 5737
  { high: 0xcb00_7100, length: 24, is: 'documentation' }, // 203.0.113.0/24, TEST-NET-3, RFC 5737
  { high: 0xe000_0000, length: 4, is: 'multicast' }, // 224.0.0.0/4, RFC 5771
  { high: 0xffff_ffff, length: 32, is: 'broadcast' }, // 255.255.255.255, RFC 919 §7
  { high: 0xf000_0000, length: 4, is: 'reserved' }, // 240.0.0.0/4, RFC 1112 §4
];

/** IPv6 addresses that are not public; those that begin with ::/64 and 64:ff9b::/96 are read by `addressClass`. */
export const IPV6_RANGES: readonly AddressRange[] = [
  { high: 0x0064_ff9b, low: 0x0001_0000, length: 48, is: 'transition' }, // 64:ff9b:1::/48, local-use NAT64, RFC 8215
  { high: 0x0100_0000, low: 0x0000_0000, length: 64, is: 'discard-only' }, // 100::/64, RFC 6666
  { high: 0x0100_0000, low: 0x0000_0001, length: 64, is: 'discard-only' }, // 100:0:0:1::/64, dummy prefix, RFC 9780
  { high: 0x2001_0000, length: 32, is: 'transition' }, // 2001::/32, Teredo, RFC 4380
  { high: 0x2001_0002, low: 0x0000_0000, length: 48, is: 'benchmarking' }, // 2001:2::/48, RFC 5180
  // 2001::/23, RFC 2928: with the anycast services of 2001:1::, AMT, AS112 and the identifiers ORCHID and DET.
  { high: 0x2001_0000, length: 23, is: 'protocol-assignment' },
  { high: 0x2001_0db8, length: 32, is: 'documentation' }, // 2001:db8::/32, RFC 3849
  { high: 0x2002_0000, length: 16, is: 'transition' }, // 2002::/16, 6to4, RFC 3056
  { high: 0x2620_004f, low: 0x8000_0000, length: 48, is: 'anycast-service' }, // 2620:4f:8000::/48, AS112, RFC 7534
  { high: 0x3fff_0000, length: 20, is: 'documentation' }, // 3fff::/20, RFC 9637
  { high: 0x5f00_0000, length: 16, is: 'segment-routing' }, // 5f00::/16, RFC 9602
  { high: 0xfc00_0000, length: 7, is: 'unique-local' }, // fc00::/7, RFC 4193
  { high: 0xfe80_0000, length: 10, is: 'link-local' }, // fe80::/10, RFC 4291 §2.5.6
  { high: 0xfec0_0000, length: 10, is: 'site-local' }, // fec0::/10, RFC 3879
  { high: 0xff00_0000, length: 8, is: 'multicast' }, // ff00::/8, RFC 4291 §2.7
  // RFC 4291 §2.4: unicast addresses are given out of 2000::/3 only.
  { high: 0x0000_0000, length: 3, is: 'reserved' },
  { high: 0x4000_0000, length: 2, is: 'reserved' },
  { high: 0x8000_0000, length: 1, is: 'reserved' },
];
