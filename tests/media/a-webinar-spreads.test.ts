/** Few who publish and many who watch, more than one worker is to carry. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { connectSender, createReceiver, releasePeers, vp8Packet, vp8Parameters } from '../support/rtp-peer.ts';
import { SPREAD, workerOf } from './on-both-workers.ts';
import { deaf, startEngine } from './start-engine.ts';

after(releasePeers);

const PUBLISHERS = 3;
const SUBSCRIBERS = 40;

test('subscribers of a webinar are on all workers, each publisher is piped once to the other, and all see all', async (t) => {
  const engine = await startEngine(t, SPREAD);
  const room = await engine.openRoom(deaf);
  const producers = [];
  for (let publisher = 1; publisher <= PUBLISHERS; publisher += 1) {
    const transport = await room.openTransport(deaf);
    const ssrc = 1000 * publisher;
    const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs: [ssrc] }]);
    t.after(() => sender.close());
    producers.push(await transport.produce({ kind: 'video', rtpParameters: vp8Parameters([ssrc]), paused: false }));
    let index = 0;
    const timer = setInterval(() => {
      sender.send(vp8Packet(ssrc, index, index % 10 === 0));
      index += 1;
    }, 40);
    t.after(() => clearInterval(timer));
  }

  const { rtpCapabilities } = room;
  const places: number[] = [];
  const tracks = [];
  for (let subscriber = 0; subscriber < SUBSCRIBERS; subscriber += 1) {
    const transport = await room.openTransport(deaf);
    places.push(workerOf(engine, transport).index);
    const receiver = createReceiver(transport);
    t.after(() => receiver.close());
    for (const { id } of producers) {
      tracks.push(
        await receiver.add(await transport.consume({ producerId: id, rtpCapabilities, paused: false }, deaf)),
      );
    }
  }
  await Promise.all(tracks.map((track) => track.more(20, 20_000)));

  const onFirst = places.filter((place) => place === 0).length;
  assert.ok(Math.abs(onFirst - SUBSCRIBERS / 2) <= 4, `${onFirst} of ${SUBSCRIBERS} are on the first worker`);
  const pipes = engine.workers().map((worker) => worker.pipes);
  assert.equal(pipes[0]! + pipes[1]!, PUBLISHERS, `pipes: ${pipes.join()}`);
});
