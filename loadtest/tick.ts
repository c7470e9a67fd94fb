/**
 * What the tick of a large room costs the main thread: changes of ten connections' quality are taken in, the frame is built and
 * handed to uWebSockets.js for a topic that the whole room is subscribed to. Writing to the sockets is measured beside it.
 *
 *     node loadtest/tick.ts [--participants 100] [--changes 10] [--ticks 20000]
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';

import * as uWS from 'uWebSockets.js';

import { QUALITY_LEVELS } from '../src/rooms/media-view.ts';
import { Tick } from '../src/rooms/tick.ts';
import { tickText } from '../src/signaling/encoding.ts';
import { percentile, verdict } from './support/percentiles.ts';

const TARGET_MICROSECONDS = 3;
const TOPIC = 'tick/room';
const { values } = parseArgs({
  options: {
    participants: { type: 'string', default: '100' },
    changes: { type: 'string', default: '10' },
    ticks: { type: 'string', default: '20000' },
  },
});
const participants = Math.min(1000, Number(values.participants));
const changes = Math.min(participants, Number(values.changes));
const ticks = Math.min(1_000_000, Number(values.ticks));

const app = uWS.App();
app.ws('/*', { open: (socket) => void socket.subscribe(TOPIC) });
const port = await new Promise<number>((resolve, reject) => {
  app.listen('127.0.0.1', 0, (socket) =>
    socket ? resolve(uWS.us_socket_local_port(socket)) : reject(new Error('no port')),
  );
});
let received = 0;
const sockets = Array.from({ length: participants }, () => new WebSocket(`ws://127.0.0.1:${port}`));
await Promise.all(sockets.map((socket) => once(socket, 'open')));
for (const socket of sockets) socket.addEventListener('message', () => (received += 1));

const tick = new Tick();
let turn = 0;
function changing(): void {
  for (let change = 0; change < changes; change += 1) {
    turn += 1;
    tick.setQuality((turn * 7) % participants, QUALITY_LEVELS[(turn + Math.floor(turn / participants)) % 4]!);
  }
}

// Frames that nobody is subscribed to: the build and the call.
const alone = rounds(ticks, 'tick/nobody');
// With the room, a few at a time, so that what is written does not pile up.
const published: number[] = [];
for (let round = 0; round < Math.min(200, ticks / 20); round += 1) {
  published.push(...rounds(20, TOPIC));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const quiet = performance.now();
for (let round = 0; round < ticks; round += 1) tick.take();
const idle = ((performance.now() - quiet) * 1000) / ticks;

console.log(`${participants} participants, ${changes} changes a tick; ${received} frames arrived`);
console.log(`a tick without a change: ${idle.toFixed(3)} µs`);
console.log(verdict('build and publish, median, nobody subscribed', percentile(alone, 0.5), TARGET_MICROSECONDS, 'µs'));
console.log(
  verdict('build and publish, median, the room subscribed', percentile(published, 0.5), TARGET_MICROSECONDS, 'µs'),
);
for (const socket of sockets) socket.close();
app.close();

/** Microseconds of each tick. */
function rounds(count: number, topic: string): number[] {
  const took: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const start = performance.now();
    changing();
    const frame = tick.take();
    if (frame !== undefined) app.publish(topic, tickText(frame), false, false);
    took.push((performance.now() - start) * 1000);
  }
  return took;
}
