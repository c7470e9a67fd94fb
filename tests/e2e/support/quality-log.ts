/** What the server's REST says of everyone in a room, written down several times a second. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Static } from 'typebox';

import type { QoeParticipant } from '../../../src/api/qoe-schemas.ts';

/** One look at one participant. */
export type QualityEntry = { readonly at: number } & Pick<
  Static<typeof QoeParticipant>,
  'session' | 'up' | 'down' | 'both' | 'experience'
>;

export type QualityLog = {
  /** Of this identity since `from` (ms since the epoch), the oldest first. */
  of(identity: string, from?: number): QualityEntry[];
  /** The last look; undefined before the first. */
  last(identity: string): QualityEntry | undefined;
  stop(): Promise<void>;
};

const EVERY_MS = 200;
/** Looks that are kept: some minutes. */
const MOST = 5000;

/** Looks at `room` until it is stopped. */
export function logQuality(url: string, apiKey: string, room: string): QualityLog {
  const entries: (QualityEntry & { identity: string })[] = [];
  const stopping = new AbortController();

  async function look(): Promise<void> {
    const response = await fetch(`${url}/v1/qoe/rooms/${room}`, { headers: { authorization: `Bearer ${apiKey}` } });
    if (!response.ok) return;
    const { participants } = (await response.json()) as { participants: Static<typeof QoeParticipant>[] };
    const at = Date.now();
    for (const { identity, session, up, down, both, experience } of participants) {
      entries.push({ at, identity, session, up, down, both, experience });
    }
    entries.splice(0, entries.length - MOST);
  }

  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(EVERY_MS);
    }
  })();

  const of = (identity: string, from = 0) => entries.filter((one) => one.identity === identity && one.at >= from);
  return {
    of,
    last: (identity) => of(identity).at(-1),
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}
