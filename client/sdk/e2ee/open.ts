/** Decrypts the frames of one track. */
import { clearBytes } from './clear-bytes.ts';
import { frameKey } from './derivation.ts';
import type { KeyStore, Material } from './key-store.ts';
import { ReplayWindow } from './replay-window.ts';
import { algorithm, joined, type SealedTrack } from './seal.ts';
import { unescapeStartCodes } from './start-codes.ts';
import { readTrailer, type Trailer, TRAILER_LENGTH } from './trailer.ts';

/**
 * Why a frame is not shown. `replayed`: it was shown before, or is too late to know. `malformed`: it is none of its codec,
 * as what comes of a packet that is padding only.
 */
export type Unopened = 'unencrypted' | 'no-key' | 'wrong-key' | 'replayed' | 'malformed';
export type Opened = { readonly ok: true; readonly frame: Uint8Array } | { readonly ok: false; readonly why: Unopened };

/** A sender has one at a time, and a new one after each change of keys. A server that makes some up pushes these out. */
const MAX_CONTEXTS = 8;
const TAG_LENGTH = 16;

type Context = { readonly key: CryptoKey; readonly material: Material; readonly window: ReplayWindow };

/** Frames of `track` as they come, one at a time. Nothing of a frame that is not what its sender encrypted comes out. */
export class Opener {
  readonly #keys: KeyStore;
  readonly #track: SealedTrack;
  /** By key and context, the one that was used last behind the others. */
  readonly #contexts = new Map<string, Context>();

  constructor(keys: KeyStore, track: SealedTrack) {
    this.#keys = keys;
    this.#track = track;
  }

  /** `about`: what was authenticated with the frame. */
  async open(frame: Uint8Array, about?: Uint8Array): Promise<Opened> {
    const { codec, identity } = this.#track;
    const clear = clearBytes(codec, frame);
    if (clear === undefined) return { ok: false, why: 'malformed' };
    const head = frame.subarray(0, clear);
    const behind = frame.subarray(clear);
    const tail = codec === 'h264' ? unescapeStartCodes(head, behind) : behind;
    const trailer = readTrailer(tail);
    if (trailer === undefined || tail.length < TRAILER_LENGTH + TAG_LENGTH) return { ok: false, why: 'unencrypted' };
    const name = nameOf(trailer);
    const known = this.#contexts.get(name);
    const context = known ?? (await this.#derive(trailer));
    if (context === undefined) return { ok: false, why: 'no-key' };
    if (!context.window.admits(trailer.counter)) return { ok: false, why: 'replayed' };
    const end = tail.length - TRAILER_LENGTH;
    try {
      const how = algorithm(head, tail.subarray(end), about);
      const plain = await crypto.subtle.decrypt(how, context.key, new Uint8Array(tail.subarray(0, end)));
      context.window.take(trailer.counter);
      if (known === undefined) await this.#keys.confirm(identity, trailer.index, context.material);
      this.#remember(name, context);
      return { ok: true, frame: joined(head, new Uint8Array(plain)) };
    } catch {
      return { ok: false, why: 'wrong-key' };
    }
  }

  async #derive({ context, index, generation }: Trailer): Promise<Context | undefined> {
    const material = await this.#keys.receiving(this.#track.identity, index, generation);
    if (material === undefined) return undefined;
    const key = await frameKey(material.bytes, { ...this.#track, context });
    return { key, material, window: new ReplayWindow() };
  }

  /** Only what has decrypted a frame is remembered: what is made up costs its maker's frames, and no more. */
  #remember(name: string, context: Context): void {
    this.#contexts.delete(name);
    this.#contexts.set(name, context);
    const [oldest] = this.#contexts.keys();
    if (this.#contexts.size > MAX_CONTEXTS && oldest !== undefined) this.#contexts.delete(oldest);
  }
}

function nameOf({ context, index, generation }: Trailer): string {
  return [index, generation, ...context].join();
}
