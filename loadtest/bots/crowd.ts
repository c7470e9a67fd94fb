/**
 * Subscribers in a process of their own, a few of which count: their work is not in the latencies that another process
 * measures. They let everybody else go first, as clients do that are on machines of their own.
 *
 *     fork(…), which is sent a Gathering, answers when all are there, and from then on answers each message with a CrowdCount
 */
import { giveWay } from '../support/give-way.ts';
import { joinBot } from './bot.ts';
import { openJanusSession, subscribeToJanus } from './janus-room.ts';
import { startMetronome } from './metronome.ts';
import { emptyReception } from './receiver.ts';

/** Who comes: participants of a room of ours, by their tokens, or of a video room of Janus. */
export type Gathering =
  | { readonly kind: 'sluice'; readonly origin: string; readonly tokens: readonly string[] }
  | { readonly kind: 'janus'; readonly url: string; readonly count: number };

/** What came to those that count, all together, and how many these are. */
export type CrowdCount = { readonly counting: number; readonly packets: number; readonly lost: number };

const AT_ONCE = 14;
/** To call JavaScript for each packet of each subscriber would cost more than a server has spent on sending it. */
const COUNTING = 4;
const reception = emptyReception();

giveWay();
process.once('message', (gathering: Gathering) => void begin(gathering));
process.once('disconnect', () => process.exit(0));

async function begin(gathering: Gathering): Promise<void> {
  const size = gathering.kind === 'sluice' ? gathering.tokens.length : gathering.count;
  await gather(gathering);
  const tell = () => count(Math.min(COUNTING, size));
  process.on('message', tell);
  tell();
}

function count(counting: number): void {
  // Nobody here asks for latencies.
  reception.latencies.length = 0;
  const { packets, lost } = reception;
  process.send?.({ counting, packets, lost } satisfies CrowdCount);
}

function receptionOf(index: number): typeof reception | 'uncounted' {
  return index < COUNTING ? reception : 'uncounted';
}

async function gather(gathering: Gathering): Promise<void> {
  if (gathering.kind === 'sluice') {
    const studio = { metronome: startMetronome(), sent: new Map() };
    const at = { origin: gathering.origin, studio };
    return together(
      gathering.tokens.map((token, index) => () => joinBot({ ...at, token, receive: receptionOf(index) })),
    );
  }
  const session = await openJanusSession(gathering.url);
  return together(
    Array.from({ length: gathering.count }, (_, index) => () => subscribeToJanus(session, receptionOf(index))),
  );
}

/** Some at a time: a handshake may wait a second for a lost packet. */
async function together(joins: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (let at = 0; at < joins.length; at += AT_ONCE) {
    await Promise.all(joins.slice(at, at + AT_ONCE).map((join) => join()));
  }
}
