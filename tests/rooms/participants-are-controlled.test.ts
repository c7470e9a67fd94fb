import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RoomEvent } from '../../src/rooms/events.ts';
import { AUDIO, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, identity, roomName, settle } from '../support/rooms.ts';

const MICROPHONE = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;
const CAMERA = { kind: 'video', source: 'camera', rtpParameters: VIDEO } as const;
const ADA = { identity: identity('ada') };
const BOB = { identity: identity('bob') };

test('who is muted by an administrator is silent at once, is told by whom, and may unmute', async () => {
  const { join, engine, facts } = createRoomsWorld();
  const chair = await join('lab', 'chair', { grants: { admin: true } });
  const ada = await join('lab', 'ada');
  const { id } = await ada.participant.requests.produce(MICROPHONE);
  assert.equal(await chair.participant.moderation.mute(ADA, ['microphone']), 1);
  assert.equal(engine.rooms[0]!.producers.get(id)!.paused, true);
  const told = {
    type: 'producer-paused',
    participantId: ada.participant.id,
    producerId: id,
    by: 'admin',
    admin: 'chair',
  };
  assert.deepEqual(ada.events.at(-1), told);
  assert.deepEqual(of(chair, 'producer-paused'), [told]);
  assert.deepEqual(
    facts.flatMap((fact) => (fact.type === 'track-muted' ? [{ by: fact.by, admin: fact.admin }] : [])),
    [{ by: 'admin', admin: 'chair' }],
  );
  await ada.participant.requests.resumeProducer(id);
  assert.equal(engine.rooms[0]!.producers.get(id)!.paused, false);
});

test('a mute that crosses an unmute holds: the last word counts, in whatever state the first is', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const { id } = await ada.participant.requests.produce({ ...MICROPHONE, paused: true });
  engine.hold();
  const unmuting = ada.participant.requests.resumeProducer(id);
  await settle();
  const muting = rooms.get(roomName('lab')).control.mute(ADA);
  engine.release();
  await Promise.all([unmuting, muting]);
  assert.equal(engine.rooms[0]!.producers.get(id)!.paused, true);
  assert.deepEqual(
    [...ada.participant.publications].map(({ paused }) => paused),
    [true],
  );
});

test('nobody escapes a mute or a kick by keeping the server busy', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const { id } = await ada.participant.requests.produce(MICROPHONE);
  engine.hold();
  const flood = Array.from({ length: 100 }, () => ada.participant.requests.restartIce(ada.joined.media.send.id));
  const muted = rooms.get(roomName('lab')).control.mute(ADA);
  engine.release();
  assert.equal(await muted, 1);
  assert.equal(engine.rooms[0]!.producers.get(id)!.paused, true);
  await Promise.allSettled(flood);
});

test('everyone can be muted but the one who asks', async () => {
  const { join } = createRoomsWorld();
  const chair = await join('lab', 'chair', { grants: { admin: true } });
  const guests = [await join('lab', 'ada'), await join('lab', 'bob')];
  for (const { participant } of [chair, ...guests]) await participant.requests.produce(MICROPHONE);
  await guests[0]!.participant.requests.produce(CAMERA);
  assert.equal(await chair.participant.moderation.muteAll(['microphone']), 2);
  assert.deepEqual(
    [...chair.participant.publications].map(({ paused }) => paused),
    [false],
  );
  assert.deepEqual(
    [...guests[0]!.participant.publications].map(({ paused }) => paused),
    [true, false],
  );
});

test('to unmute is asked for, and never done by force', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada', { grants: { publish: ['microphone'] } });
  const { id } = await ada.participant.requests.produce({ ...MICROPHONE, paused: true });
  const { control } = rooms.get(roomName('lab'));
  control.askToUnmute(ADA, 'microphone');
  await settle();
  assert.deepEqual(ada.events.at(-1), { type: 'unmute-requested', source: 'microphone', by: 'application' });
  assert.equal([...ada.participant.publications][0]!.paused, true);
  assert.ok(id !== undefined && engine.rooms.length === 1);
  assert.throws(() => control.askToUnmute(ADA, 'camera'), { code: 'forbidden' });
});

test('a source that is not granted any more ends at once, one that is granted works, and the rest goes on', async () => {
  const { rooms, join } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  const ada = await join('lab', 'ada');
  const camera = await ada.participant.requests.produce(CAMERA);
  await ada.participant.requests.produce(MICROPHONE);
  await settle();
  const { control } = rooms.get(roomName('lab'));
  control.update(ADA, { grants: { publish: ['microphone'] } });
  const removed = {
    type: 'producer-removed',
    participantId: ada.participant.id,
    producerId: camera.id,
    by: 'application',
  };
  assert.deepEqual(of(ada, 'producer-removed'), [removed]);
  assert.deepEqual(of(bob, 'producer-removed'), [removed]);
  assert.equal(of(bob, 'consumer-removed').length, 1);
  assert.equal(of(ada, 'grants-changed').at(-1)?.grants.publish.join(), 'microphone');
  await assert.rejects(ada.participant.requests.produce(CAMERA), { code: 'forbidden' });
  control.update(ADA, { grants: { publish: ['camera', 'microphone'] } });
  await ada.participant.requests.produce(CAMERA);
});

test('a grant that goes while its track is being opened leaves no track behind', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  engine.hold();
  const opening = ada.participant.requests.produce(CAMERA);
  opening.catch(() => undefined);
  await settle();
  rooms.get(roomName('lab')).control.update(ADA, { grants: { publish: [] } });
  engine.release();
  await assert.rejects(opening, { code: 'forbidden' });
  assert.equal(engine.rooms[0]!.producers.size, 0);
});

test('who may not receive any more receives nothing, and everything again with the grant', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(MICROPHONE);
  const bob = await join('lab', 'bob');
  assert.equal(bob.joined.consumers.length, 1);
  const { control } = rooms.get(roomName('lab'));
  control.update(BOB, { grants: { subscribe: false } });
  assert.equal(engine.rooms[0]!.consumers.size, 0);
  assert.deepEqual(
    of(bob, 'consumer-removed').map(({ consumerId }) => consumerId),
    [bob.joined.consumers[0]!.id],
  );
  await ada.participant.requests.produce(CAMERA);
  await settle();
  assert.equal(engine.rooms[0]!.consumers.size, 0);
  control.update(BOB, { grants: { subscribe: true } });
  await settle();
  assert.equal(of(bob, 'consumer-added').length, 2);
});

test('who is hidden has left for the others, with its tracks; who is shown again has come', async () => {
  const { rooms, join } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(MICROPHONE);
  await settle();
  const { control } = rooms.get(roomName('lab'));
  control.update(ADA, { grants: { hidden: true }, name: 'Nobody' });
  assert.deepEqual(
    bob.events.slice(-3).map(({ type }) => type),
    ['consumer-removed', 'producer-removed', 'participant-left'],
  );
  assert.equal((bob.events.at(-1) as { reason?: string }).reason, 'left');
  assert.deepEqual(
    (await join('lab', 'cy')).joined.participants.map(({ identity: who }) => who),
    ['bob'],
  );
  await assert.rejects(ada.participant.sendData('reliable', { t: 'message' }, new Uint8Array()), { code: 'forbidden' });
  await assert.rejects(ada.participant.requests.produce(MICROPHONE), { code: 'forbidden' });
  const before = bob.events.length;
  control.update(ADA, { attributes: { mood: 'unseen' } });
  assert.equal(bob.events.length, before);
  control.update(ADA, { grants: { hidden: false } });
  assert.deepEqual(bob.events.at(-1), { type: 'participant-joined', participant: ada.participant.info });
});

test('name, metadata and attributes change as deltas that everyone gets, and only where something is another', async () => {
  const { rooms, join } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  const ada = await join('lab', 'ada', { grants: { profile: true } });
  await ada.participant.changeOwnProfile({ attributes: { hand: 'up', ['__proto__']: 'x' } });
  const [first] = of(bob, 'participant-updated');
  assert.deepEqual(Object.entries(first!.attributes!), [
    ['hand', 'up'],
    ['__proto__', 'x'],
  ]);
  await ada.participant.changeOwnProfile({ attributes: { hand: null, away: null } });
  assert.deepEqual(of(bob, 'participant-updated')[1]!.attributes, { hand: null });
  const { version } = ada.participant;
  rooms.get(roomName('lab')).control.update(ADA, { name: 'ada', attributes: { hand: null } });
  assert.equal(ada.participant.version, version);
  assert.equal(of(bob, 'participant-updated').length, 2);
  assert.deepEqual(of(ada, 'participant-updated'), of(bob, 'participant-updated'), 'oneself, too');
  await assert.rejects(bob.participant.changeOwnProfile({ name: 'Robert' }), { code: 'forbidden' });
});

test('what is too large changes nothing at all', async () => {
  const { rooms, join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const { control } = rooms.get(roomName('lab'));
  const large = 'x'.repeat(300);
  for (const change of [{ metadata: { large } }, { attributes: { large } }]) {
    assert.throws(() => control.update(ADA, { name: 'Other', grants: { publish: [] }, ...change }), {
      code: 'invalid-request',
    });
  }
  assert.equal(ada.participant.profile.name, 'ada');
  assert.equal(ada.participant.profile.grants.publish.length, 4);
  assert.deepEqual(ada.events, []);
});

test('what was changed holds when the same token comes back; another token says what is so from then on', async () => {
  const { rooms, join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  rooms.get(roomName('lab')).control.update(ADA, { name: 'Ada L.', grants: { publish: [] } });
  ada.participant.leave('disconnected');
  const again = await join('lab', 'ada');
  assert.deepEqual([again.joined.self.name, again.joined.grants.publish], ['Ada L.', []]);
  const anew = await join('lab', 'ada', { tokenId: 'another' });
  assert.equal(anew.joined.self.name, 'ada');
  assert.equal(anew.joined.grants.publish.length, 4);
});

test('a kick says why to the person and to the books, and to nobody else', async () => {
  const { rooms, join, facts, revoked } = createRoomsWorld();
  const bob = await join('lab', 'bob');
  const ada = await join('lab', 'ada');
  const { control } = rooms.get(roomName('lab'));
  control.kick(ADA, 'Spam');
  assert.deepEqual([ada.ended, ada.reasons], [['kicked'], ['Spam']]);
  assert.deepEqual(revoked, ['token-ada']);
  const { type, reason, text, by } = facts.findLast((fact) => fact.type === 'participant-left')!;
  assert.deepEqual(
    { type, reason, text, by },
    { type: 'participant-left', reason: 'kicked', text: 'Spam', by: 'application' },
  );
  assert.ok(!JSON.stringify(bob.events).includes('Spam'));
  assert.throws(() => control.kick(ADA), { code: 'participant-not-found' });
});

test('a kick also puts out who is just joining, and says why', async () => {
  const { rooms, join, engine, revoked } = createRoomsWorld();
  await join('lab', 'bob');
  engine.hold();
  const joining = join('lab', 'ada');
  joining.catch(() => undefined);
  await settle();
  rooms.get(roomName('lab')).control.kick(ADA, 'Spam');
  engine.release();
  await assert.rejects(joining, { code: 'kicked', reason: 'Spam' });
  assert.deepEqual(revoked, ['token-ada']);
  await settle();
  assert.equal(engine.rooms[0]!.transports.size, 2, 'no transport is left behind');
});

test('without the grant nobody controls anybody, and losing it counts at once', async () => {
  const { rooms, join } = createRoomsWorld();
  const eve = await join('lab', 'eve');
  const chair = await join('lab', 'chair', { grants: { admin: true } });
  rooms.get(roomName('lab')).control.update({ identity: identity('chair') }, { grants: { admin: false } });
  for (const { participant } of [eve, chair]) {
    const { moderation } = participant;
    await assert.rejects(moderation.mute({ identity: identity('eve') }), { code: 'forbidden' });
    await assert.rejects(moderation.muteAll(), { code: 'forbidden' });
    await assert.rejects(moderation.move({ identity: identity('eve') }, roomName('den')), { code: 'forbidden' });
    assert.throws(() => moderation.kick({ identity: identity('eve') }), { code: 'forbidden' });
    assert.throws(() => moderation.kick({ identity: identity('nobody') }), { code: 'forbidden' });
    assert.throws(() => moderation.update({ identity: identity('eve') }, { name: 'x' }), { code: 'forbidden' });
    assert.throws(() => moderation.askToUnmute({ identity: identity('eve') }, 'camera'), { code: 'forbidden' });
  }
  assert.deepEqual(eve.ended, []);
});

test('to an administrator, who is hidden is not there; and a hidden one is not named', async () => {
  const { rooms, join } = createRoomsWorld();
  const chair = await join('lab', 'chair', { grants: { admin: true } });
  await join('lab', 'ghost', { grants: { hidden: true, admin: true } });
  const ghost = { identity: identity('ghost') };
  assert.throws(() => chair.participant.moderation.kick(ghost), { code: 'participant-not-found' });
  assert.throws(() => chair.participant.moderation.update(ghost, { name: 'x' }), { code: 'participant-not-found' });
  await chair.participant.requests.produce(MICROPHONE);
  const [hidden] = rooms.get(roomName('lab')).presences(identity('ghost'));
  await hidden!.moderation.muteAll();
  assert.ok(!JSON.stringify(chair.events).includes('ghost'));
  assert.equal((chair.events.at(-1) as { by?: string }).by, 'admin');
});

/** What the guest was told of this kind. */
function of<Type extends RoomEvent['type']>(guest: Guest, type: Type): Extract<RoomEvent, { type: Type }>[] {
  return guest.events.filter((event): event is Extract<RoomEvent, { type: Type }> => event.type === type);
}
