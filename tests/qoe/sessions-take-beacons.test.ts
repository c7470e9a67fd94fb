import assert from 'node:assert/strict';
import { test } from 'node:test';

import { later, type Millis } from '../../src/kernel/clock.ts';
import { SluiceError } from '../../src/kernel/errors.ts';
import type { Beacon } from '../../src/qoe/beacon.ts';
import { CAUSES } from '../../src/qoe/causes.ts';
import { QoeSessions, type QoeSessionsOptions } from '../../src/qoe/sessions.ts';
import type { SessionChange, SessionStart } from '../../src/qoe/store/control.ts';
import type { Point } from '../../src/qoe/store/rollup.ts';
import type { Identity, ParticipantId, RoomId, RoomName } from '../../src/rooms/ids.ts';

const T0 = 1_700_000_000_000 as Millis;
const after = (seconds: number) => (T0 + seconds * 1000) as Millis;
const ann = { room: 'lobby', identity: 'ann' };
const id = 'a1' as ParticipantId;

test('a beacon that is sent twice counts once; the bad ones in it are explained', () => {
  const { sessions } = watched();
  const beacon = beaconAt(2, [{ rtt: 20 }, { rtt: null }, { rtt: 30 }]);
  assert.deepEqual(sessions.ingest(beacon, ann, after(2)), {
    ...{ accepted: 2, duplicate: 0, rejected: 1 },
    reasons: [{ index: 1, why: 'not-a-number', field: 'rtt' }],
  });
  const again = sessions.ingest(beacon, ann, after(3));
  assert.deepEqual([again.accepted, again.duplicate, again.rejected], [0, 2, 1]);
});

test("a beacon for another room or identity than the token's is refused", () => {
  const { sessions } = watched();
  const beacon = beaconAt(2, [{ rtt: 20 }]);
  const refused = [
    [beacon, { room: 'lobby', identity: 'bob' }],
    [beacon, { room: 'attic', identity: 'ann' }],
    [{ ...beacon, room: 'attic' }, ann],
    [{ ...beacon, identity: 'bob' }, ann],
  ] as const;
  for (const [each, sender] of refused) assertRefused(() => sessions.ingest(each, sender, after(2)), 'forbidden');
  assert.equal(sessions.ingest(beacon, ann, after(2)).accepted, 1);
});

test('beacons come for a minute after the end, and then no more; the session is forgotten', () => {
  const { sessions, changes } = watched();
  sessions.end(id, 'left', after(10));
  assert.deepEqual(changes.at(-1), { key: 1, left: after(10), endReason: 'left' });
  const last = beaconAt(11, [{ joinSocket: 12.4, joinFirstFrame: 130 }]);
  assert.equal(sessions.ingest(last, ann, after(40)).accepted, 1);
  assert.deepEqual(changes.at(-1), { key: 1, joinSteps: [12, null, null, 130], reconnects: 0 });
  assertRefused(() => sessions.ingest(last, ann, after(70)), 'session-ended');
  passSecond(sessions, 71);
  assert.deepEqual(sessions.size, { live: 0, ended: 0 });
});

test('each second of which anything is known is one point; what is not known is -1', () => {
  const { sessions, points } = watched();
  passSecond(sessions, 0);
  assert.deepEqual(points, []);
  sessions.ingest(beaconAt(1, [{ rtt: 41.2 }]), ann, after(1));
  passSecond(sessions, 1);
  sessions.takeProducer(id, audio(0.2), after(2));
  passSecond(sessions, 2);
  const nothing = { up: -1, down: -1, experience: -1, bitrateUp: -1, bitrateDown: -1, lossUp: -1, lossDown: -1 };
  assert.deepEqual(points[0], { session: 1, t: T0 / 1000 + 1, ...nothing, rtt: 41, level: 3, cause: -1, cost: 0 });
  const { up, bitrateUp, lossUp, rtt, level, cause, cost } = points[1]!;
  assert.deepEqual(
    { bitrateUp, lossUp, rtt, level, cause },
    { bitrateUp: 32, lossUp: 2000, rtt: 41, level: 1, cause: 0 },
  );
  assert.ok(up > 150 && up < 250);
  assert.equal(cost, 450 - up);
});

test('a change of level is told once', () => {
  const { sessions, told } = watched();
  for (let at = 1; at <= 4; at += 1) {
    sessions.takeProducer(id, audio(0.2), after(at));
    passSecond(sessions, at);
  }
  assert.deepEqual(told, ['poor']);
});

test('tracks that only the client knows are bounded, whatever the server sees; room is made when they fall silent', () => {
  const { sessions } = watched();
  const tracks = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ kind: 'recv', track: `t${from + index}`, packets: 1 }));
  for (let index = 0; index < 200; index += 1) sessions.takeConsumer(id, consumer(`c${index}`), after(1));
  const first = sessions.ingest(beaconAt(2, tracks(0, 100), 0), ann, after(2));
  assert.deepEqual([first.accepted, first.rejected, first.reasons[0]?.why], [64, 36, 'too-many-tracks']);
  const seen = Array.from({ length: 100 }, (_, index) => ({ kind: 'recv', track: `c${index}`, packets: 1 }));
  assert.equal(sessions.ingest(beaconAt(3, seen, 100), ann, after(3)).accepted, 100);
  assert.equal(sessions.ingest(beaconAt(30, tracks(200, 40), 200), ann, after(30)).accepted, 40);
});

test('samples of a session that has ended are judged, and keep no tracks alive', () => {
  const { sessions } = watched();
  sessions.end(id, 'left', after(1));
  const samples = [{ kind: 'recv', track: 'x', packets: 1 }, { rtt: null }];
  const { accepted, rejected } = sessions.ingest(beaconAt(2, samples), ann, after(2));
  assert.deepEqual([accepted, rejected], [1, 1]);
  assert.deepEqual(sessions.size, { live: 0, ended: 1 });
});

test('every session has one turn in each second of the clock, however many there are', () => {
  const { sessions, points } = watched();
  for (let index = 1; index < 50; index += 1) join(sessions, `a${index + 1}`, T0);
  for (let now = T0; now < T0 + 10_000; now = later(now, 37)) {
    for (let index = 1; index <= 50; index += 1) sessions.takeProducer(`a${index}` as ParticipantId, audio(0), now);
    sessions.advance(now);
  }
  const seconds = Map.groupBy(points, ({ session }) => session);
  assert.equal(seconds.size, 50);
  for (const [session, each] of seconds) {
    const times = each.map(({ t }) => t);
    assert.equal(new Set(times).size, times.length, `session ${session}`);
    assert.ok(times.length >= 9, `${times.length} seconds of session ${session}`);
  }
});

test('a clock that jumps loses the seconds in between, and no more', () => {
  const { sessions, points } = watched();
  for (const second of [1, 3600, 2, 3]) {
    sessions.takeProducer(id, audio(0), after(second));
    passSecond(sessions, second);
  }
  assert.deepEqual(
    points.map(({ t }) => t - T0 / 1000),
    [1, 3600, 2, 3],
  );
});

test('where nothing is known any more, a bad level is left as slowly as if it had become good', () => {
  const { sessions, told } = watched();
  sessions.takeProducer(id, audio(0.2), after(1));
  for (let at = 1; at < 60; at += 1) passSecond(sessions, at);
  assert.deepEqual(told, ['poor', 'good', 'excellent']);
});

test('trouble that lasts is told once, with its direction and cause, and its end when it is over', () => {
  const { sessions, crossings } = watched([{ level: 'poor', for: 5000 }]);
  for (let at = 1; at <= 10; at += 1) {
    sessions.takeProducer(id, audio(0.2), after(at));
    passSecond(sessions, at);
  }
  assert.deepEqual(crossings, ['raised up poor loss-up 1']);
  for (let at = 11; at <= 40; at += 1) {
    sessions.takeProducer(id, audio(0), after(at));
    passSecond(sessions, at);
  }
  assert.equal(crossings.length, 2);
  assert.match(crossings[1]!, /^ended up good/u);
});

test('trouble that goes on when a session ends is over with it', () => {
  const { sessions, crossings } = watched([{ level: 'poor', for: 0 }]);
  sessions.takeProducer(id, audio(0.2), after(1));
  passSecond(sessions, 1);
  sessions.end(id, 'left', after(2));
  assert.deepEqual(
    crossings.map((each) => each.split(' ')[0]),
    ['raised', 'ended'],
  );
});

test('trouble that the server sees is scored and told at once, not with the next turn of its session', () => {
  const { sessions, falls } = watched();
  for (let at = 1; at <= 4; at += 1) {
    sessions.takeProducer(id, audio(0), after(at));
    passSecond(sessions, at);
  }
  assert.deepEqual(falls, []);
  // Joined first, its turn is in the first of the second's slices.
  sessions.advance(after(5.01));
  sessions.takeProducer(id, audio(0.028), after(5.3));
  sessions.advance(after(5.35));
  assert.equal(falls.length, 1);
  assert.ok(falls[0]! < 4.3 && falls[0]! > 4, String(falls[0]));
  passSecond(sessions, 6);
  assert.equal(falls.length, 1, 'what a turn tells is told with it');
});

test('news of one session again and again is scored five times a second at most', () => {
  const { sessions, falls } = watched();
  for (let at = 1; at <= 4; at += 1) {
    sessions.takeProducer(id, audio(0), after(at));
    passSecond(sessions, at);
  }
  sessions.advance(after(5.01));
  for (let tick = 0; tick < 18; tick += 1) {
    const now = later(after(5.05), 50 * tick);
    sessions.takeProducer(id, { ...audio(0.0007 * tick ** 1.5), ms: 50 }, now);
    sessions.advance(now);
  }
  assert.ok(falls.length <= 5, `${falls.length} times`);
});

test('a track is sent or received, and not both', () => {
  const { sessions } = watched();
  const samples = [
    { kind: 'send', track: 'x' },
    { kind: 'recv', track: 'x' },
  ];
  const { accepted, reasons } = sessions.ingest(beaconAt(2, samples), ann, after(2));
  assert.equal(accepted, 1);
  assert.deepEqual(reasons, [{ index: 1, why: 'inconsistent', field: 'track' }]);
});

/** All turns of a second. */
function passSecond(sessions: QoeSessions, at: number): void {
  for (let slice = 0; slice < 20; slice += 1) sessions.advance((after(at) + 50 * slice) as Millis);
}

function join(sessions: QoeSessions, session: string, joined: Millis): void {
  const place = { room: 'lobby' as RoomName, roomId: 'r1' as RoomId, identity: 'ann' as Identity, name: 'Ann' };
  sessions.start({ id: session as ParticipantId, ...place, joined });
}

function watched(thresholds: QoeSessionsOptions['thresholds'] = []) {
  const starts: object[] = [];
  const changes: SessionChange[] = [];
  const points: Point[] = [];
  const told: string[] = [];
  const crossings: string[] = [];
  const falls: number[] = [];
  const sessions = new QoeSessions({
    store: {
      start: (session: Omit<SessionStart, 'key'>) => starts.push(session),
      change: (change) => void changes.push(change),
      add: (point) => void points.push(point),
    },
    thresholds,
    onChange: ({ quality }) => void told.push(quality.both.level),
    onCrossing(_, { state, direction, level, since }, quality) {
      const cause = CAUSES[quality[direction].cause]?.id;
      crossings.push(`${state} ${direction} ${level} ${cause} ${Math.floor((since - T0) / 1000)}`);
    },
    onFall: ({ quality }) => void falls.push(quality.up.score),
    onSecond: () => undefined,
    onJoinStep: () => undefined,
  });
  join(sessions, id, T0);
  return { sessions, starts, changes, points, told, crossings, falls };
}

/** A beacon of session samples, or of others where they name a kind. */
function beaconAt(second: number, samples: object[], firstSequence = second * 100): Beacon {
  const head = (index: number) => ({ kind: 'session', seq: firstSequence + index, at: after(second), ms: 2000 });
  return {
    v: 1,
    session: id,
    sentAt: after(second),
    samples: samples.map((each, index) => ({ ...head(index), ...each })),
  };
}

function audio(loss: number) {
  return {
    ...({ id: 'p1', kind: 'audio', source: 'microphone', codec: 'opus', paused: false, ms: 1000 } as const),
    ...{ packets: 100 - 100 * loss, lost: 100 * loss, jitter: 2, rtt: 20, bitrate: 32_000, wantedShare: 1 },
  };
}

function consumer(track: string) {
  return { ...audio(0), id: track, producerId: `of-${track}` };
}

function assertRefused(act: () => unknown, code: string): void {
  assert.throws(act, (error) => error instanceof SluiceError && error.code === code);
}
