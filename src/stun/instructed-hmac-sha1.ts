import { SHA1_WORDS } from './sha1.ts';

/**
 * Whoever can reach a processor's own instructions for SHA-1. What they are told, and what comes of it, lies in
 * `sha1Words`.
 */
export type Sha1Instructions = {
  /** Makes the key ready that is the text: at most a block. */
  readonly prepare: () => void;
  /** HMAC of the text with the ready key. */
  readonly sign: () => void;
  /** The same for a text in this memory, which is read where it lies. */
  readonly inPlace?: { readonly memory: ArrayBuffer; readonly sign: () => void };
};

/** Where things lie in the words that are shared: native/udp/sha1.c has the same. */
const OFFSET = 0;
const LENGTH = 1;
const FIRST = 2;
const KEY = 3;
const DIGEST = KEY + 2 * SHA1_WORDS;
const TEXT = DIGEST + SHA1_WORDS;
const TEXT_BYTES = 4 * TEXT;

/** Bytes of the longest text that is copied: what comes over UDP to be signed is shorter. */
export const LONGEST_INSTRUCTED = 1024;

/** This thread's words. One place that never changes is what V8 reaches fastest. */
export const sha1Words: Int32Array = new Int32Array(TEXT + LONGEST_INSTRUCTED / 4);
const bytes = new DataView(sha1Words.buffer);

/**
 * As `prepareHmacSha1`.
 * @param length At most a block.
 */
export function prepareByInstructions(
  { prepare }: Sha1Instructions,
  view: DataView,
  offset: number,
  length: number,
  keys: Int32Array,
  at: number,
): void {
  copyText(view, offset, length);
  prepare();
  // Nothing of a key stays behind where texts are copied to.
  for (let place = 0; place < length; place += 4) bytes.setInt32(TEXT_BYTES + place, 0);
  for (let index = 0; index < 2 * SHA1_WORDS; index += 1) keys[at + index] = sha1Words[KEY + index]!;
}

/** As `hmacSha1`; false, and nothing, where the text is too long to be copied and does not lie where it can be read. */
export function hmacByInstructions(
  { sign, inPlace }: Sha1Instructions,
  keys: Int32Array,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  into: Int32Array,
  first: number,
): boolean {
  const there = inPlace !== undefined && length > 0 && view.buffer === inPlace.memory;
  if (!there && length > LONGEST_INSTRUCTED) return false;
  for (let index = 0; index < 2 * SHA1_WORDS; index += 1) sha1Words[KEY + index] = keys[at + index]!;
  sha1Words[FIRST] = first;
  if (there) {
    // A view that reaches them is what says that these bytes are still there: of a buffer that has gone it would throw.
    view.getUint8(offset + length - 1);
    sha1Words[OFFSET] = view.byteOffset + offset;
    sha1Words[LENGTH] = length;
    inPlace.sign();
  } else {
    copyText(view, offset, length);
    sign();
  }
  for (let index = 0; index < SHA1_WORDS; index += 1) into[index] = sha1Words[DIGEST + index]!;
  return true;
}

function copyText(view: DataView, offset: number, length: number): void {
  const whole = length & ~3;
  for (let place = 0; place < whole; place += 4) bytes.setInt32(TEXT_BYTES + place, view.getInt32(offset + place));
  for (let place = whole; place < length; place += 1) bytes.setUint8(TEXT_BYTES + place, view.getUint8(offset + place));
  sha1Words[OFFSET] = 0;
  sha1Words[LENGTH] = length;
}
