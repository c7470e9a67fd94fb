import { BLOCK_LENGTH, LENGTH_OFFSET, fillLastBlock } from './last-block.ts';

/** 32-bit words of a SHA-256 digest. */
export const SHA256_WORDS = 8;

/** FIPS 180-4 §4.2.2, §5.3.3: the first 32 bits of the fractions of the primes' cube roots, and of their square roots. */
const ROUND_CONSTANTS = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
export const SHA256_START: Int32Array = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));

const schedule = new Int32Array(64);
const block = new DataView(new ArrayBuffer(BLOCK_LENGTH));

/** SHA-256 of `length` bytes at `offset`, as eight words at 0 of `into`. */
export function sha256(view: DataView, offset: number, length: number, into: Int32Array): void {
  finishSha256(SHA256_START, 0, 0, view, offset, length, length < 4 ? 0 : view.getInt32(offset), into);
}

/** As `finishSha1`. */
export function finishSha256(
  chain: Int32Array,
  from: number,
  before: number,
  view: DataView,
  offset: number,
  length: number,
  first: number,
  into: Int32Array,
): void {
  const end = offset + length;
  let source = chain;
  let sourceAt = from;
  let word = first;
  let at = offset;
  for (; end - at >= BLOCK_LENGTH; at += BLOCK_LENGTH) {
    if (at !== offset) word = view.getInt32(at);
    sha256Compress(source, sourceAt, into, view, at, word);
    source = into;
    sourceAt = 0;
  }
  const lengthFits = fillLastBlock(block, view, at, end - at);
  if (at === offset && length >= 4) block.setInt32(0, first);
  if (!lengthFits) {
    sha256Compress(source, sourceAt, into, block, 0, block.getInt32(0));
    source = into;
    sourceAt = 0;
    for (let place = 0; place < LENGTH_OFFSET; place += 4) block.setInt32(place, 0);
  }
  block.setInt32(LENGTH_OFFSET, 0);
  block.setInt32(LENGTH_OFFSET + 4, (before + length) << 3);
  sha256Compress(source, sourceAt, into, block, 0, block.getInt32(0));
}

/** FIPS 180-4 §6.2.2; parameters as those of `sha1Compress`. */
export function sha256Compress(
  chain: Int32Array,
  from: number,
  into: Int32Array,
  view: DataView,
  at: number,
  w0: number,
): void {
  expand(view, at, w0);
  let a = chain[from]!;
  let b = chain[from + 1]!;
  let c = chain[from + 2]!;
  let d = chain[from + 3]!;
  let e = chain[from + 4]!;
  let f = chain[from + 5]!;
  let g = chain[from + 6]!;
  let h = chain[from + 7]!;
  for (let round = 0; round < 64; round += 1) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + sum1 + (g ^ (e & (f ^ g))) + ROUND_CONSTANTS[round]! + schedule[round]!) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (sum0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  into[0] = chain[from]! + a;
  into[1] = chain[from + 1]! + b;
  into[2] = chain[from + 2]! + c;
  into[3] = chain[from + 3]! + d;
  into[4] = chain[from + 4]! + e;
  into[5] = chain[from + 5]! + f;
  into[6] = chain[from + 6]! + g;
  into[7] = chain[from + 7]! + h;
}

/** FIPS 180-4 §6.2.2 step 1: 16 words of text become the schedule of 64. */
function expand(view: DataView, at: number, w0: number): void {
  schedule[0] = w0;
  for (let index = 1; index < 16; index += 1) schedule[index] = view.getInt32(at + 4 * index);
  for (let index = 16; index < 64; index += 1) {
    const x = schedule[index - 15]!;
    const y = schedule[index - 2]!;
    const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[index] = schedule[index - 16]! + sigma0 + schedule[index - 7]! + sigma1;
  }
}

function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
