import { MAPPED_IPV4 } from '../stun/address.ts';
import { ADDRESS_CLASSES, IPV4_RANGES, IPV6_RANGES } from './peer-address-ranges.ts';

type ClassNumber = number;

const PUBLIC: ClassNumber = 0;
const UNSPECIFIED = ADDRESS_CLASSES.indexOf('unspecified');
const LOOPBACK = ADDRESS_CLASSES.indexOf('loopback');
const TRANSITION = ADDRESS_CLASSES.indexOf('transition');
const RESERVED = ADDRESS_CLASSES.indexOf('reserved');

/** The third word of ::ffff:0:0:0/96, IPv4-translated addresses (RFC 2765 §2.1). */
const TRANSLATED = 0xffff_0000 | 0;
/** The first word of both NAT64 prefixes: 64:ff9b::/96 (RFC 6052 §2.1) and 64:ff9b:1::/48 (RFC 8215). */
const NAT64 = 0x0064_ff9b;

/** Words of one compiled range. */
const ROW = 5;

const ipv4 = compile(IPV4_RANGES);
const ipv6 = compile(IPV6_RANGES);

/**
 * The class of an address of four words: a place in ADDRESS_CLASSES, 0 for public. An address that carries an IPv4
 * address is public only in 64:ff9b::/96 with a public one inside; other tunnels and translators lead to where nobody
 * can say, and no client of today is there.
 */
export function addressClass(a: number, b: number, c: number, d: number): ClassNumber {
  if (a === 0 && b === 0) {
    if (c === MAPPED_IPV4) return classIn(ipv4, d, 0);
    if (c === TRANSLATED) return TRANSITION;
    if (c !== 0) return RESERVED;
    // ::/96 is IPv4-compatible (RFC 4291 §2.5.5.1) but for its first two addresses.
    return d === 0 ? UNSPECIFIED : d === 1 ? LOOPBACK : TRANSITION;
  }
  if (a === NAT64 && b === 0 && c === 0) return classIn(ipv4, d, 0);
  const is = classIn(ipv6, a, b);
  // A site's ISATAP router (RFC 5214 §6.1) sends on to the IPv4 address in the interface identifier.
  if (is === PUBLIC && isIsatap(c) && classIn(ipv4, d, 0) !== PUBLIC) return TRANSITION;
  return is;
}

/** Whether the address is loopback or unspecified, which Linux takes for loopback: this machine, whatever its name. */
export function isThisMachine(a: number, b: number, c: number, d: number): boolean {
  if (a !== 0 || b !== 0) return false;
  if (c === MAPPED_IPV4) return d >>> 24 === 127 || d >>> 24 === 0;
  return c === 0 && (d === 0 || d === 1);
}

/** The most IPv4 addresses that one IPv6 address can be read as carrying. */
export const CARRIED = 4;

/**
 * Writes the IPv4 addresses that an IPv6 address can be read as carrying into `into`, and returns how many (0 to
 * CARRIED). A mapped address is its IPv4 address and carries none. Who looks for denied addresses looks at them all.
 */
export function carriedAddresses(a: number, b: number, c: number, d: number, into: Int32Array): number {
  into[0] = d;
  if (a === 0 && b === 0) return c === 0 || c === TRANSLATED ? 1 : 0;
  if (a === NAT64) return carriedByNat64(b, c, d, into);
  if (a >>> 16 === 0x2002) {
    // 6to4, RFC 3056 §2: the 32 bits after the prefix; an ISATAP site behind it may carry one more.
    const more = isIsatap(c) ? 1 : 0;
    into[more] = (a << 16) | (b >>> 16);
    return more + 1;
  }
  if (a === 0x2001_0000) {
    // Teredo, RFC 4380 §4: the server's address, and the client's with its bits inverted.
    into[0] = b;
    into[1] = ~d;
    return 2;
  }
  return isIsatap(c) ? 1 : 0;
}

function carriedByNat64(b: number, c: number, d: number, into: Int32Array): number {
  if (b === 0 && c === 0) return 1;
  if (b >>> 16 !== 1) return 0;
  // Which prefix length the translator uses cannot be seen, so it is each that fits into a /48: 96, 64, 56 and 48 bits.
  // RFC 6052 §2.2: bits 64 to 71 are skipped, and a suffix is ignored.
  into[1] = (c << 8) | (d >>> 24);
  into[2] = (b << 24) | (c & 0x00ff_ffff);
  into[3] = (b << 16) | ((c >>> 8) & 0xffff);
  return 4;
}

/** RFC 5214 §6.1: the interface identifier begins with 0000:5efe or, where the IPv4 address is global, 0200:5efe. */
function isIsatap(c: number): boolean {
  return (c & 0xfdff_ffff) === 0x0000_5efe;
}

/**
 * Ranges by the first octet of an address: those of octet `o` are at `first[o]` up to `first[o + 1]`, five words each:
 * two masks, the two words that they leave, and the class. Most octets have none.
 */
type CompiledRanges = { first: Uint16Array; rows: Int32Array };

function compile(ranges: typeof IPV4_RANGES): CompiledRanges {
  const first = new Uint16Array(257);
  const rows: number[] = [];
  for (let octet = 0; octet < 256; octet += 1) {
    first[octet] = rows.length / ROW;
    for (const { high, low = 0, length, is } of ranges) {
      const octetMask = maskOf(Math.min(length, 8)) >>> 24;
      if ((octet & octetMask) !== high >>> 24) continue;
      rows.push(maskOf(length), maskOf(length - 32), high | 0, low | 0, ADDRESS_CLASSES.indexOf(is));
    }
  }
  first[256] = rows.length / ROW;
  return { first, rows: Int32Array.from(rows) };
}

function classIn({ first, rows }: CompiledRanges, high: number, low: number): ClassNumber {
  const octet = high >>> 24;
  const end = first[octet + 1]! * ROW;
  for (let row = first[octet]! * ROW; row < end; row += ROW) {
    if ((high & rows[row]!) === rows[row + 2] && (low & rows[row + 1]!) === rows[row + 3]) return rows[row + 4]!;
  }
  return PUBLIC;
}

/** A word whose first `bits` bits are set: none below 1, all from 32 on. */
export function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}
