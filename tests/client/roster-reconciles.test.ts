import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createRoster, type Roster, type RosterChange } from '../../client/sdk/roster.ts';
import type { LeaveReason, ParticipantInfo, ProducerInfo, RoomEvent } from '../../src/rooms/events.ts';
import { KIND_OF_SOURCE, type Source } from '../../src/rooms/grants.ts';

const GRACE = 10_000;

test('a first join announces everyone who is there, each before their tracks', () => {
  const roster = createRoster();
  const changes = roster.reset([person('ann', 'a1', { camera: 'c1' }), person('bob', 'b1', {})], undefined);
  assert.deepEqual(names(changes), ['joined ann', 'track-added ann/camera', 'joined bob']);
});

test('after a rejoin of the same room only what has really changed is announced', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1', microphone: 'm1' }), person('bob', 'b1', {}));
  const changes = roster.reset(
    [person('ann', 'a1', { camera: 'c1' }), person('cid', 'c1', { screen: 's1' })],
    undefined,
  );
  assert.deepEqual(names(changes), [
    'left bob disconnected',
    'track-removed ann/microphone',
    'joined cid',
    'track-added cid/screen',
  ]);
});

test('after a restart of the server those who come back in time were never gone', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1' }));
  assert.deepEqual(names(roster.reset([], GRACE)), []);
  assert.deepEqual(names(roster.apply(joined(person('ann', 'a2', {})), 2000)), []);
  assert.deepEqual(names(roster.apply(added('a2', producer('camera', 'c2')), 2500)), []);
  assert.deepEqual(names(roster.expire(GRACE * 9)), []);
  assert.equal(roster.find('c2')?.person.identity, 'ann');
  assert.equal(roster.find('c1'), undefined);
});

test('tracks of those who are back in time may take the whole of it as well', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1', microphone: 'm1' }));
  const until = 20_000;
  roster.reset([], until);
  assert.deepEqual(names(roster.apply(joined(person('ann', 'a2', {})), 2000)), []);
  assert.deepEqual(names(roster.apply(added('a2', producer('camera', 'c2')), 4000)), []);
  assert.deepEqual(names(roster.expire(until - 1)), [], 'a machine or network that is slow');
  assert.deepEqual(names(roster.expire(until)), ['track-removed ann/microphone']);
});

test('those who do not come back leave when their time is over', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1' }));
  roster.reset([], GRACE);
  assert.equal(roster.nextDeadline(), GRACE);
  assert.deepEqual(names(roster.expire(GRACE - 1)), []);
  assert.deepEqual(names(roster.expire(GRACE)), ['track-removed ann/camera', 'left ann disconnected']);
  assert.equal(roster.nextDeadline(), undefined);
});

test('a track that is muted when it comes back is announced as muted, and only then', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1', microphone: 'm1' }));
  roster.reset([person('ann', 'a1', {})], GRACE);
  assert.deepEqual(names(roster.apply(added('a1', producer('camera', 'c2')), 1)), []);
  const muted = { ...producer('microphone', 'm2'), paused: true };
  assert.deepEqual(names(roster.apply(added('a1', muted), 1)), ['track-muted ann/microphone']);
});

test('somebody who joins from elsewhere under the same identity goes on as the same person', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1' }));
  assert.deepEqual(names(roster.apply(replaced('a1', person('ann', 'a2', {})), 10)), ['replaced ann']);
  assert.deepEqual(names(roster.apply(added('a2', producer('camera', 'c2')), 20)), []);
  assert.deepEqual(names(roster.expire(1e6)), []);
});

test('a track that does not come back from the other connection is gone a while later', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1' }));
  roster.apply(replaced('a1', person('ann', 'a2', {})), 0);
  assert.deepEqual(names(roster.expire(1e6)), ['track-removed ann/camera']);
});

test('several presences of one identity are several people', () => {
  const roster = aRoster(person('ann', 'a1', { camera: 'c1' }));
  assert.deepEqual(names(roster.apply(joined(person('ann', 'a2', { camera: 'c2' })), 0)), [
    'joined ann',
    'track-added ann#a2/camera',
  ]);
  assert.deepEqual([...roster.people.keys()], ['ann', 'ann#a2']);
  assert.deepEqual(names(roster.apply(left('a1', 'ann', 'left'), 1)), ['track-removed ann/camera', 'left ann left']);
  // One of them has a new connection; which one it was, nobody can tell, and nobody needs to.
  assert.deepEqual(names(roster.reset([person('ann', 'a3', { camera: 'c3' })], undefined)), []);
  assert.deepEqual([...roster.people.keys()], ['ann#a2']);
});

test("one's own other presence is somebody else", () => {
  const roster = createRoster('ann');
  roster.reset([person('ann', 'a1', {})], undefined);
  assert.deepEqual([...roster.people.keys()], ['ann#a1']);
});

test('a presence that comes again after it was replaced is another one beside its successor', () => {
  const roster = aRoster(person('ann', 'a2', {}), person('ann', 'a1', {}));
  roster.apply(replaced('a1', person('ann', 'a3', {})), 0);
  assert.equal(names(roster.apply(joined(person('ann', 'a1', {})), 1)).length, 1);
  assert.deepEqual([...roster.people.values()].map(({ participantId }) => participantId).toSorted(), [
    'a1',
    'a2',
    'a3',
  ]);
});

test('word about a presence that was replaced changes nothing any more', () => {
  const roster = aRoster(person('ann', 'a1', {}));
  roster.apply(replaced('a1', person('ann', 'a2', {})), 0);
  assert.deepEqual(names(roster.apply(left('a1', 'ann', 'disconnected'), 1)), []);
  assert.deepEqual(names(roster.apply(left('a2', 'ann', 'left'), 2)), ['left ann left']);
});

test('whatever the server says, arrivals and departures alternate and tracks live inside their owner', () => {
  fc.assert(
    fc.property(fc.array(aStep(), { maxLength: 60 }), (steps) => {
      const roster = createRoster();
      const present = new Map<string, Set<string>>();
      let now = 0;
      for (const { elapsed, act } of steps) {
        now += elapsed;
        for (const change of act(roster, now)) mirror(present, change);
        assert.deepEqual(shape(roster), new Map([...present].map(([who, tracks]) => [who, [...tracks].toSorted()])));
      }
      // With nobody missing for ever, what is left is what the server last said.
      for (const change of roster.expire(now + 1e6)) mirror(present, change);
      assert.equal(roster.nextDeadline(), undefined);
    }),
  );
});

test('a rejoin that finds everything as it was announces nothing', () => {
  fc.assert(
    fc.property(fc.array(aStep(), { maxLength: 30 }), fc.boolean(), (steps, sameRoom) => {
      const roster = createRoster();
      let now = 0;
      for (const { elapsed, act } of steps) act(roster, (now += elapsed));
      roster.expire(now + 1e6);
      const state = [...roster.people.values()].map((one) =>
        person(
          one.identity,
          `${one.participantId}'`,
          Object.fromEntries([...one.tracks.values()].map(({ source, producerId }) => [source, `${producerId}'`])),
          [...one.tracks.values()].filter(({ muted }) => muted).map(({ source }) => source),
        ),
      );
      assert.deepEqual(names(roster.reset(state, sameRoom ? undefined : now + GRACE)), []);
    }),
  );
});

type Step = { elapsed: number; act: (roster: Roster, now: number) => RosterChange[] };

function aStep(): fc.Arbitrary<Step> {
  const who = fc.constantFrom('ann', 'bob', 'cid');
  const presence = fc.constantFrom('1', '2');
  const source = fc.constantFrom<Source>('camera', 'microphone', 'screen');
  const info = fc
    .tuple(who, presence, fc.uniqueArray(source))
    .map(([one, at, sources]) => person(one, one + at, Object.fromEntries(sources.map((s) => [s, `${one}${at}${s}`]))));
  const event = fc.oneof(
    info.map(joined),
    fc.tuple(info, presence).map(([one, at]) => replaced(one.identity + at, one)),
    fc
      .tuple(who, presence, fc.constantFrom<LeaveReason>('left', 'replaced', 'disconnected'))
      .map(([one, at, why]) => left(one + at, one, why)),
    fc.tuple(who, presence, source).map(([one, at, s]) => added(one + at, producer(s, `${one}${at}${s}`))),
    fc
      .tuple(who, presence, source, fc.constantFrom('producer-paused', 'producer-resumed', 'producer-removed'))
      .map(([one, at, s, type]) => ({ type, participantId: one + at, producerId: `${one}${at}${s}` }) as RoomEvent),
  );
  const act = fc.oneof(
    event.map(
      (one): Step['act'] =>
        (roster, now) =>
          roster.apply(one, now),
    ),
    fc.tuple(fc.uniqueArray(info, { selector: ({ id }) => id }), fc.boolean()).map(
      ([infos, grace]): Step['act'] =>
        (roster, now) =>
          roster.reset(infos, grace ? now + GRACE : undefined),
    ),
    fc.constant<Step['act']>((roster, now) => roster.expire(now)),
  );
  return fc.record({ elapsed: fc.nat(4000), act });
}

/** What an application that only listens believes, which fails where an event contradicts the ones before. */
function mirror(present: Map<string, Set<string>>, change: RosterChange): void {
  const { key } = change.person;
  if (change.type === 'joined') {
    assert.ok(!present.has(key), `${key} joined twice`);
    present.set(key, new Set());
    return;
  }
  const tracks = present.get(key);
  assert.ok(tracks !== undefined, `${change.type} of ${key}, who is not there`);
  if (change.type === 'replaced' || change.type === 'updated') return;
  if (change.type === 'left') {
    assert.equal(tracks.size, 0);
    present.delete(key);
    return;
  }
  assert.equal(tracks.has(change.track.source), change.type !== 'track-added', `${change.type} ${change.track.id}`);
  if (change.type === 'track-added') tracks.add(change.track.source);
  if (change.type === 'track-removed') tracks.delete(change.track.source);
}

function shape(roster: Roster): Map<string, string[]> {
  return new Map([...roster.people.values()].map((one) => [one.key, [...one.tracks.keys()].toSorted()]));
}

function aRoster(...participants: ParticipantInfo[]): Roster {
  const roster = createRoster();
  roster.reset(participants, undefined);
  return roster;
}

function names(changes: readonly RosterChange[]): string[] {
  return changes.map((change) => {
    if (change.type === 'joined' || change.type === 'replaced' || change.type === 'updated') {
      return `${change.type} ${change.person.identity}`;
    }
    if (change.type === 'left') return `left ${change.person.identity} ${change.reason}`;
    return `${change.type} ${change.track.id}`;
  });
}

function person(
  identity: string,
  id: string,
  tracks: Partial<Record<Source, string>>,
  muted: readonly Source[] = [],
): ParticipantInfo {
  const producers = (Object.entries(tracks) as [Source, string][]).map(([source, producerId]) => ({
    ...producer(source, producerId),
    paused: muted.includes(source),
  }));
  return {
    id,
    index: 0,
    identity,
    name: identity,
    metadata: {},
    attributes: {},
    joinedAt: 0,
    producers,
  } as unknown as ParticipantInfo;
}

function producer(source: Source, id: string): ProducerInfo {
  const kind = KIND_OF_SOURCE[source];
  return { id: id as ProducerInfo['id'], kind, source, paused: false, layers: { spatial: 1, temporal: 1 } };
}

function joined(participant: ParticipantInfo): RoomEvent {
  return { type: 'participant-joined', participant };
}

function replaced(participantId: string, participant: ParticipantInfo): RoomEvent {
  return { type: 'participant-replaced', participantId, participant } as RoomEvent;
}

function left(participantId: string, identity: string, reason: LeaveReason): RoomEvent {
  return { type: 'participant-left', participantId, identity, reason } as RoomEvent;
}

function added(participantId: string, one: ProducerInfo): RoomEvent {
  return { type: 'producer-added', participantId, producer: one } as RoomEvent;
}
