/**
 * Encrypts messages between participants, with the keys and in the form of frames. What the server needs of a message (who
 * gets it, by which topic or method) stays readable, and is authenticated.
 */
import type { DataMode } from '../../../src/rooms/data-header.ts';
import type { E2eeKeys, Payload } from '../api.ts';
import { SluiceClientError } from '../errors.ts';
import type { Scope } from '../scope.ts';
import { KeyStore } from './key-store.ts';
import { sourceOf } from './keys.ts';
import { Opener, type Unopened } from './open.ts';
import { Sealer } from './seal.ts';
import { TRAILER_LENGTH } from './trailer.ts';

/** What a message is about, as both sides know it. */
export type About = readonly (string | number | boolean | null)[];

export type MessageCipher = {
  /** Messages of one mode in the order in which they are sent. Throws `encryption-failed` where there is no key. */
  seal(mode: DataMode, about: About, payload: Payload): Promise<Uint8Array>;
  /** One message at a time. */
  open(sender: string, about: About, sealed: Uint8Array): Promise<OpenedMessage>;
};

export type OpenedMessage =
  | { readonly ok: true; readonly payload: Payload }
  | { readonly ok: false; readonly why: Unopened };

const TEXT = 1;
const BYTES = 0;
/** Those whose messages have come lately; a sender whom the server makes up pushes out others. */
const MAX_SENDERS = 1000;

export type MessageCipherOptions = { keys: E2eeKeys; scope: Scope; self: () => string };

export function createMessageCipher({ keys, scope, self }: MessageCipherOptions): MessageCipher {
  const store = new KeyStore();
  scope.onClose(sourceOf(keys).follow((entry) => store.set(entry)));
  const track = (identity: string) => ({ identity, source: 'data', codec: 'data' }) as const;
  // Each mode counts for itself: what is lossy overtakes what is reliable by more than a receiver's window.
  const sealers: Partial<Record<DataMode, Sealer>> = {};
  const openers = new Map<string, Opener>();

  function openerOf(sender: string): Opener {
    const opener = openers.get(sender) ?? new Opener(store, track(sender));
    openers.delete(sender);
    openers.set(sender, opener);
    const [oldest] = openers.keys();
    if (openers.size > MAX_SENDERS && oldest !== undefined) openers.delete(oldest);
    return opener;
  }

  return {
    async seal(mode, about, payload) {
      const sealer = (sealers[mode] ??= new Sealer(store, track(self())));
      const sealed = await sealer.seal(marked(payload), bytesOf(about));
      if (!sealed.ok) throw new SluiceClientError('encryption-failed', 'There is no key to encrypt a message with.');
      return sealed.frame;
    },
    async open(sender, about, sealed) {
      const opened = await openerOf(sender).open(sealed, bytesOf(about));
      if (!opened.ok) return opened;
      const content = opened.frame.subarray(1);
      return { ok: true, payload: opened.frame[0] === TEXT ? new TextDecoder().decode(content) : content.slice() };
    },
  };
}

/** What no two encrypted messages have in common: names one in what answers it. */
export function stampOf(sealed: Uint8Array): string {
  return [...sealed.subarray(-TRAILER_LENGTH).subarray(0, 12)].join();
}

function bytesOf(about: About): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(about));
}

/** With a byte in front that says whether it is text. */
function marked(payload: Payload): Uint8Array {
  const content = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  const bytes = new Uint8Array(1 + content.length);
  bytes[0] = typeof payload === 'string' ? TEXT : BYTES;
  bytes.set(content, 1);
  return bytes;
}
