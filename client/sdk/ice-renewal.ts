import type { IceServer } from '../../src/rooms/events.ts';
import type { Scope } from './scope.ts';

/** New credentials are had when this share of the old ones' time is over, or so long before their end. */
const SHARE = 0.75;
const AHEAD = 5 * 60_000;
/** setTimeout's longest; whoever stays in a call for longer renews sooner than it must. */
const LONGEST = 0x7fff_ffff;

/** Sees to it that no credential ends within a call. */
export type IceRenewal = {
  /** ICE servers have come, with times that begin now. */
  received(servers: readonly IceServer[]): void;
};

/**
 * Calls `renew` some time before a relay's credentials end, and with them what was allocated with them. That must lead
 * to `received` with new ones. The browser's clock does not matter: what counts is how long they were said to last.
 */
export function watchCredentials(scope: Scope, renew: () => void): IceRenewal {
  let stop = () => undefined as void;
  return {
    received(servers) {
      stop();
      const times = servers.flatMap(({ ttl }) => (ttl === undefined ? [] : [1000 * ttl]));
      if (times.length === 0) return;
      const left = Math.min(...times);
      stop = scope.after(Math.min(LONGEST, Math.max(left * SHARE, left - AHEAD)), renew);
    },
  };
}
