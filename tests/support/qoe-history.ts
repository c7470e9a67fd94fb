/** A store of quality that is full of sessions, written as the server writes it. */
import { setTimeout as sleep } from 'node:timers/promises';

import { CAUSE, type CauseId } from '../../src/qoe/causes.ts';
import { type Level, LEVELS } from '../../src/qoe/level.ts';
import { openStore } from '../../src/qoe/store/store.ts';
import { startStoreThread } from '../../src/store/store-thread.ts';

/** What there is to be found in it. */
export type QoeHistory = {
  readonly identity: string;
  /** Sessions of that identity that were lost for a while. */
  readonly lostOfIdentity: number;
  /** What cost most, in words. */
  readonly dearest: string;
};

/** A second of a session that ends up at this level, and how many of them it takes. */
const COURSES: Record<Level, { seconds: number; score: number; cause: CauseId | undefined; cost: number }> = {
  lost: { seconds: 6, score: 110, cause: 'loss-up', cost: 320 },
  poor: { seconds: 12, score: 220, cause: 'bandwidth-down', cost: 60 },
  good: { seconds: 32, score: 350, cause: undefined, cost: 0 },
  excellent: { seconds: 1, score: 440, cause: undefined, cost: 0 },
};
const IDENTITIES = 250;
const EVERY_MS = 800;
const MOST_WAITING = 40_000;

/** Writes so many sessions into the file at `path`: the newest one now, and one every 0.8 s before it. */
export async function fillStore(path: string, sessions: number): Promise<QoeHistory> {
  const thread = startStoreThread();
  const store = openStore({ thread, path, log: () => undefined });
  const now = Date.now();
  const identity = 'user-48';
  let lostOfIdentity = 0;
  try {
    for (let index = 0; index < sessions; index += 1) {
      const joined = now - index * EVERY_MS;
      const level = levelOf(index);
      const who = `user-${index % IDENTITIES}`;
      const room = `room-${index % 40}`;
      if (who === identity && level === 'lost') lostOfIdentity += 1;
      const key = store.start({ id: `session-${index}`, room, roomId: room, identity: who, joined });
      const { seconds, score, cause, cost } = COURSES[level];
      for (let second = 0; second < seconds; second += 1) {
        store.add({
          ...{ session: key, t: Math.floor(joined / 1000) + second, up: score, down: 440, experience: score },
          ...{ bitrateUp: 900, bitrateDown: 1800, lossUp: 12, lossDown: 3, rtt: 42, level: LEVELS.indexOf(level) },
          ...{ cause: cause === undefined ? -1 : CAUSE[cause], cost },
        });
      }
      store.change({ key, joinSteps: [8, 25, 71, 140], left: joined + 600_000, endReason: 'left' });
      // oxlint-disable-next-line no-await-in-loop -- the store drops what waits when it is too much
      while (store.state.waiting > MOST_WAITING) await sleep(20);
    }
  } finally {
    await store.close();
    await thread.close();
  }
  return { identity, lostOfIdentity, dearest: 'loss up' };
}

function levelOf(index: number): Level {
  if (index % 16 === 0) return 'lost';
  if (index % 10 === 3) return 'poor';
  return index % 100 === 5 ? 'good' : 'excellent';
}
