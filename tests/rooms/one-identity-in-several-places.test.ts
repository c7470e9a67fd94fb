import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AUDIO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, identity, ROOM_SETTINGS, roomName, settle } from '../support/rooms.ts';

const MICROPHONE = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;

test('to the others, somebody who joins again from elsewhere was never gone', async () => {
  const { join, facts } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(MICROPHONE);
  await settle();

  const again = await join('lab', 'ada');
  assert.deepEqual(types(bob), [
    'participant-joined',
    'producer-added',
    'consumer-added',
    'consumer-removed',
    'participant-replaced',
  ]);
  assert.deepEqual(bob.events.at(-1), {
    type: 'participant-replaced',
    participantId: ada.participant.id,
    participant: again.participant.info,
  });
  assert.deepEqual(ada.ended, ['replaced']);
  assert.deepEqual(
    facts.flatMap((fact) => (fact.type === 'participant-left' ? [fact.reason] : [])),
    ['replaced'],
    'who pays for it still learns of both',
  );
});

test('who comes back unseen has left, as far as the others know', async () => {
  const { join } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  await join('lab', 'ada');
  await join('lab', 'ada', { grants: { hidden: true } });
  assert.deepEqual(types(bob), ['participant-joined', 'participant-left']);
  assert.equal((bob.events.at(-1) as { reason?: string }).reason, 'left');
  await join('lab', 'ada');
  assert.deepEqual(types(bob).slice(2), ['participant-joined']);
});

test('a room that rejects duplicates keeps who is there, and lets in who has lost the connection', async () => {
  const { rooms, join, pass } = createRoomsWorld({ defaults: { ...ROOM_SETTINGS, duplicateIdentity: 'reject' } });
  const ada = await join('lab', 'ada');
  await assert.rejects(join('lab', 'ada'), { code: 'identity-in-use' });
  assert.deepEqual(ada.ended, []);

  rooms.disconnected(ada.participant);
  pass(1000);
  const again = await join('lab', 'ada');
  assert.deepEqual(ada.ended, ['replaced']);
  assert.deepEqual(rooms.get(roomName('lab')).presences(identity('ada')), [again.participant]);
});

test('of two who join at once as the same identity, a room that rejects duplicates takes the first', async () => {
  const { join } = createRoomsWorld({ defaults: { ...ROOM_SETTINGS, duplicateIdentity: 'reject' } });
  const outcomes = await Promise.allSettled([join('lab', 'ada'), join('lab', 'ada')]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
});

test('who was cut off and is back in time is not put out by a newcomer of the same identity', async () => {
  const { rooms, join, engine } = createRoomsWorld({ defaults: { ...ROOM_SETTINGS, duplicateIdentity: 'reject' } });
  const ada = await join('lab', 'ada');
  rooms.disconnected(ada.participant);
  engine.hold();
  const joining = join('lab', 'ada');
  joining.catch(() => undefined);
  await settle();
  rooms.reconnected(ada.participant);
  engine.release();
  await assert.rejects(joining, { code: 'identity-in-use' });
  assert.deepEqual(ada.ended, []);
  assert.equal(rooms.get(roomName('lab')).participants().length, 1);
});

test('a room that allows duplicates holds them side by side', async () => {
  const { rooms, join } = createRoomsWorld({ defaults: { ...ROOM_SETTINGS, duplicateIdentity: 'allow' } });
  const bob = await join('lab', 'bob');
  const [phone, laptop] = [await join('lab', 'ada'), await join('lab', 'ada')];
  assert.deepEqual(types(bob), ['participant-joined', 'participant-joined']);
  assert.deepEqual(types(phone), ['participant-joined'], 'they see each other');
  const lab = rooms.get(roomName('lab'));
  assert.deepEqual(lab.presences(identity('ada')), [phone.participant, laptop.participant]);
  lab.control.kick({ identity: identity('ada') });
  assert.deepEqual([...phone.ended, ...laptop.ended], ['kicked', 'kicked'], 'a kick is of the identity');
});

test('a second presence takes a seat of its own', async () => {
  const { join } = createRoomsWorld({
    defaults: { ...ROOM_SETTINGS, duplicateIdentity: 'allow', maxParticipants: 1 },
  });
  await join('lab', 'ada');
  await assert.rejects(join('lab', 'ada'), { code: 'room-full' });
});

function types(guest: Guest): string[] {
  return guest.events.map(({ type }) => type);
}
