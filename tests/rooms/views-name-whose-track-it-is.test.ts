import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConsumerId, ProducerId } from '../../src/rooms/ids.ts';
import type { StreamStats } from '../../src/rooms/media-engine.ts';
import type { LinkView, MediaObserver } from '../../src/rooms/media-view.ts';
import { AUDIO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, roomName, settle } from '../support/rooms.ts';

const SEEN: StreamStats = {
  codec: 'opus',
  paused: false,
  ms: 1000,
  packets: 45,
  lost: 5,
  jitter: 3,
  rtt: 20,
  bitrate: 32_000,
};

test('what the engine sees of a track is told with its owner and its source, to whoever watches', async () => {
  const { observer, told } = createObserver();
  const { engine, join } = createRoomsWorld({ observer });
  const ann = await join('blue', 'ann');
  const bob = await join('blue', 'bob');
  const { id } = await ann.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await settle();
  const [room] = engine.rooms;
  const transports = [...room!.transports.values()];
  const [consumer] = room!.consumers.values();

  transports.find(({ id: of }) => of === ann.joined.media.send.id)!.observer!.produced(id, SEEN);
  transports
    .find(({ id: of }) => of === bob.joined.media.recv.id)!
    .observer!.consumed(consumer!.id, { ...SEEN, wantedShare: 0.25 });

  const track = { kind: 'audio', source: 'microphone' };
  assert.deepEqual(told, [
    ['producer', ann.participant.id, { id, ...track, ...SEEN, wantedShare: 1 }],
    ['consumer', bob.participant.id, { id: consumer!.id, producerId: id, ...track, ...SEEN, wantedShare: 0.25 }],
  ]);
});

test('tracks that have ended are told as removed, and nothing comes of them afterwards', async () => {
  const { observer, told } = createObserver();
  const { engine, join } = createRoomsWorld({ observer });
  const ann = await join('blue', 'ann');
  const bob = await join('blue', 'bob');
  const produce = () => ann.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const first = await produce();
  await settle();
  const consumers = () => [...engine.rooms[0]!.consumers.keys()];
  const [firstConsumer] = consumers();
  const sending = engine.rooms[0]!.transports.get(ann.joined.media.send.id)!.observer!;

  await ann.participant.requests.closeProducer(first.id);
  assert.deepEqual(sorted(told), sorted([removed(ann, first.id), removed(bob, firstConsumer!)]));
  sending.produced(first.id, SEEN);
  assert.equal(told.length, 2, 'news that was under way');

  told.length = 0;
  const second = await produce();
  await settle();
  const [secondConsumer] = consumers();
  await bob.participant.requests.closeConsumers([secondConsumer!]);
  assert.deepEqual(told.splice(0), [removed(bob, secondConsumer!)]);
  ann.participant.leave('left');
  assert.deepEqual(told, [removed(ann, second.id)]);
});

test('a link stands until one of its transports fails, or its client is not heard', async () => {
  const { observer, told } = createObserver();
  const { engine, join } = createRoomsWorld({ observer });
  const ann = await join('blue', 'ann');
  const transports = engine.rooms[0]!.transports;
  const send = transports.get(ann.joined.media.send.id)!;
  const recv = transports.get(ann.joined.media.recv.id)!;
  const last = () => {
    const [what, who, view] = told.at(-1)!;
    assert.deepEqual([what, who], ['link', ann.participant.id]);
    const { connected, overTcp } = view as LinkView;
    return { connected, overTcp };
  };

  recv.listener.state('connecting');
  assert.deepEqual(last(), { connected: true, overTcp: false });
  recv.listener.state('connected');
  recv.observer!.path({ tcp: true, heard: true, slowerUp: Number.NaN });
  assert.deepEqual(last(), { connected: true, overTcp: true });
  send.listener.state('disconnected');
  assert.deepEqual(last(), { connected: false, overTcp: true });
  send.listener.state('connected');
  assert.deepEqual(last(), { connected: true, overTcp: true });
  recv.observer!.path({ tcp: false, heard: false, slowerUp: Number.NaN });
  assert.deepEqual(last(), { connected: false, overTcp: false });
});

test('where nobody watches, the engine is not asked to measure', async () => {
  const { engine, join } = createRoomsWorld();
  await join('blue', 'ann');
  assert.deepEqual(
    [...engine.rooms[0]!.transports.values()].map(({ observer }) => observer),
    [undefined, undefined],
  );
});

test('a level goes to everyone with the next tick, and to its own with the reason', async () => {
  const { rooms, join } = createRoomsWorld();
  const ann = await join('blue', 'ann');
  const bob = await join('blue', 'bob');
  const hidden = await join('blue', 'eve', { grants: { hidden: true } });
  const room = rooms.get(roomName('blue'));
  const level = (of: typeof ann, now: 'poor' | 'excellent', cause: string | null) =>
    room.setQuality(of.participant.id, { level: now, up: now, down: 'excellent', cause });
  const frames = () => {
    const all: string[] = [];
    rooms.takeTicks((_, frame) => all.push(frame));
    return all;
  };

  level(bob, 'poor', 'loss-up');
  assert.deepEqual(frames(), [`{"q":[${bob.participant.index},1]}`]);
  assert.deepEqual(bob.events.at(-1), {
    type: 'quality',
    level: 'poor',
    up: 'poor',
    down: 'excellent',
    cause: 'loss-up',
  });
  assert.ok(ann.events.every(({ type }) => type !== 'quality'));
  const carol = await join('blue', 'carol');
  assert.deepEqual(carol.joined.tick.q, [bob.participant.index, 1]);

  level(hidden, 'poor', 'loss-up');
  assert.deepEqual(frames(), [], 'nobody is told of one whom nobody sees');
  assert.equal(hidden.events.at(-1)?.type, 'quality');

  level(bob, 'excellent', null);
  assert.deepEqual(frames(), [`{"q":[${bob.participant.index},3]}`]);
  level(bob, 'poor', 'loss-up');
  bob.participant.leave('left');
  level(bob, 'poor', 'loss-up');
  assert.deepEqual(frames(), []);
  const dave = await join('blue', 'dave');
  assert.equal(dave.joined.self.index, bob.participant.index, 'whose number is free now');
  assert.deepEqual(dave.joined.tick.q, []);
});

type Told = ['producer' | 'consumer' | 'link' | 'removed', string, unknown];

function createObserver(): { observer: MediaObserver; told: Told[] } {
  const told: Told[] = [];
  const observer: MediaObserver = {
    producer: (of, view) => told.push(['producer', of, view]),
    consumer: (of, view) => told.push(['consumer', of, view]),
    link: (of, view) => told.push(['link', of, view]),
    removed: (of, track) => told.push(['removed', of, track]),
  };
  return { observer, told };
}

function removed({ participant }: { participant: { id: string } }, track: ProducerId | ConsumerId): Told {
  return ['removed', participant.id, track];
}

function sorted(told: readonly Told[]): Told[] {
  return told.toSorted(([, a], [, b]) => a.localeCompare(b));
}
