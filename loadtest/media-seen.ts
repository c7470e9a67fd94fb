/**
 * What it costs to see everyone's media: rooms in which everybody sends sound and video and receives everybody else's, with real
 * producers and consumers of one worker, whose stats are asked in turns as in a running server. No packets flow but a first few.
 *
 *     node loadtest/media-seen.ts [--participants 100] [--room 10] [--seconds 20]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import type { Router, WebRtcTransport } from 'mediasoup/types';

import { routerCodecs } from '../src/media/codecs.ts';
import { Sampler } from '../src/media/sampler.ts';
import { TransportWatch } from '../src/media/transport-watch.ts';
import { startWorkerProcess } from '../src/media/worker-process.ts';
import { installedWorker } from '../src/package.ts';
import type { MediaTransportObserver } from '../src/rooms/media-engine.ts';
import { opusPacket, opusParameters, vp8Packet, vp8Parameters } from '../tests/support/rtp-peer.ts';
import { verdict } from './support/percentiles.ts';

/** Of one core. */
const TARGET_PERCENT = 5;
const TICK_MS = 50;
const { values } = parseArgs({
  options: {
    participants: { type: 'string', default: '100' },
    room: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
  },
});
const participants = Math.min(500, Number(values.participants));
const size = Math.max(1, Math.min(50, Number(values.room)));
const seconds = Math.min(120, Number(values.seconds));

let told = 0;
const observer: MediaTransportObserver = {
  produced: () => (told += 1),
  consumed: () => (told += 1),
  path: () => undefined,
};

const bin = process.env['MEDIASOUP_WORKER_BIN'] ?? installedWorker();
const listen = [{ ip: '127.0.0.1' }];
const { worker, server } = await startWorkerProcess({ listen, port: 31_871, workerBin: bin });
const sampler = new Sampler();
const watches: TransportWatch[] = [];
for (let room = 0; room * size < participants; room += 1) await openRoom(room);
console.log(`${participants} participants in rooms of ${size}`);

const resting = await used(seconds / 2);
for (const watch of watches) watch.stateChanged('connected');
await used(3);
told = 0;
const seeing = await used(seconds);
console.log(
  `${sampler.size} tracks and ways take turns; ${(told / seconds).toFixed(0)} views a second, ${sampler.skipped} turns skipped`,
);
console.log(`worker: ${(seeing.worker - resting.worker).toFixed(2)} % of a core`);
console.log(`main thread while nothing flows: ${resting.main.toFixed(3)} % of a core`);
console.log(verdict('main thread for seeing it all', seeing.main - resting.main, TARGET_PERCENT, '% of a core'));
worker.close();

/** Percent of a core that this process and the worker use, while turns are taken. */
async function used(duration: number): Promise<{ main: number; worker: number }> {
  const before = { main: process.cpuUsage(), worker: await workerMs(), at: performance.now() };
  const ticks = setInterval(() => sampler.tick(), TICK_MS);
  await sleep(duration * 1000);
  clearInterval(ticks);
  const { user, system } = process.cpuUsage(before.main);
  const passed = performance.now() - before.at;
  return { main: (user + system) / 10 / passed, worker: (((await workerMs()) - before.worker) * 100) / passed };
}

async function workerMs(): Promise<number> {
  const { ru_utime: user, ru_stime: system } = await worker.getResourceUsage();
  return user + system;
}

async function openRoom(room: number): Promise<void> {
  const router = await worker.createRouter({ mediaCodecs: routerCodecs(['opus', 'vp8']) });
  const people = Array.from({ length: Math.min(size, participants - room * size) }, (_, index) => index);
  const sent = await Promise.all(people.map((index) => publish(router, 1000 * (index + 1))));
  for (const index of people) {
    const transport: WebRtcTransport = await router.createWebRtcTransport({ webRtcServer: server });
    const watch = new TransportWatch(transport, sampler, observer);
    watches.push(watch);
    for (const [other, producers] of sent.entries()) {
      for (const producer of producers) {
        if (other === index) {
          watch.produced(producer);
          continue;
        }
        const { rtpCapabilities } = router;
        const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities, paused: false });
        watch.consumed(consumer, { spatial: 1, temporal: 1 }, { paused: false, wantedLayers: undefined });
      }
    }
  }
}

async function publish(router: Router, ssrc: number) {
  const transport = await router.createDirectTransport();
  const audio = await transport.produce({ kind: 'audio', rtpParameters: opusParameters(ssrc) as never });
  const video = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters([ssrc + 1]) as never });
  for (let index = 1; index < 20; index += 1) {
    audio.send(opusPacket(ssrc, index));
    video.send(vp8Packet(ssrc + 1, index, index === 1));
  }
  return [audio, video];
}
