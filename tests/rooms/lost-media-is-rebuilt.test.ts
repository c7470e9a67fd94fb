import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SluiceError } from '../../src/kernel/errors.ts';
import { AUDIO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, roomName, settle } from '../support/rooms.ts';

test('when the worker dies, everyone gets new transports, and tracks come back', async () => {
  const { join, engine, facts } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const bob = await join('lab', 'bob');
  await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await settle();
  ada.events.length = 0;
  bob.events.length = 0;

  engine.loseAll();
  await assert.rejects(bob.participant.requests.restartIce(bob.joined.media.send.id), { code: 'media-unavailable' });
  await settle();

  for (const guest of [ada, bob]) {
    const reset = guest.events[0]!;
    assert(reset.type === 'media-reset');
    assert.notEqual(reset.media.send.id, guest.joined.media.send.id);
    assert.deepEqual(
      reset.participants.map(({ producers }) => producers),
      [[]],
    );
  }
  const again = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await settle();
  const added = bob.events.at(-1)!;
  assert(added.type === 'consumer-added');
  assert.equal(added.consumer.producerId, again.id);
  assert.equal(
    facts.some(({ type }) => type === 'participant-left'),
    false,
  );
  assert.deepEqual(
    facts.filter(({ type }) => type.startsWith('room-media') || type.startsWith('track-')).map(({ type }) => type),
    ['track-published', 'room-media-lost', 'track-unpublished', 'room-media-rebuilt', 'track-published'],
  );
});

test('a join that the loss overtakes starts over and succeeds', async () => {
  const { join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  engine.hold();
  const joining = join('lab', 'bob');
  await settle();
  engine.loseAll();
  engine.release();
  const bob = await joining;
  await settle();
  assert.equal(engine.rooms.length, 2);
  assert.equal(engine.rooms[1]!.transports.size, 4, 'two for each');
  assert.equal(engine.rooms[1]!.transports.has(bob.joined.media.recv.id), true);
  assert.equal(ada.events.filter(({ type }) => type === 'media-reset').length, 1);
  assert.equal(bob.events.filter(({ type }) => type === 'media-reset').length, 0);
});

test('a room whose media cannot be rebuilt closes and says why', async () => {
  const { rooms, join, engine, facts } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  engine.failure = new SluiceError('media-unavailable');
  engine.loseAll();
  await settle();
  assert.deepEqual(ada.ended, ['media-unavailable']);
  assert.equal(rooms.find(roomName('lab')), undefined);
  const last = facts.at(-1)!;
  assert(last.type === 'room-closed');
  assert.equal(last.reason, 'media-unavailable');
});

test('a join that finds no media is refused, and its seat is free again', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  rooms.create(roomName('lab'), { maxParticipants: 1 });
  engine.failure = new SluiceError('media-unavailable');
  await assert.rejects(join('lab', 'ada'), { code: 'media-unavailable' });
  engine.failure = undefined;
  await join('lab', 'bob');
});
