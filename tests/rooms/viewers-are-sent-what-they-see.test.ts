import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ProducerId } from '../../src/rooms/ids.ts';
import { AUDIO, SIMULCAST, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, roomName, type RoomsWorld, settle } from '../support/rooms.ts';

const CAMERA = { kind: 'video', source: 'camera', rtpParameters: SIMULCAST } as const;
const SCREEN = { kind: 'video', source: 'screen', rtpParameters: VIDEO } as const;
const MICROPHONE = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;

test('the page decides what flows, and in which layer; what it does not name stays', async () => {
  const world = createRoomsWorld();
  const ada = await world.join('lab', 'ada');
  await ada.participant.requests.produce(CAMERA);
  await ada.participant.requests.produce(SCREEN);
  const bob = await world.join('lab', 'bob');
  const [camera, screen] = bob.joined.consumers.map(({ id }) => id);
  await bob.participant.requests.view([{ consumerId: camera!, width: 100, height: 100 }]);
  assert.equal(consumerOf(world, camera!).paused, true, 'nothing flows before the client is ready');
  await bob.participant.requests.resumeConsumers([camera!, screen!]);
  assert.deepEqual(stateOf(world, camera!), { flows: true, layer: 0 });

  await bob.participant.requests.view([
    { consumerId: camera!, hidden: true },
    { consumerId: 'ended long ago', hidden: true },
  ]);
  await settle();
  assert.equal(stateOf(world, camera!).flows, false);
  assert.equal(stateOf(world, screen!).flows, true);
  await bob.participant.requests.view([{ consumerId: camera! }]);
  await settle();
  assert.deepEqual(stateOf(world, camera!), { flows: true, layer: 2 });
  await bob.participant.requests.setPreferredLayers(camera!, { spatialLayer: 1 });
  assert.deepEqual(stateOf(world, camera!), { flows: true, layer: 1 });
  const priorities = [screen!, camera!].map((id) => consumerOf(world, id).priority);
  assert.ok(priorities[0]! > priorities[1]!, 'a shared screen before a camera');
});

test('the first picture is asked for before the client is ready: as it joins, and again when ICE has found a way', async () => {
  const world = createRoomsWorld();
  world.rooms.create(roomName('lab'), { lastN: 1 });
  for (const name of ['ada', 'bob']) {
    const one = await world.join('lab', name, { subscribe: 'manual' });
    await one.participant.requests.produce(CAMERA);
  }
  const viewer = await world.join('lab', 'viewer');
  const [shown, withheld] = viewer.joined.consumers.map(({ id }) => consumerOf(world, id));
  const asked = () => [shown!.keyFrameRequests, withheld!.keyFrameRequests];
  assert.deepEqual(asked(), [1, 0], 'what is not sent needs none');

  const { listener } = world.engine.rooms[0]!.transports.get(viewer.joined.media.recv.id)!;
  listener.state('connecting');
  assert.deepEqual(asked(), [2, 0]);
  await viewer.participant.requests.resumeConsumers([shown!.id]);
  listener.state('connected');
  listener.state('disconnected');
  listener.state('connecting');
  assert.deepEqual(asked(), [2, 0], 'what flows already is the receiver’s affair');
});

test('of more cameras than lastN the most relevant flow, and the client is told', async () => {
  const world = createRoomsWorld();
  world.rooms.create(roomName('lab'), { lastN: 2 });
  const people = new Map<string, Guest>();
  for (const name of ['ada', 'bob', 'cy']) {
    const one = await world.join('lab', name, { subscribe: 'manual' });
    await one.participant.requests.produce(CAMERA);
    people.set(name, one);
  }
  await people.get('cy')!.participant.requests.produce(SCREEN);
  const viewer = await world.join('lab', 'viewer');
  const idOf = (name: string, source = 'camera') =>
    viewer.joined.consumers.find(
      (consumer) => consumer.source === source && consumer.participantId === people.get(name)!.participant.id,
    )!.id;
  const withheld = viewer.joined.consumers.filter((consumer) => consumer.withheld !== null).map(({ id }) => id);
  assert.deepEqual(withheld, [idOf('cy')], 'who came first stays, and screens do not count');
  await viewer.participant.requests.resumeConsumers(viewer.joined.consumers.map(({ id }) => id));
  const flowing = () => ['ada', 'bob', 'cy'].filter((name) => stateOf(world, idOf(name)).flows);
  assert.deepEqual(flowing(), ['ada', 'bob']);
  assert.equal(stateOf(world, idOf('cy', 'screen')).flows, true);

  await people.get('cy')!.participant.requests.produce(MICROPHONE);
  speak(world, people.get('cy')!);
  await settle();
  assert.deepEqual(flowing(), ['ada', 'cy']);
  assert.deepEqual(tail(viewer, 2), [
    { type: 'consumers-withheld', consumerIds: [idOf('bob')], reason: 'last-n' },
    { type: 'consumers-forwarded', consumerIds: [idOf('cy')] },
  ]);

  await viewer.participant.requests.view([{ consumerId: idOf('bob'), pinned: true }]);
  await settle();
  assert.deepEqual(flowing(), ['bob', 'cy'], 'a pin comes before everything');
  await viewer.participant.requests.view([{ consumerId: idOf('bob'), hidden: true }]);
  await settle();
  assert.deepEqual(flowing(), ['ada', 'cy'], 'a hidden one takes no place');
  people.get('cy')!.participant.leave('left');
  world.rooms.get(roomName('lab')).update({ lastN: 1 });
  await viewer.participant.requests.view([{ consumerId: idOf('bob'), width: 10, height: 10 }]);
  await settle();
  assert.equal(stateOf(world, idOf('ada')).flows, false, 'shown comes before what nothing was said of');
  assert.equal(stateOf(world, idOf('bob')).flows, true);
});

test('of more microphones than maxAudible those who speak are forwarded', async () => {
  const world = createRoomsWorld();
  world.rooms.create(roomName('lab'), { maxAudible: 1 });
  const ada = await world.join('lab', 'ada', { subscribe: 'manual' });
  const bob = await world.join('lab', 'bob', { subscribe: 'manual' });
  for (const one of [ada, bob]) await one.participant.requests.produce(MICROPHONE);
  const viewer = await world.join('lab', 'viewer');
  const [first, second] = viewer.joined.consumers.map(({ id }) => id);
  await viewer.participant.requests.resumeConsumers([first!, second!]);
  const flows = () => [stateOf(world, first!).flows, stateOf(world, second!).flows];
  assert.deepEqual(flows(), [true, false]);
  const told = viewer.events.length;
  const media = world.engine.rooms[0]!;
  media.listener.levels([{ producerId: microphoneOf(bob), dBov: -40 }]);
  await settle();
  assert.deepEqual(flows(), [false, true], 'with the first levels that have it');
  media.listener.levels([]);
  await settle();
  assert.deepEqual(flows(), [false, true], 'silence changes nothing');
  bob.participant.leave('left');
  await settle();
  assert.equal(stateOf(world, first!).flows, true);
  assert.equal(viewer.events.slice(told).filter(({ type }) => type.startsWith('consumers-')).length, 0);
});

test('who has the floor comes before others where it is narrow', async () => {
  const world = createRoomsWorld();
  const ada = await world.join('lab', 'ada', { subscribe: 'manual' });
  const bob = await world.join('lab', 'bob', { subscribe: 'manual' });
  for (const one of [ada, bob]) {
    await one.participant.requests.produce(CAMERA);
    await one.participant.requests.produce(MICROPHONE);
  }
  const viewer = await world.join('lab', 'viewer');
  await viewer.participant.requests.resumeConsumers(viewer.joined.consumers.map(({ id }) => id));
  const cameras = viewer.joined.consumers.filter(({ source }) => source === 'camera').map(({ id }) => id);
  const priorities = () => cameras.map((id) => consumerOf(world, id).priority);
  speak(world, ada);
  await settle();
  const [speaker, other] = priorities();
  assert.ok(speaker! > other!);
  speak(world, bob);
  await settle();
  assert.deepEqual(priorities(), [other, speaker]);
});

test('however often the page changes, the worker is told of what it is in the end', async () => {
  const world = createRoomsWorld();
  const ada = await world.join('lab', 'ada');
  await ada.participant.requests.produce(CAMERA);
  const bob = await world.join('lab', 'bob');
  const { id } = bob.joined.consumers[0]!;
  await bob.participant.requests.resumeConsumers([id]);
  const consumer = consumerOf(world, id);
  let orders = 0;
  const setPreferredLayers = consumer.setPreferredLayers.bind(consumer);
  consumer.setPreferredLayers = (layers) => {
    orders += 1;
    return setPreferredLayers(layers);
  };
  for (let n = 0; n < 1000; n += 1) {
    bob.participant.media!.look([{ consumerId: id, width: 1 + (n % 2) * 1000, height: 10 }]);
  }
  bob.participant.media!.look([{ consumerId: id, width: 500, height: 280 }]);
  await settle();
  assert.equal(stateOf(world, id).layer, 1);
  assert.ok(orders <= 2, `${orders} orders`);
});

function consumerOf({ engine }: RoomsWorld, id: string) {
  const consumer = [...engine.rooms[0]!.consumers].find(([known]) => known === id)?.[1];
  assert.ok(consumer, 'it has ended');
  return consumer;
}

function stateOf(world: RoomsWorld, id: string): { flows: boolean; layer: number } {
  const { paused, layers } = consumerOf(world, id);
  return { flows: !paused, layer: layers?.spatialLayer ?? 2 };
}

function microphoneOf({ participant }: Guest): ProducerId {
  return [...participant.publications].find(({ source }) => source === 'microphone')!.producer.id;
}

function speak({ engine }: RoomsWorld, who: Guest): void {
  engine.rooms[0]!.listener.activeSpeaker(microphoneOf(who));
}

function tail({ events }: Guest, count: number) {
  return events.filter(({ type }) => type.startsWith('consumers-')).slice(-count);
}
