import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Millis } from '../../src/kernel/clock.ts';
import { SluiceError } from '../../src/kernel/errors.ts';
import type { Beacon } from '../../src/qoe/beacon.ts';
import { QoeSessions } from '../../src/qoe/sessions.ts';
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
  assertRefused(() => sessions.ingest(last, ann, after(70)), 'session-gone');
  sessions.tick(after(71));
  assert.equal(sessions.size, 0);
});

test('each second of a live session is one point; what is not known is -1', () => {
  const { sessions, points } = watched();
  sessions.tick(after(1));
  sessions.ingest(beaconAt(2, [{ rtt: 41.2 }]), ann, after(2));
  sessions.takeProducer(id, audio(0.2), after(2));
  sessions.tick(after(2));
  const nothing = { up: -1, down: -1, experience: -1, bitrateUp: -1, bitrateDown: -1, lossUp: -1, lossDown: -1 };
  assert.deepEqual(points[0], { session: 1, t: T0 / 1000 + 1, ...nothing, rtt: -1, level: 3, cause: -1, cost: 0 });
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
  for (let second = 1; second <= 4; second += 1) {
    sessions.takeProducer(id, audio(0.2), after(second));
    sessions.tick(after(second));
  }
  assert.deepEqual(told, ['poor']);
});

test('tracks beyond the bound are refused, and room is made when old ones fall silent', () => {
  const { sessions } = watched();
  const tracks = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ kind: 'recv', track: `t${from + index}`, packets: 1 }));
  assert.equal(sessions.ingest(beaconAt(2, tracks(0, 100), 0), ann, after(2)).accepted, 100);
  const second = sessions.ingest(beaconAt(3, tracks(100, 40), 100), ann, after(3));
  assert.deepEqual([second.accepted, second.rejected, second.reasons[0]?.why], [28, 12, 'too-many-tracks']);
  assert.equal(sessions.ingest(beaconAt(30, tracks(200, 40), 200), ann, after(30)).accepted, 40);
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

function watched() {
  const starts: object[] = [];
  const changes: SessionChange[] = [];
  const points: Point[] = [];
  const told: string[] = [];
  const sessions = new QoeSessions({
    store: {
      start: (session: Omit<SessionStart, 'key'>) => starts.push(session),
      change: (change) => void changes.push(change),
      add: (point) => void points.push(point),
    },
    onChange: (_, quality) => told.push(quality.both.level),
  });
  const place = { room: 'lobby' as RoomName, roomId: 'r1' as RoomId, identity: 'ann' as Identity };
  sessions.start({ id, ...place, joined: T0 });
  return { sessions, starts, changes, points, told };
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
    ...{ packets: 100 - 100 * loss, lost: 100 * loss, jitter: 2, rtt: 20, bitrate: 32_000 },
  };
}

function assertRefused(act: () => unknown, code: string): void {
  assert.throws(act, (error) => error instanceof SluiceError && error.code === code);
}
