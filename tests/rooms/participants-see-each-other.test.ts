import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AUDIO, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, settle } from '../support/rooms.ts';

test('the first one in opens the room and is told that nobody else is there', async () => {
  const { join, facts } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  assert.deepEqual(ada.joined.participants, []);
  assert.equal(ada.joined.self.identity, 'ada');
  assert.deepEqual(
    facts.map(({ type }) => type),
    ['room-started', 'participant-joined'],
  );
});

test('who comes later gets the tracks of who was there, in the answer to its join', async () => {
  const { join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const microphone = await ada.participant.requests.produce({
    kind: 'audio',
    source: 'microphone',
    rtpParameters: AUDIO,
  });
  const bob = await join('lab', 'bob');

  assert.deepEqual(
    bob.joined.participants.map(({ identity, producers }) => [identity, producers]),
    [['ada', [microphone]]],
  );
  assert.deepEqual(
    bob.joined.consumers.map(({ producerId, source, paused }) => [producerId, source, paused]),
    [[microphone.id, 'microphone', true]],
  );
  assert.deepEqual(
    ada.events.map(({ type }) => type),
    ['participant-joined'],
  );
});

test('a track that is published later is offered to everyone else, paused until they are ready', async () => {
  const { join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const bob = await join('lab', 'bob');
  const camera = await ada.participant.requests.produce({ kind: 'video', source: 'camera', rtpParameters: VIDEO });
  await settle();

  assert.deepEqual(
    bob.events.map(({ type }) => type),
    ['producer-added', 'consumer-added'],
  );
  const added = bob.events[1]!;
  assert(added.type === 'consumer-added');
  assert.equal(added.consumer.producerId, camera.id);
  assert.equal(added.consumer.paused, true);
  await bob.participant.requests.resumeConsumers([added.consumer.id]);
  assert.equal(engine.rooms[0]!.consumers.get(added.consumer.id)!.paused, false);
  assert.equal(
    ada.events.some(({ type }) => type === 'consumer-added'),
    false,
    'nobody receives their own track',
  );
});

test('a muted track is muted for everyone, also for who comes later', async () => {
  const { join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const bob = await join('lab', 'bob');
  const { id } = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await ada.participant.requests.pauseProducer(id);
  await ada.participant.requests.pauseProducer(id);
  const cy = await join('lab', 'cy');

  assert.equal(bob.events.filter(({ type }) => type === 'producer-paused').length, 1, 'told once');
  assert.equal(cy.joined.participants.find(({ identity }) => identity === 'ada')!.producers[0]!.paused, true);
  assert.equal(cy.joined.consumers[0]!.producerPaused, true);
});

test('who leaves takes their tracks along, and the others learn of both', async () => {
  const { join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const bob = await join('lab', 'bob');
  await ada.participant.requests.produce({ kind: 'video', source: 'camera', rtpParameters: VIDEO });
  await settle();
  bob.events.length = 0;
  ada.participant.leave('left');
  ada.participant.leave('left');

  assert.deepEqual(
    bob.events.map(({ type }) => type),
    ['consumer-removed', 'participant-left'],
  );
  assert.deepEqual(ada.ended, ['left']);
  assert.equal(engine.rooms[0]!.consumers.size, 0);
  assert.equal(engine.rooms[0]!.transports.size, 2, "only bob's transports are left");
});

test('a hidden participant sees everyone and is seen by nobody', async () => {
  const { join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const ghost = await join('lab', 'ghost', { grants: { hidden: true } });
  const bob = await join('lab', 'bob');
  ghost.participant.leave('left');

  assert.deepEqual(
    bob.joined.participants.map(({ identity }) => identity),
    ['ada'],
  );
  assert.equal(
    ada.events.some((event) => JSON.stringify(event).includes('ghost')),
    false,
  );
  assert.deepEqual(
    ghost.joined.participants.map(({ identity }) => identity),
    ['ada'],
  );
});

test('in manual mode nothing is forwarded but what is asked for', async () => {
  const { join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const { id } = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const bob = await join('lab', 'bob', { subscribe: 'manual' });
  await ada.participant.requests.produce({ kind: 'video', source: 'camera', rtpParameters: VIDEO });
  await settle();

  assert.deepEqual(bob.joined.consumers, []);
  assert.deepEqual(
    bob.events.map(({ type }) => type),
    ['producer-added'],
  );
  const consumers = await bob.participant.requests.consume([id]);
  assert.deepEqual(
    consumers.map(({ producerId }) => producerId),
    [id],
  );
  await assert.rejects(bob.participant.requests.consume(['nothing']), { code: 'producer-not-found' });
});
