/** Frames as encoders make them, and who encrypts and decrypts them. */
import fc from 'fast-check';

import { createE2eeKeys } from '../../../client/sdk/e2ee/keys.ts';
import { sourceOf } from '../../../client/sdk/e2ee/keys.ts';
import type { SealedCodec } from '../../../client/sdk/e2ee/clear-bytes.ts';
import { KeyStore } from '../../../client/sdk/e2ee/key-store.ts';
import { Opener } from '../../../client/sdk/e2ee/open.ts';
import { Sealer } from '../../../client/sdk/e2ee/seal.ts';
import { escapeStartCodes } from '../../../client/sdk/e2ee/start-codes.ts';

export const CODECS = ['opus', 'vp8', 'h264'] as const satisfies readonly SealedCodec[];
const bytes = (minLength: number) => fc.uint8Array({ minLength, maxLength: 400, size: 'max' });
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** Payloads of NAL units are escaped, as an encoder does; some are of little else than zeros. */
const nalPayload = fc
  .oneof(bytes(3), fc.uint8Array({ minLength: 3, max: 3, maxLength: 60, size: 'max' }))
  .map((raw) => escapeStartCodes(new Uint8Array(), joined(raw, new Uint8Array([0x80]))));
const nal = (type: number) =>
  fc
    .tuple(fc.constantFrom([0, 0, 1], [0, 0, 0, 1]), nalPayload)
    .map(([start, payload]) => joined(new Uint8Array([...start, 0x60 | type]), payload));

export const FRAMES: Record<SealedCodec, fc.Arbitrary<Uint8Array>> = {
  opus: bytes(1),
  vp8: bytes(10),
  h264: fc
    .tuple(fc.constantFrom([], [7, 8], [7, 8, 6]), fc.constantFrom(1, 5))
    .chain(([before, slice]) => fc.tuple(...[...before, slice].map(nal)))
    .map((units) => joined(...units)),
};

export const KEY = new Uint8Array(32).map((_, at) => at);
export const OTHER_KEY = new Uint8Array(32).fill(7);

/** Keys of the application, and the store of a worker that follows them. */
export function client() {
  const keys = createE2eeKeys();
  const store = new KeyStore();
  sourceOf(keys).follow((entry) => store.set(entry));
  return {
    keys,
    sealer: (identity: string, codec: SealedCodec = 'vp8', source = 'camera') =>
      new Sealer(store, { identity, codec, source }),
    opener: (identity: string, codec: SealedCodec = 'vp8', source = 'camera') =>
      new Opener(store, { identity, codec, source }),
  };
}

/** The encrypted frame; throws where there is none. */
export async function seal(sealer: Sealer, frame: Uint8Array = VP8): Promise<Uint8Array> {
  const sealed = await sealer.seal(frame);
  if (!sealed.ok) throw new Error(sealed.why);
  return sealed.frame;
}

/** What becomes of a frame: the reason why it is not shown, or `shown`. */
export async function outcome(opener: Opener, frame: Uint8Array): Promise<string> {
  const opened = await opener.open(frame);
  return opened.ok ? 'shown' : opened.why;
}

export const VP8 = new Uint8Array([0x11, 2, 3, ...Array<number>(50).fill(5)]);
