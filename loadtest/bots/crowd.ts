/**
 * Subscribers in a process of their own, which only count: their work is not in the latencies that another process
 * measures.
 *
 *     fork(…), which is sent a Gathering, answers when all are there, and from then on answers each message with a CrowdCount
 */
import { joinBot } from './bot.ts';
import { openJanusSession, subscribeToJanus } from './janus-room.ts';
import { startMetronome } from './metronome.ts';
import { emptyReception } from './receiver.ts';

/** Who comes: participants of a room of ours, by their tokens, or of a video room of Janus. */
export type Gathering =
  | { readonly kind: 'sluice'; readonly origin: string; readonly tokens: readonly string[] }
  | { readonly kind: 'janus'; readonly url: string; readonly count: number };

export type CrowdCount = { readonly packets: number; readonly lost: number };

const AT_ONCE = 14;
const reception = emptyReception();

process.once('message', (gathering: Gathering) => void begin(gathering));
process.once('disconnect', () => process.exit(0));

async function begin(gathering: Gathering): Promise<void> {
  await gather(gathering);
  process.on('message', count);
  count();
}

function count(): void {
  // Nobody here asks for latencies.
  reception.latencies.length = 0;
  process.send?.({ packets: reception.packets, lost: reception.lost } satisfies CrowdCount);
}

async function gather(gathering: Gathering): Promise<void> {
  if (gathering.kind === 'sluice') {
    const studio = { metronome: startMetronome(), sent: new Map() };
    const at = { origin: gathering.origin, studio, receive: reception };
    return together(gathering.tokens.map((token) => () => joinBot({ ...at, token })));
  }
  const session = await openJanusSession(gathering.url);
  return together(Array.from({ length: gathering.count }, () => () => subscribeToJanus(session, reception)));
}

/** Some at a time: a handshake may wait a second for a lost packet. */
async function together(joins: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (let at = 0; at < joins.length; at += AT_ONCE) {
    await Promise.all(joins.slice(at, at + AT_ONCE).map((join) => join()));
  }
}
