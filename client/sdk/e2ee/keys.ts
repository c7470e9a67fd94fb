/** The keys that an application gives to end-to-end encryption. */
import type { E2eeKeys } from '../api.ts';
import { materialOf, ratcheted } from './derivation.ts';
import type { KeyEntry } from './key-store.ts';

/** Bytes that a key has at least. */
const MIN_KEY = 16;
const MAX_GENERATION = 255;

/** `E2eeKeys` as a room reads them. */
export type KeySource = {
  /** Calls `listener` with every key that there is, and with every one that comes; the returned function stops that. */
  follow(listener: (entry: KeyEntry) => void): () => void;
};

const sources = new WeakMap<E2eeKeys, KeySource>();

/** Keys for `JoinOptions.e2ee`; see `E2eeKeys`. */
export function createE2eeKeys(): E2eeKeys {
  const entries = new Map<string, KeyEntry>();
  const listeners = new Set<(entry: KeyEntry) => void>();
  /** What each identity sends with, as far as it has a key of its own. */
  const own = new Map<string, Promise<{ index: number; generation: number; bytes: Uint8Array }>>();

  function add(entry: KeyEntry): void {
    const name = JSON.stringify([entry.identity, entry.index]);
    // Behind the others: the last one is in use.
    entries.delete(name);
    entries.set(name, entry);
    for (const listener of listeners) listener(entry);
  }

  const keys: E2eeKeys = {
    setShared(secret, index = 0) {
      if (secret.length === 0) throw new RangeError('A shared secret is not empty.');
      if (typeof secret !== 'string') requireLength(secret);
      requireByte('index', index);
      add({ identity: undefined, index, generation: 0, secret: copy(secret) });
    },
    setKey(identity, key, { index = 0, generation = 0 } = {}) {
      requireLength(key);
      requireByte('index', index);
      requireByte('generation', generation);
      const secret = key.slice();
      add({ identity, index, generation, secret });
      const material = generation > 0 ? Promise.resolve(secret) : materialOf(secret);
      own.set(
        identity,
        material.then((bytes) => ({ index, generation, bytes })),
      );
    },
    async ratchet(identity) {
      const before = own.get(identity);
      if (before === undefined) return;
      const next = before.then(async (key) => {
        if (key.generation === MAX_GENERATION) return key;
        const { index } = key;
        return { index, generation: key.generation + 1, bytes: await ratcheted(key.bytes) };
      });
      own.set(identity, next);
      const { index, generation, bytes } = await next;
      // A key that was set meanwhile is newer.
      if (own.get(identity) === next && generation > 0) add({ identity, index, generation, secret: bytes });
    },
    async exportKey(identity) {
      const key = await own.get(identity);
      if (key === undefined) return undefined;
      // Before the first ratchet there is no material but what comes of the key as it was given.
      const given = entries.get(JSON.stringify([identity, key.index]))?.secret;
      const bytes = key.generation === 0 && given instanceof Uint8Array ? given : key.bytes;
      return { key: bytes.slice(), index: key.index, generation: key.generation };
    },
  };
  sources.set(keys, {
    follow(listener) {
      for (const entry of entries.values()) listener(entry);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  return keys;
}

/** What `createE2eeKeys` has made. Throws a TypeError for anything else. */
export function sourceOf(keys: E2eeKeys): KeySource {
  const source = sources.get(keys);
  if (source === undefined) throw new TypeError('e2ee.keys is to come from createE2eeKeys().');
  return source;
}

function copy(secret: string | Uint8Array): string | Uint8Array {
  return typeof secret === 'string' ? secret : secret.slice();
}

function requireLength(key: Uint8Array): void {
  if (key.length < MIN_KEY) throw new RangeError(`A key has ${MIN_KEY} bytes at least.`);
}

function requireByte(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError(`The ${what} is 0 to 255.`);
}
