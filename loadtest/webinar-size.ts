/**
 * How large a webinar becomes on one machine: three publishers and a thousand subscribers that receive all three, in one room
 * on all workers. Says where they are, how long joining took, what the workers use, and what was lost.
 *
 *     node loadtest/webinar-size.ts [--subscribers 1000] [--workers 2] [--every 1000] [--seconds 20]
 *
 * Subscribers are real WebRTC peers (libdatachannel) of this process, whose handshakes and decryption bound how fast they
 * join and how much they bear: so publishers send only one small key frame each `--every` ms. `forward` of the benchmarks says
 * what a packet costs; this, what being there costs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { createMediaEngine } from '../src/media/engine.ts';
import { installedWorker } from '../src/package.ts';
import { workerOf } from '../tests/media/on-both-workers.ts';
import { deaf } from '../tests/media/start-engine.ts';
import {
  connectSender,
  createReceiver,
  type ReceivedTrack,
  vp8Packet,
  vp8Parameters,
} from '../tests/support/rtp-peer.ts';
import { percentile } from './support/percentiles.ts';
import { childrenOf, cpuSeconds, footprint } from './support/process-usage.ts';

const PUBLISHERS = 3;
/** Who join at the same time. */
const AT_ONCE = 4;
const SETTLES_MS = 3000;

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    workers: { type: 'string', default: '2' },
    every: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
  },
});
const subscribers = Math.max(1, Math.min(5000, Number(values.subscribers)));
const every = Math.max(10, Number(values.every));
const seconds = Math.max(1, Math.min(300, Number(values.seconds)));

const workerBin = installedWorker();
const engine = await createMediaEngine({
  ...{ workers: Number(values.workers), listen: [{ ip: '127.0.0.1' }], port: 0 },
  // Every worker counts as full from the start, so that the room is wherever there is less.
  fullAt: 0,
  ...(workerBin === undefined ? {} : { workerBin }),
});
const room = await engine.openRoom(deaf);
const { rtpCapabilities } = room;
const producers = await Promise.all(Array.from({ length: PUBLISHERS }, (_, index) => publish(1000 * (index + 1))));

const places = engine.workers().map(() => 0);
const joins: number[] = [];
const tracks: ReceivedTrack[] = [];
const from = performance.now();
let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < subscribers) {
      next += 1;
      const at = performance.now();
      await subscribe();
      joins.push(performance.now() - at);
    }
  }),
);
const joined = (performance.now() - from) / 1000;
console.log(
  `${subscribers} joined in ${joined.toFixed(1)} s, each in ${percentile(joins, 0.5).toFixed(0)} ms (p99 ` +
    `${percentile(joins, 0.99).toFixed(0)}); on each worker ${places.join(' + ')}; pipes ` +
    engine
      .workers()
      .map(({ pipes }) => pipes)
      .join(' + '),
);

await sleep(SETTLES_MS);
const pids = childrenOf(process.pid);
const before = {
  at: performance.now(),
  cpu: pids.map(cpuSeconds),
  packets: tracks.map(({ packets }) => packets.length),
};
await sleep(seconds * 1000);
const lasted = (performance.now() - before.at) / 1000;
const cpu = pids.map((pid, at) => ((cpuSeconds(pid) - before.cpu[at]!) * 100) / lasted);
const windows = tracks.map(({ packets }, at) => packets.slice(before.packets[at]));
const received = windows.reduce((sum, { length }) => sum + length, 0);
const lost = windows.reduce((sum, window) => sum + missingIn(window), 0);
console.log(
  `${windows.length} tracks, ${windows.filter(({ length }) => length === 0).length} of them silent; ` +
    `${(received / lasted).toFixed(0)} packets/s received, ${lost} of ${received + lost} lost; workers: ` +
    pids.map((pid, at) => `${cpu[at]!.toFixed(1)} % CPU, ${(footprint(pid).rss / 1e6).toFixed(0)} MB`).join(' and '),
);
process.exit();

/** Somebody who sends as long as the process lives. */
async function publish(ssrc: number) {
  const transport = await room.openTransport(deaf);
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs: [ssrc] }]);
  let index = 0;
  setInterval(() => {
    sender.send(vp8Packet(ssrc, index, true));
    index += 1;
  }, every);
  return transport.produce({ kind: 'video', rtpParameters: vp8Parameters([ssrc]), paused: false });
}

async function subscribe(): Promise<void> {
  const transport = await room.openTransport(deaf);
  places[workerOf(engine, transport).index]! += 1;
  const receiver = createReceiver(transport);
  for (const { id } of producers) {
    const consumer = await transport.consume({ producerId: id, rtpCapabilities, paused: false }, deaf);
    tracks.push(await receiver.add(consumer));
  }
}

/** Packets that are missing between the first and the last of these (RFC 3550 §A.3). */
function missingIn(packets: readonly Buffer[]): number {
  const [first, last] = [packets[0], packets.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const span = ((last.readUInt16BE(2) - first.readUInt16BE(2)) & 0xffff) + 1;
  return Math.max(0, span - packets.length);
}
