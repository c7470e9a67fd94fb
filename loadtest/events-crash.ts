/**
 * Kills a server under load again and again, and checks that its event log, its event stream and its webhooks told the truth.
 *
 *     node loadtest/events-crash.ts [--rounds 20] [--within 2000]
 *
 * Each server is killed at a random moment of the first `--within` milliseconds after it has told ten events.
 */
import { parseArgs } from 'node:util';

import { startReceiver } from '../tests/events/receiver.ts';
import { checkCrashes, crash } from '../tests/support/event-crash.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, within: { type: 'string', default: '2000' } },
});
const stops: (() => unknown)[] = [];
const receiver = await startReceiver({ after: (stop) => stops.push(stop) });
try {
  const crashes = await crash(Number(values.rounds), receiver, () => Math.random() * Number(values.within));
  checkCrashes(crashes, receiver);
  const lost = crashes.log.filter(({ reason }) => reason === 'server-lost').length;
  console.log(
    `${crashes.rounds} kills, ${crashes.log.length} events, ${crashes.streamed.length} followed, ${lost} closed`,
  );
  console.log(`${receiver.requests} webhook requests: nothing lost, doubled or out of order`);
} finally {
  for (const stop of stops) await stop();
}
