import { MAPPED_IPV4, parseAddress } from '../stun/address.ts';
import { maskOf } from './peer-address.ts';

/** An address of four words, without a port. */
export type Address = { readonly a: number; readonly b: number; readonly c: number; readonly d: number };

/**
 * The addresses that share the first `length` (0 to 128) bits with an address. IPv4 prefixes stand in mapped form, so
 * 10.0.0.0/8 has length 104.
 */
export type Prefix = Address & { readonly length: number };

/**
 * A prefix from its text: `10.0.0.0/8`, `2001:db8::/32`, or an address alone for just that one. Undefined where it is
 * none, or where an address has bits beyond the length, which is a slip more often than not.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const [, host = '', bits] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/u.exec(text) ?? [];
  const address = parseAddress(host, 0);
  if (address === undefined) return undefined;
  const { a, b, c, d } = address;
  const before = host.includes(':') ? 0 : 96;
  const length = bits === undefined ? 128 : before + Number(bits);
  if (length > 128) return undefined;
  const beyond = [a, b, c, d].some((word, index) => (word & ~maskOf(length - 32 * index)) !== 0);
  return beyond ? undefined : { a, b, c, d, length };
}

/** Addresses that lie in any of some prefixes, found by binary search: in nanoseconds also where there are thousands. */
export class PrefixSet {
  readonly #ipv4: Ipv4Spans;
  readonly #ipv6: Spans;

  /** An IPv6 prefix shorter than 96 bits never means IPv4: ::/0 is all of IPv6. */
  constructor(prefixes: readonly Prefix[]) {
    this.#ipv4 = new Ipv4Spans(prefixes.filter(isIpv4));
    this.#ipv6 = new Spans(prefixes.filter((prefix) => !isIpv4(prefix)));
  }

  has(a: number, b: number, c: number, d: number): boolean {
    if (a === 0 && b === 0 && c === MAPPED_IPV4) return this.#ipv4.has(d);
    return this.#ipv6.has(a, b, c, d);
  }
}

function isIpv4({ a, b, c, length }: Prefix): boolean {
  return length >= 96 && a === 0 && b === 0 && c === MAPPED_IPV4;
}

/** IPv4 prefixes that neither overlap nor nest, in order of their addresses. */
class Ipv4Spans {
  readonly #first: Uint32Array;
  readonly #last: Uint32Array;

  constructor(prefixes: readonly Prefix[]) {
    const spans = apart(prefixes);
    this.#first = Uint32Array.from(spans, (span) => span[3]!);
    this.#last = Uint32Array.from(spans, (span) => span[7]!);
  }

  has(address: number): boolean {
    const first = this.#first;
    const unsigned = address >>> 0;
    // The last span that begins at or before the address is the only one that can hold it.
    let from = 0;
    let to = first.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (first[middle]! <= unsigned) from = middle + 1;
      else to = middle;
    }
    return from > 0 && this.#last[from - 1]! >= unsigned;
  }
}

/** The same for IPv6. */
class Spans {
  /** Eight words each: the first address, then the last. */
  readonly #words: Int32Array;
  readonly #count: number;

  constructor(prefixes: readonly Prefix[]) {
    const spans = apart(prefixes);
    this.#words = Int32Array.from(spans.flat());
    this.#count = spans.length;
  }

  has(a: number, b: number, c: number, d: number): boolean {
    let from = 0;
    let to = this.#count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#compare(middle * 8, a, b, c, d) <= 0) from = middle + 1;
      else to = middle;
    }
    return from > 0 && this.#compare(from * 8 - 4, a, b, c, d) >= 0;
  }

  /** The sign of the address at `at` minus the given one, as unsigned numbers. */
  #compare(at: number, a: number, b: number, c: number, d: number): number {
    const words = this.#words;
    if (words[at] !== a) return words[at]! >>> 0 < a >>> 0 ? -1 : 1;
    if (words[at + 1] !== b) return words[at + 1]! >>> 0 < b >>> 0 ? -1 : 1;
    if (words[at + 2] !== c) return words[at + 2]! >>> 0 < c >>> 0 ? -1 : 1;
    if (words[at + 3] !== d) return words[at + 3]! >>> 0 < d >>> 0 ? -1 : 1;
    return 0;
  }
}

/** The spans of prefixes, in order, without those that lie in others. */
function apart(prefixes: readonly Prefix[]): number[][] {
  const spans: number[][] = [];
  for (const span of prefixes.map((prefix) => spanOf(prefix)).toSorted(compareSpans)) {
    const before = spans.at(-1);
    // Prefixes nest or are apart: one that begins within the span before lies in it whole.
    if (before === undefined || compareWords(before, 4, span) < 0) spans.push(span);
  }
  return spans;
}

/** Eight words: the first address, then the last. */
function spanOf({ a, b, c, d, length }: Prefix): number[] {
  const words = [a, b, c, d];
  const masks = words.map((_, index) => maskOf(length - 32 * index));
  return [
    ...words.map((word, index) => word & masks[index]!),
    ...words.map((word, index) => (word & masks[index]!) | ~masks[index]!),
  ];
}

/** By the first address; of two that begin alike, the wider goes first. */
function compareSpans(left: number[], right: number[]): number {
  return compareWords(left, 0, right) || compareWords(right, 4, left.slice(4));
}

/** The sign of the four words of `left` from `at` minus the first four of `right`. */
function compareWords(left: number[], at: number, right: number[]): number {
  for (let index = 0; index < 4; index += 1) {
    const difference = (left[at + index]! >>> 0) - (right[index]! >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
