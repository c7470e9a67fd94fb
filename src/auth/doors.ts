import type { Clock } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import { type RateLimit, createRateLimiter } from '../kernel/token-bucket.ts';

/** Where a request can be turned away for its frequency, and by what it is counted there. */
export const DOORS = {
  /** REST requests with an API key, by key id. */
  apiKey: 'requests with this API key',
  /** Requests without credentials, by address. */
  anonymous: 'requests from this address',
  /** Credentials that were refused, by address. */
  failedAuth: 'failed attempts from this address',
  /** Attempts to join, by address. */
  joinAddress: 'attempts to join from this address',
  /** Attempts to join, by room and identity. */
  joinIdentity: 'attempts to join by this identity',
  /** Signaling requests, by participant. */
  messages: 'messages from this participant',
  /** Beacons of quality, by room and identity. */
  beacons: 'beacons from this participant',
  /** Beacons that nobody is known to send before their body is read, by address. */
  beaconAddress: 'beacons from this address',
  /** Changes of oneself and of others, by participant. */
  control: 'changes from this participant',
  /** Changes of what it sees and at which layers, by participant. */
  view: 'changes of the view from this participant',
} as const;
export type Door = keyof typeof DOORS;

/** The rate limits of the server. Keys that are addresses have been through `addressKey`. */
export type Doors = {
  /** Counts one against `key` at `door`. Throws `rate-limited`, at `view` `too-many-view-changes`, with `retryAfter`, whole seconds and at least 1. */
  admit(door: Door, key: string): void;
  /** Throws what `admit` would throw, and counts nothing. */
  check(door: Door, key: string): void;
};

/** Doors with the configured limits. `maxKeys` bounds what each door remembers. */
export function createDoors(limits: Readonly<Record<Door, RateLimit>>, clock: Clock, maxKeys = 100_000): Doors {
  const doors = {
    apiKey: createRateLimiter(limits.apiKey, maxKeys),
    anonymous: createRateLimiter(limits.anonymous, maxKeys),
    failedAuth: createRateLimiter(limits.failedAuth, maxKeys),
    joinAddress: createRateLimiter(limits.joinAddress, maxKeys),
    joinIdentity: createRateLimiter(limits.joinIdentity, maxKeys),
    messages: createRateLimiter(limits.messages, maxKeys),
    beacons: createRateLimiter(limits.beacons, maxKeys),
    beaconAddress: createRateLimiter(limits.beaconAddress, maxKeys),
    control: createRateLimiter(limits.control, maxKeys),
    view: createRateLimiter(limits.view, maxKeys),
  } satisfies Record<Door, unknown>;

  return {
    admit(door, key) {
      const wait = doors[door].take(key, clock());
      if (wait > 0) throw refusal(door, wait);
    },
    check(door, key) {
      const wait = doors[door].wait(key, clock());
      if (wait > 0) throw refusal(door, wait);
    },
  };
}

function refusal(door: Door, wait: number): SluiceError {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  const code = door === 'view' ? 'too-many-view-changes' : 'rate-limited';
  return new SluiceError(code, { detail: `Too many ${DOORS[door]}.`, retryAfter });
}
