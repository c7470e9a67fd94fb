import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createRoomsWorld, roomName, settle } from '../support/rooms.ts';

test('a room that nobody joins closes after its empty time-out', () => {
  const { rooms, pass, facts } = createRoomsWorld();
  rooms.create(roomName('lab'), { emptyTimeout: 5000 });
  pass(4999);
  assert.equal(rooms.size, 1);
  pass(1);
  assert.equal(rooms.size, 0);
  const last = facts.at(-1)!;
  assert(last.type === 'room-closed');
  assert.equal(last.reason, 'empty');
});

test('a room outlives its last participant by the departure time-out', async () => {
  const { rooms, join, pass } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  pass(1_000_000);
  assert.equal(rooms.size, 1, 'not while somebody is in it');
  ada.participant.leave('left');
  pass(19_999);
  assert.equal(rooms.size, 1);
  pass(1);
  assert.equal(rooms.size, 0);
});

test('a participant whose connection is lost keeps its seat for a while', async () => {
  const { rooms, join, pass } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const bob = await join('lab', 'bob');
  ada.events.length = 0;
  rooms.disconnected(bob.participant);
  pass(19_999);
  rooms.reconnected(bob.participant);
  pass(60_000);
  assert.equal(ada.events.length, 0, 'the others saw nothing of it');

  rooms.disconnected(bob.participant);
  pass(20_000);
  assert.deepEqual(
    ada.events.map((event) => event.type === 'participant-left' && event.reason),
    ['disconnected'],
  );
  assert.deepEqual(bob.ended, ['session-gone']);
});

test('closing a room puts everyone out, those who are joining too', async () => {
  const { rooms, join, engine, facts } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  engine.hold();
  const joining = join('lab', 'bob');
  joining.catch(() => undefined);
  rooms.close(roomName('lab'));
  assert.deepEqual(ada.ended, ['room-closed']);
  engine.release();
  await assert.rejects(joining, { code: 'room-closed' });
  assert.equal(rooms.size, 0);
  assert.throws(() => rooms.close(roomName('lab')), { code: 'room-not-found' });
  assert.equal(facts.filter(({ type }) => type === 'participant-left').length, 1, 'bob never joined, so he never left');
  assert.equal(facts.filter(({ type }) => type === 'participant-aborted').length, 1, 'but had a seat, and lost it');
  await settle();
  assert.equal(
    engine.rooms.every(({ closed }) => closed),
    true,
  );
});

test('a server that drains lets nobody in and tells who is in', async () => {
  const { rooms, join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  rooms.drain(30);
  assert.deepEqual(ada.events, [{ type: 'draining', seconds: 30 }]);
  await assert.rejects(join('lab', 'bob'), { code: 'draining' });
  assert.throws(() => rooms.create(roomName('new')), { code: 'draining' });
  assert.equal(rooms.occupied, true);
  ada.participant.leave('left');
  assert.equal(rooms.occupied, false);
});

test('a token opens a room only where that is allowed', async () => {
  const { rooms, join } = createRoomsWorld({ createOnJoin: false });
  await assert.rejects(join('lab', 'ada'), { code: 'room-not-found' });
  rooms.create(roomName('lab'));
  await join('lab', 'ada');
  assert.throws(() => rooms.create(roomName('lab')), { code: 'room-exists' });
});
