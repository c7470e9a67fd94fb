/** What participants, and those who are none, can do to the beacons of others: nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { beaconOf, bearing, postBeacon } from '../support/beacons.ts';
import { joinRoom, type TestParticipant } from '../support/participant.ts';
import { API_KEYS, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let mallory: TestParticipant;
let ann: TestParticipant;
before(async () => {
  // So that only the flood below meets a limit, and each of the others says what it is about.
  server = await startServer(['--limits.beacons.rate', '1', '--limits.beacons.burst', '300']);
  mallory = await joinRoom(server.url, await server.token('lobby', 'mallory'));
  ann = await joinRoom(server.url, await server.token('lobby', 'ann'));
});
after(async () => {
  mallory.close();
  ann.close();
  await server.close();
});

test('a gzip bomb is refused by its size, without becoming it', async () => {
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, ' '));
  assert.ok(bomb.length < 64 * 1024);
  const memory = process.memoryUsage().rss;
  const answer = await postBeacon(server.url, bomb, { ...bearing(mallory.token), 'content-encoding': 'gzip' });
  assert.deepEqual([answer.status, answer.body.code], [413, 'body-too-large']);
  assert.ok(process.memoryUsage().rss - memory < 30 * 1024 * 1024);
  const members = Buffer.concat(Array.from({ length: 3000 }, () => gzipSync('')));
  assert.equal((await postBeacon(server.url, members, bearing(mallory.token))).status, 400);
  const many = Buffer.concat(Array.from({ length: 1000 }, () => gzipSync(' '.repeat(100))));
  assert.equal((await postBeacon(server.url, many, bearing(mallory.token))).status, 413);
  assert.equal((await postBeacon(server.url, bomb.subarray(0, 1000), bearing(mallory.token))).status, 413);
  const cut = gzipSync(JSON.stringify(beaconOf(mallory.id, [{ rtt: 1 }]))).subarray(0, 40);
  assert.equal((await postBeacon(server.url, cut, bearing(mallory.token))).body.code, 'malformed-json');
});

test('bodies and batches that are too large are refused, whatever they say of their length', async () => {
  const large = JSON.stringify(beaconOf(mallory.id, [{ track: 'x'.repeat(70_000) }]));
  assert.equal((await postBeacon(server.url, large, bearing(mallory.token))).status, 413);
  const samples = Array.from({ length: 101 }, () => ({ rtt: 1 }));
  const batch = await postBeacon(server.url, beaconOf(mallory.id, samples), bearing(mallory.token));
  assert.deepEqual([batch.status, batch.body.code], [400, 'invalid-request']);
});

test('absurd, ancient, future and reordered samples are counted, explained, and not believed', async () => {
  const at = Date.now();
  const bad = [
    [{ rtt: null }, 'not-a-number'],
    [{ rtt: 'fast' }, 'wrong-type'],
    [{ rtt: -5 }, 'negative'],
    [{ rtt: 1e300 }, 'absurd'],
    [{ at: at + 3_600_000 }, 'future'],
    [{ at: at - 86_400_000 }, 'ancient'],
    [{ at: 0 }, 'absurd'],
    [{ ms: 0 }, 'absurd'],
    [{ seq: 1.5 }, 'not-an-integer'],
    [{ seq: -1 }, 'negative'],
    [{ seq: 2 ** 53 }, 'absurd'],
    [{ kind: 'recv', track: 'x', concealed: 3 }, 'absurd'],
    [{ kind: 'recv', track: 'x', frozen: 59_000 }, 'inconsistent'],
    [{ kind: 'recv', track: '' }, 'wrong-type'],
    [{ kind: 'recv' }, 'missing-field'],
    [{ kind: 'gossip' }, 'wrong-type'],
    [{ kind: 'constructor' }, 'wrong-type'],
    [{ toString: 1 }, 'unknown-field'],
    [null, 'wrong-type'],
    [[], 'wrong-type'],
    [7, 'wrong-type'],
  ] as const;
  const answer = await postBeacon(
    server.url,
    beaconOf(
      mallory.id,
      bad.map(([sample]) => sample),
      1000,
    ),
    bearing(mallory.token),
  );
  assert.equal(answer.status, 202);
  assert.deepEqual(
    answer.body.reasons?.map(({ index, why }) => [index, why]),
    bad.map(([, why], index) => [index, why]),
  );
  const { body } = await server.call('GET', '/v1/qoe/rooms/lobby');
  const one = (body['participants'] as { identity: string; rtt: number | null }[]).find(
    ({ identity }) => identity === 'mallory',
  );
  assert.equal(one?.rtt, null);

  const mixed = [5, 3, 4, 3, 5].map((offset) => ({ rtt: 20, seq: 2000 + offset }));
  const reordered = await postBeacon(server.url, beaconOf(mallory.id, mixed), bearing(mallory.token));
  assert.deepEqual([reordered.body.accepted, reordered.body.duplicate], [3, 2]);
});

test('JSON of any shape is refused or taken, and never a fault of the server', async () => {
  const shapes = ['', 'null', '[]', '"x"', '7', '{}', '{"v":1}', '{"__proto__":{"admin":true}}', '[[[[', '\u0000'];
  for (const shape of shapes) {
    const { status } = await postBeacon(server.url, shape, bearing(mallory.token));
    assert.equal(status, 400, shape);
  }
  const envelope = beaconOf(mallory.id, [{ rtt: 1 }]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(envelope), 'token', 'room', 'identity', 'more'),
      fc.jsonValue({ maxDepth: 3 }),
      async (key, value) => {
        const { status } = await postBeacon(server.url, { ...envelope, [key]: value }, bearing(mallory.token));
        assert.ok([202, 400, 403, 410].includes(status), `${status} for ${key}: ${JSON.stringify(value)}`);
      },
    ),
    { numRuns: 40 },
  );
});

test('a flood of one participant meets its limit, and nobody else does', async () => {
  const beacon = JSON.stringify(beaconOf(mallory.id, [{ rtt: 1 }]));
  const answers = await Promise.all(
    Array.from({ length: 600 }, () => postBeacon(server.url, beacon, bearing(mallory.token))),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 100, `${refused.length} refused`);
  assert.equal(refused[0]?.body.code, 'rate-limited');
  assert.ok(Number(refused[0]?.headers.get('retry-after')) >= 1);
  const inBody = { ...(JSON.parse(beacon) as object), token: mallory.token };
  const more = await Promise.all(Array.from({ length: 20 }, () => postBeacon(server.url, inBody)));
  assert.ok(more.filter(({ status }) => status === 429).length > 5, 'the same with the token in the body');
  const other = await postBeacon(server.url, beaconOf(ann.id, [{ rtt: 20 }]), bearing(ann.token));
  assert.deepEqual([other.status, other.body.accepted], [202, 1]);
});

test('guessed tokens use up the failures of their address; those who are in a call go on', async () => {
  const guess = ann.token.slice(0, -6);
  const codes = new Set<string>();
  for (let index = 0; index < 60; index += 1) {
    const forged = `${guess}${String(index).padStart(6, 'A')}`;
    codes.add((await postBeacon(server.url, beaconOf(ann.id, [{ rtt: 1 }]), bearing(forged))).body.code ?? 'taken');
  }
  assert.deepEqual(codes, new Set(['token-invalid', 'rate-limited']));
  const { status } = await postBeacon(server.url, beaconOf(ann.id, [{ rtt: 20 }], 10), bearing(ann.token));
  assert.equal(status, 202);
});

test('a reader of the live stream that reads nothing holds nobody up', async () => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`GET /v1/qoe/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEYS[0]}\r\n\r\n`);
  socket.pause();
  const samples = Array.from({ length: 100 }, () => ({ rtt: 20, track: undefined }));
  for (let batch = 0; batch < 30; batch += 1) {
    const { status } = await postBeacon(
      server.url,
      beaconOf(ann.id, samples, 10_000 + batch * 100),
      bearing(ann.token),
    );
    assert.equal(status, 202);
  }
  socket.destroy();
});
