/** End-to-end encryption, as far as an application has to do with it. */
import type { RemoteParticipant } from './participants.ts';

/**
 * End-to-end encryption of what is heard, seen and written, with keys of the application's; docs/e2ee.md. Nothing is sent
 * in the clear, and nothing is shown that was not encrypted. Where the browser cannot, `join` fails with `not-supported`.
 */
export type E2eeOptions = {
  /** From `createE2eeKeys()`. They may be set and changed at any time. */
  keys: E2eeKeys;
  /** The address of `e2ee-worker.js`, on the page's own origin. Default: beside the SDK's file. */
  worker?: string | URL;
  /** Whether one's own key is ratcheted when somebody joins, where one has a key of one's own. Default `true`. */
  ratchetOnJoin?: boolean;
  /**
   * Asked for another key when somebody has left, who is to open nothing more, and when somebody has joined, where one's
   * own key is not ratcheted then. Nothing changes where it gives `undefined`, or fails, which is told as `problem`.
   * Calls come one after the other. Those who are in the room when one joins are not asked about.
   */
  nextKey?: (change: { reason: 'joined' | 'left'; participant: RemoteParticipant }) => Promise<NextKey | undefined>;
};

/**
 * What to send with from now on: one's own key, or everyone's secret where one has none of one's own. The others have to
 * get it from the application, under the same index (0 to 255).
 */
export type NextKey = { key: string | Uint8Array; index: number };

/** Keys have an `index`, 0 to 255; one that was set last is sent with, and frames say which one they are of. */
export type E2eeKeys = {
  /** One secret for all: a passphrase, or bytes (16 at least) of a random number generator. */
  setShared(secret: string | Uint8Array, index?: number): void;
  /** The key of one participant (16 bytes at least). `generation`: how often it was ratcheted, as `exportKey` says. */
  setKey(identity: string, key: Uint8Array, options?: { index?: number; generation?: number }): void;
  /** Goes on with a key that follows from this one, but not the other way round. Receivers do so by themselves. */
  ratchet(identity: string): Promise<void>;
  /** The key of `identity` as it is now, for somebody who has come: earlier frames do not open with it. */
  exportKey(identity: string): Promise<{ key: Uint8Array; index: number; generation: number } | undefined>;
};

/**
 * `encrypted`: all is well. `no-key`: there is no key of this index. `wrong-key`: what came was not encrypted with it.
 * `unencrypted`: what came was not encrypted at all, say by a publisher over WHIP. Nothing is shown but in the first.
 */
export type EncryptionState = 'encrypted' | 'no-key' | 'wrong-key' | 'unencrypted';
