/** What stands behind the encrypted bytes of a frame, and says how to decrypt them. Pure. */

/**
 * Which key, and which of the sender's frames it is. `context`: 8 random bytes, other ones for each track that is sent
 * and each time that it is; `counter` goes up by one with each of its frames.
 */
export type Trailer = {
  readonly context: Uint8Array;
  /** 0 to 2^32 - 1. */
  readonly counter: number;
  /** 0 to 255. */
  readonly index: number;
  /** How often the key was ratcheted: 0 to 255. */
  readonly generation: number;
};

export const CONTEXT_LENGTH = 8;
export const TRAILER_LENGTH = CONTEXT_LENGTH + 4 + 1 + 1 + 1;
export const LAST_COUNTER = 0xff_ff_ff_ff;
/** The last byte of every encrypted frame: the version of this format. Not 0, as H.264 takes zeros at an end away. */
const VERSION = 0xe1;

export function writeTrailer({ context, counter, index, generation }: Trailer): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TRAILER_LENGTH);
  bytes.set(context);
  new DataView(bytes.buffer).setUint32(CONTEXT_LENGTH, counter);
  bytes.set([index, generation, VERSION], CONTEXT_LENGTH + 4);
  return bytes;
}

/** The trailer at the end of `bytes`; undefined where there is none: they are not encrypted, or by something else. */
export function readTrailer(bytes: Uint8Array): Trailer | undefined {
  if (bytes.length < TRAILER_LENGTH || bytes.at(-1) !== VERSION) return undefined;
  const trailer = bytes.slice(-TRAILER_LENGTH);
  return {
    context: trailer.subarray(0, CONTEXT_LENGTH),
    counter: new DataView(trailer.buffer).getUint32(CONTEXT_LENGTH),
    index: trailer[CONTEXT_LENGTH + 4]!,
    generation: trailer[CONTEXT_LENGTH + 5]!,
  };
}
