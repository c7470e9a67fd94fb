import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AUDIO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, identity, roomName, settle } from '../support/rooms.ts';

const MICROPHONE = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;
const ADA = { identity: identity('ada') };

test('who is moved goes on in the other room, and both rooms and the books say so', async () => {
  const { rooms, join, facts } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  const cy = await join('den', 'cy');
  await cy.participant.requests.produce(MICROPHONE);
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(MICROPHONE);
  rooms.get(roomName('lab')).control.update(ADA, { name: 'Ada L.' });

  const moved = await rooms.get(roomName('lab')).control.move(ADA, roomName('den'));
  const event = ada.events.find((one) => one.type === 'moved');
  assert.equal(event?.room.name, 'den');
  assert.equal(event?.token, 'ada to den');
  assert.equal(event?.self.name, 'Ada L.');
  assert.deepEqual([event?.participants.length, event?.consumers.length], [1, 1]);
  assert.deepEqual(ada.ended, [], 'its session goes on');
  assert.deepEqual((bob.events.at(-1) as { reason?: string }).reason, 'moved');
  assert.deepEqual(cy.events.at(-1), { type: 'participant-joined', participant: moved.info });
  assert.deepEqual(
    facts.slice(-2).map((fact) => ({ ...fact, at: 0, roomId: '', participantId: '' })),
    [
      ...[{ type: 'participant-left', reason: 'moved', to: 'den', by: 'application', room: 'lab' }],
      ...[{ type: 'participant-joined', name: 'Ada L.', hidden: false, keyId: 'key', from: 'lab', room: 'den' }],
    ].map((fact) => ({ ...fact, identity: 'ada', at: 0, roomId: '', participantId: '' })),
  );
  await moved.requests.produce(MICROPHONE);
  await settle();
  assert.equal(cy.events.at(-1)?.type, 'consumer-added');
});

test('a room that does not take somebody leaves it where it is', async () => {
  const { rooms, join } = createRoomsWorld({ createOnJoin: false });
  rooms.create(roomName('lab'));
  rooms.create(roomName('full'), { maxParticipants: 1 });
  rooms.create(roomName('taken'), { duplicateIdentity: 'reject' });
  await join('full', 'bob');
  await join('taken', 'ada');
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(MICROPHONE);
  const { control } = rooms.get(roomName('lab'));
  for (const [room, code] of [
    ['full', 'room-full'],
    ['taken', 'identity-in-use'],
    ['nowhere', 'room-not-found'],
    ['lab', 'invalid-request'],
  ] as const) {
    await assert.rejects(control.move(ADA, roomName(room)), { code });
  }
  assert.deepEqual(ada.events, []);
  assert.deepEqual(ada.ended, []);
  assert.equal([...ada.participant.publications].length, 1);
});

test('who is kicked, leaves or is moved elsewhere while it moves does not arrive', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  for (const [name, act] of [
    ['a', () => rooms.get(roomName('a')).control.kick(ADA)],
    ['b', () => rooms.get(roomName('b')).close('closed')],
  ] as const) {
    const ada = await join(name, 'ada');
    engine.hold();
    const moving = rooms.get(roomName(name)).control.move(ADA, roomName('den'));
    moving.catch(() => undefined);
    await settle();
    act();
    engine.release();
    await assert.rejects(moving, { code: 'participant-not-found' });
    assert.equal(ada.ended.length, 1);
    assert.deepEqual(rooms.get(roomName('den')).participants(), []);
  }
  await settle();
});

test('of two moves at once one holds', async () => {
  const { rooms, join } = createRoomsWorld();
  await join('lab', 'ada');
  const { control } = rooms.get(roomName('lab'));
  const moves = await Promise.allSettled([control.move(ADA, roomName('x')), control.move(ADA, roomName('y'))]);
  assert.deepEqual(moves.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  const places = rooms.list().flatMap((room) => room.participants().map(() => room.name as string));
  assert.equal(places.length, 1);
});

test('administrators move people to where the room lets them, and nowhere else', async () => {
  const { rooms, join } = createRoomsWorld();
  const chair = await join('lab', 'chair', { grants: { admin: true } });
  await join('lab', 'ada');
  await assert.rejects(chair.participant.moderation.move(ADA, roomName('den')), { code: 'forbidden' });
  rooms.get(roomName('lab')).update({ moveTo: [roomName('den')] });
  await chair.participant.moderation.move(ADA, roomName('den'));
  assert.equal(rooms.get(roomName('den')).participants().length, 1);
});

test('who is not connected just now is moved all the same, and has as long to come back', async () => {
  const { rooms, join, pass } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  rooms.disconnected(ada.participant);
  const moved = await rooms.get(roomName('lab')).control.move(ADA, roomName('den'));
  assert.equal(moved.connected, false);
  pass(21_000);
  assert.equal(moved.state, 'left');
});

test('who did not come by signaling stays', async () => {
  const { rooms, join } = createRoomsWorld();
  await join('lab', 'ada', { movable: false });
  await assert.rejects(rooms.get(roomName('lab')).control.move(ADA, roomName('den')), { code: 'forbidden' });
  assert.equal(rooms.find(roomName('den')), undefined);
});
