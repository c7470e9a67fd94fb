/** Encrypts the frames of one track. */
import { clearBytes, type SealedForm } from './clear-bytes.ts';
import { frameKey } from './derivation.ts';
import type { KeyStore, SendingKey } from './key-store.ts';
import { escapeStartCodes } from './start-codes.ts';
import { CONTEXT_LENGTH, LAST_COUNTER, writeTrailer } from './trailer.ts';

/** Whose track it is, and which; messages are a source of their own. */
export type SealedTrack = { readonly identity: string; readonly source: string; readonly codec: SealedForm };

const NOTHING = new Uint8Array();
/** Why a frame is not sent. `malformed`: it is none of its codec, as the empty ones of an encoder that hears silence. */
export type Unsealed = 'no-key' | 'malformed';
export type Sealed = { readonly ok: true; readonly frame: Uint8Array } | { readonly ok: false; readonly why: Unsealed };

/**
 * Frames of `track`, one at a time, as they are to be sent: clear bytes, AES-GCM of the rest, trailer. Clear bytes and
 * trailer are authenticated. A frame that cannot be encrypted is not sent.
 */
export class Sealer {
  readonly #keys: KeyStore;
  readonly #track: SealedTrack;
  #current: { readonly of: SendingKey; readonly context: Uint8Array; readonly key: CryptoKey } | undefined;
  #counter = 0;

  constructor(keys: KeyStore, track: SealedTrack) {
    this.#keys = keys;
    this.#track = track;
  }

  /** `about`: what is authenticated with the frame, and stands elsewhere. */
  async seal(frame: Uint8Array, about: Uint8Array = NOTHING): Promise<Sealed> {
    const clear = clearBytes(this.#track.codec, frame);
    // Opus has nothing to say in DTX, and browsers make no packet of that: there is none to encrypt.
    if (clear === undefined) return { ok: false, why: 'malformed' };
    const current = await this.#key();
    if (current === undefined) return { ok: false, why: 'no-key' };
    const { of, context, key } = current;
    const trailer = writeTrailer({ context, counter: this.#counter, index: of.index, generation: of.generation });
    this.#counter += 1;
    const head = frame.subarray(0, clear);
    const encrypted = new Uint8Array(
      await crypto.subtle.encrypt(algorithm(head, trailer, about), key, new Uint8Array(frame.subarray(clear))),
    );
    const tail = joined(encrypted, trailer);
    return { ok: true, frame: joined(head, this.#track.codec === 'h264' ? escapeStartCodes(head, tail) : tail) };
  }

  /** With each key a context of its own, and another one before the counter begins again. */
  async #key() {
    const of = await this.#keys.sending(this.#track.identity);
    if (of === undefined) return undefined;
    const before = this.#current;
    const same = before?.of.index === of.index && isSame(before.of.bytes, of.bytes);
    if (before !== undefined && same && this.#counter <= LAST_COUNTER) return before;
    const context = crypto.getRandomValues(new Uint8Array(CONTEXT_LENGTH));
    const key = await frameKey(of.bytes, { ...this.#track, context });
    this.#counter = 0;
    return (this.#current = { of, context, key });
  }
}

/**
 * AES-GCM of a frame with this head and trailer. The IV is the trailer's context and counter (12 bytes): no two frames
 * under one key have the same, since the context is in the key, and the counter only goes up.
 */
export function algorithm(head: Uint8Array, trailer: Uint8Array, about: Uint8Array = NOTHING) {
  const additionalData = joined(joined(head, trailer), about);
  return { name: 'AES-GCM', iv: new Uint8Array(trailer.subarray(0, 12)), additionalData };
}

export function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
