/** Rooms that are opened, joined, published in and closed in a server of this process, and what is left of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { App } from '../../src/app.ts';
import type { ParticipantLink } from '../../src/rooms/events.ts';
import { DEFAULT_GRANTS } from '../../src/rooms/grants.ts';
import type { RtpCapabilities } from '../../src/rooms/ortc.ts';
import { identity, roomName } from './rooms.ts';
import { opusParameters } from './rtp-peer.ts';

/** Rooms that are opened at once. */
const AT_ONCE = 20;
const DEAF: ParticipantLink = { send: () => undefined, sendLossy: () => undefined, end: () => undefined };

/**
 * Has `rooms` rooms of `people` open together, in each of which one publishes and the others receive; then closes them
 * all. Resolves with what should be garbage now.
 */
export async function comeAndGo(
  { rooms: all }: Pick<App, 'rooms'>,
  rooms: number,
  people: number,
): Promise<WeakRef<object>[]> {
  const left: WeakRef<object>[] = [];
  for (let first = 0; first < rooms; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, rooms - first);
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const room = roomName(`come-and-go-${first + index}`);
        for (let person = 0; person < people; person += 1) {
          const { participant, joined } = await join(all, room, `person-${person}`);
          left.push(new WeakRef(participant));
          if (person > 0) continue;
          await participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: opusParameters(7) });
          CAPABILITIES.set(all, joined.media.rtpCapabilities);
        }
        left.push(new WeakRef(all.get(room)));
      }),
    );
  }
  all.closeAll('closed');
  return left;
}

/** What a room of the server can receive, by the server: the first who joins learns it. */
const CAPABILITIES = new WeakMap<App['rooms'], RtpCapabilities>();

function join(all: App['rooms'], room: ReturnType<typeof roomName>, who: string) {
  const rtpCapabilities = CAPABILITIES.get(all);
  return all.join(
    {
      ...{ room, identity: identity(who), name: who, metadata: {}, attributes: {}, grants: DEFAULT_GRANTS },
      ...{ tokenId: `${room}-${who}`, keyId: 'key', subscribe: 'auto', rtpCapabilities },
    },
    DEAF,
  );
}

/** Bytes that this thread's heap holds when it has been collected. */
export async function heapInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times += 1) {
    collect();
    await sleep(10);
  }
  return process.memoryUsage().heapUsed;
}
