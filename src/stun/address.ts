import ipaddr from 'ipaddr.js';

import { MAGIC_COOKIE } from './header.ts';

/**
 * A transport address in the one form that everything below the edge uses: four big-endian words (int32), an IPv6
 * address or IPv4 mapped into it (0, 0, 0xffff, v4), and a port.
 *
 * An IPv6 address that arrives as ::ffff:192.0.2.1 therefore *is* 192.0.2.1: it is looked up, checked and sent to as
 * such. `MessageReader.familyOf` tells how it was written.
 */
export type TransportAddress = { a: number; b: number; c: number; d: number; port: number };

/** The family field of an address attribute (RFC 8489 §14.1), also that of REQUESTED-ADDRESS-FAMILY (RFC 8656 §18.6). */
export const FAMILY = { IPV4: 1, IPV6: 2 } as const;

/** The number of an address family. */
export type Family = (typeof FAMILY)[keyof typeof FAMILY];

/** The third word of a mapped IPv4 address (RFC 4291 §2.5.5.2). */
export const MAPPED_IPV4 = 0xffff;

/** The family of an address's first three words. */
export function familyOfWords(a: number, b: number, c: number): Family {
  return a === 0 && b === 0 && c === MAPPED_IPV4 ? FAMILY.IPV4 : FAMILY.IPV6;
}

/** The family of an address. */
export function familyOf(address: TransportAddress): Family {
  return familyOfWords(address.a, address.b, address.c);
}

/** An address to be filled in. */
export function emptyAddress(): TransportAddress {
  return { a: 0, b: 0, c: 0, d: 0, port: 0 };
}

/** Whether address and port are the same. */
export function sameAddress(one: TransportAddress, other: TransportAddress): boolean {
  return one.port === other.port && sameHost(one, other);
}

/** Whether the addresses are the same, whatever the ports are. */
export function sameHost(one: TransportAddress, other: TransportAddress): boolean {
  return one.a === other.a && one.b === other.b && one.c === other.c && one.d === other.d;
}

/** An IP address from its text: dotted decimal, or IPv6 without a zone. `undefined` for everything else. */
export function parseAddress(text: string, port: number): TransportAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    const [first = 0, second = 0, third = 0, fourth = 0] = ipaddr.IPv4.parse(text).octets;
    const word = (first << 24) | (second << 16) | (third << 8) | fourth;
    return { a: 0, b: 0, c: MAPPED_IPV4, d: word, port };
  }
  const groups = withoutDots(text);
  if (groups === undefined || !ipaddr.IPv6.isValid(groups)) return undefined;
  const { parts } = ipaddr.IPv6.parse(groups);
  const word = (index: number) => (parts[index]! << 16) | parts[index + 1]!;
  return { a: word(0), b: word(2), c: word(4), d: word(6), port };
}

/** The IP address as text: dotted decimal, or RFC 5952's form. */
export function hostText({ a, b, c, d }: Omit<TransportAddress, 'port'>): string {
  const halves = (word: number) => [word >>> 16, word & 0xffff];
  if (familyOfWords(a, b, c) === FAMILY.IPV4) {
    return [d >>> 24, (d >>> 16) & 255, (d >>> 8) & 255, d & 255].join('.');
  }
  return new ipaddr.IPv6([a, b, c, d].flatMap(halves)).toRFC5952String();
}

/** Address and port as text: `192.0.2.1:3478`, `[2001:db8::1]:3478`. */
export function addressText(address: TransportAddress): string {
  const host = hostText(address);
  return host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}

/**
 * IPv6 text with a dotted end (RFC 4291 §2.2) as one of hexadecimal groups alone: ipaddr.js takes ::192.0.2.1 for
 * ::ffff:192.0.2.1, which is another address. `undefined` where it has a zone, or dots elsewhere.
 */
function withoutDots(text: string): string | undefined {
  if (text.includes('%')) return undefined;
  if (!text.includes('.')) return text;
  const colon = text.lastIndexOf(':') + 1;
  const end = text.slice(colon);
  if (!ipaddr.IPv4.isValidFourPartDecimal(end)) return undefined;
  const [first = 0, second = 0, third = 0, fourth = 0] = ipaddr.IPv4.parse(end).octets;
  return `${text.slice(0, colon)}${((first << 8) | second).toString(16)}:${((third << 8) | fourth).toString(16)}`;
}

/**
 * Puts the address in the value at `at` into `into`; IPv4 comes in mapped form. `xorWith`: where the message begins with
 * whose header the address is XORed (RFC 8489 §14.2), or -1 where it is written plainly (§14.1).
 */
export function readAddress(view: DataView, at: number, xorWith: number, into: TransportAddress): void {
  // The port with the cookie's upper half, IPv4 with the cookie, IPv6 with cookie and transaction ID.
  const xor = xorWith >= 0;
  const cookie = xor ? MAGIC_COOKIE : 0;
  into.port = view.getUint16(at + 2) ^ (cookie >>> 16);
  if (view.getUint8(at + 1) === FAMILY.IPV4) {
    into.a = 0;
    into.b = 0;
    into.c = MAPPED_IPV4;
    into.d = view.getInt32(at + 4) ^ cookie;
  } else {
    into.a = view.getInt32(at + 4) ^ cookie;
    into.b = view.getInt32(at + 8) ^ (xor ? view.getInt32(xorWith + 8) : 0);
    into.c = view.getInt32(at + 12) ^ (xor ? view.getInt32(xorWith + 12) : 0);
    into.d = view.getInt32(at + 16) ^ (xor ? view.getInt32(xorWith + 16) : 0);
  }
}
