/** IANA's registries as the tests hold the code against, and ways to draw addresses from them. */
import fc from 'fast-check';

import { parseAddress, type TransportAddress } from '../../src/stun/address.ts';

/**
 * IANA IPv4 Special-Purpose Address Registry, all entries, as of its update of October 2024 and after.
 * https://www.iana.org/assignments/iana-ipv4-special-registry/
 */
const IPV4_SPECIAL = [
  ['0.0.0.0/8', 'unspecified'],
  ['0.0.0.0/32', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol-assignment'],
  ['192.0.0.0/29', 'protocol-assignment'],
  ['192.0.0.8/32', 'protocol-assignment'],
  ['192.0.0.9/32', 'protocol-assignment'],
  ['192.0.0.10/32', 'protocol-assignment'],
  ['192.0.0.170/32', 'protocol-assignment'],
  ['192.0.0.171/32', 'protocol-assignment'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'anycast-service'],
  ['192.52.193.0/24', 'anycast-service'],
  ['192.88.99.0/24', 'transition'],
  ['192.88.99.2/32', 'transition'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'anycast-service'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['240.0.0.0/4', 'reserved'],
  ['255.255.255.255/32', 'broadcast'],
] as const;

/**
 * IANA IPv6 Special-Purpose Address Registry, all entries but two that stand for IPv4 addresses: ::ffff:0:0/96 (mapped)
 * and 64:ff9b::/96 (NAT64). https://www.iana.org/assignments/iana-ipv6-special-registry/
 */
const IPV6_SPECIAL = [
  ['::1/128', 'loopback'],
  ['::/128', 'unspecified'],
  ['64:ff9b:1::/48', 'transition'],
  ['100::/64', 'discard-only'],
  ['100:0:0:1::/64', 'discard-only'],
  ['2001::/23', 'protocol-assignment'],
  ['2001::/32', 'transition'],
  ['2001:1::1/128', 'protocol-assignment'],
  ['2001:1::2/128', 'protocol-assignment'],
  ['2001:1::3/128', 'protocol-assignment'],
  ['2001:2::/48', 'benchmarking'],
  ['2001:3::/32', 'protocol-assignment'],
  ['2001:4:112::/48', 'protocol-assignment'],
  ['2001:10::/28', 'protocol-assignment'],
  ['2001:20::/28', 'protocol-assignment'],
  ['2001:30::/28', 'protocol-assignment'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', 'transition'],
  ['2620:4f:8000::/48', 'anycast-service'],
  ['3fff::/20', 'documentation'],
  ['5f00::/16', 'segment-routing'],
  ['fc00::/7', 'unique-local'],
  ['fe80::/10', 'link-local'],
] as const;

/**
 * What lies beyond the special-purpose registries: IANA IPv4 Multicast Address Space Registry (RFC 5771), and of the
 * Internet Protocol Version 6 Address Space registry all that is not 2000::/3.
 */
const OTHER = [
  ['224.0.0.0/4', 'multicast'],
  ['ff00::/8', 'multicast'],
  ['fec0::/10', 'site-local'],
  ['200::/7', 'reserved'],
  ['400::/6', 'reserved'],
  ['800::/5', 'reserved'],
  ['1000::/4', 'reserved'],
  ['4000::/4', 'reserved'],
  ['6000::/3', 'reserved'],
  ['8000::/3', 'reserved'],
  ['a000::/3', 'reserved'],
  ['c000::/3', 'reserved'],
  ['e000::/4', 'reserved'],
  ['f000::/5', 'reserved'],
  ['f800::/6', 'reserved'],
  ['fe00::/9', 'reserved'],
] as const;

/** Addresses as one big number, from the first to the last, and what they are. */
export type Range = { text: string; is: string; first: bigint; last: bigint };

export const RANGES: readonly Range[] = [...IPV4_SPECIAL, ...IPV6_SPECIAL, ...OTHER].map(([text, is]) => {
  const [host = '', bits] = text.split('/');
  const first = numberOf(address(host));
  const size = 1n << BigInt((host.includes(':') ? 128 : 32) - Number(bits));
  return { text, is, first, last: first + size - 1n };
});

export const IPV4_RANGES = RANGES.filter(({ text }) => !text.includes(':'));

const MAPPED = 0xffff_0000_0000n;

/** Any member of a range. */
export function memberOf({ first, last }: Range): fc.Arbitrary<bigint> {
  return fc.bigInt({ min: first, max: last });
}

export const deniedAddress = fc
  .constantFrom(...RANGES)
  .chain(memberOf)
  .map(addressOf);
export const deniedIpv4 = fc
  .constantFrom(...IPV4_RANGES)
  .chain(memberOf)
  .map(addressOf);

/** IPv4 addresses of no range. */
export const publicIpv4 = fc
  .bigInt({ min: MAPPED, max: MAPPED + 0xffff_ffffn })
  .filter((number) => !IPV4_RANGES.some(({ first, last }) => number >= first && number <= last))
  .map(addressOf);

/** Addresses of 2000::/3 and of no range. */
export const publicIpv6 = fc
  .bigInt({ min: 0x2000n << 112n, max: (0x4000n << 112n) - 1n })
  .filter((number) => !RANGES.some(({ first, last }) => number >= first && number <= last))
  .filter((number) => ((number >> 32n) & 0xfdff_ffffn) !== 0x5efen)
  .map(addressOf);

/** The ways to write an IPv4 address into an IPv6 address that somebody may decode again; `noise` is for bits free. */
export const EMBEDDINGS: Readonly<Record<string, (ipv4: number, noise: number) => TransportAddress>> = {
  mapped: (ipv4) => words(0, 0, 0xffff, ipv4),
  compatible: (ipv4) => words(0, 0, 0, ipv4),
  translated: (ipv4) => words(0, 0, 0xffff_0000, ipv4),
  'nat64 well-known': (ipv4) => words(0x0064_ff9b, 0, 0, ipv4),
  'nat64 local /96': (ipv4, noise) => words(0x0064_ff9b, 0x0001_0000 | (noise & 0xffff), noise & 0x00ff_ffff, ipv4),
  'nat64 local /64': (ipv4, noise) =>
    words(0x0064_ff9b, 0x0001_0000 | (noise & 0xffff), ipv4 >>> 8, (ipv4 << 24) | (noise & 0x00ff_ffff)),
  'nat64 local /56': (ipv4, noise) =>
    words(0x0064_ff9b, 0x0001_0000 | (noise & 0xff00) | (ipv4 >>> 24), ipv4 & 0x00ff_ffff, noise),
  'nat64 local /48': (ipv4, noise) =>
    words(0x0064_ff9b, 0x0001_0000 | (ipv4 >>> 16), ((ipv4 & 0xffff) << 8) | (noise & 0xff), noise),
  '6to4': (ipv4, noise) => words(0x2002_0000 | (ipv4 >>> 16), (ipv4 << 16) | (noise & 0xffff), noise, ~noise),
  'teredo server': (ipv4, noise) => words(0x2001_0000, ipv4, noise, ~noise),
  'teredo client': (ipv4, noise) => words(0x2001_0000, noise, ~noise, ~ipv4),
  'isatap, local': (ipv4, noise) => words(0x2a00_0000 | (noise & 0xffff), noise, 0x0000_5efe, ipv4),
  'isatap, global': (ipv4, noise) => words(0x2a00_0000 | (noise & 0xffff), noise, 0x0200_5efe, ipv4),
};

export function address(text: string, port = 0): TransportAddress {
  const parsed = parseAddress(text, port);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

export function words(a: number, b: number, c: number, d: number): TransportAddress {
  return { a: a | 0, b: b | 0, c: c | 0, d: d | 0, port: 0 };
}

export function numberOf({ a, b, c, d }: Pick<TransportAddress, 'a' | 'b' | 'c' | 'd'>): bigint {
  return [a, b, c, d].reduce((number, word) => (number << 32n) | BigInt(word >>> 0), 0n);
}

export function addressOf(number: bigint): TransportAddress {
  const word = (shift: bigint) => Number((number >> shift) & 0xffff_ffffn);
  return words(word(96n), word(64n), word(32n), word(0n));
}
