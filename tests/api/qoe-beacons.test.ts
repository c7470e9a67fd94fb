import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { Compile } from 'typebox/compile';

import { BeaconReport } from '../../src/api/qoe-schemas.ts';
import { eventually } from '../e2e/support/eventually.ts';
import { beaconOf, bearing, postBeacon } from '../support/beacons.ts';
import { joinRoom, type TestParticipant } from '../support/participant.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let ann: TestParticipant;
before(async () => {
  server = await startServer(['--cors.origins', 'https://app.example']);
  ann = await joinRoom(server.url, await server.token('lobby', 'ann'));
});
after(async () => {
  ann.close();
  await server.close();
});

test('samples are accepted once, and each that is not is explained', async () => {
  const beacon = beaconOf(ann.id, [{ rtt: 20 }, { rtt: null }, { rtt: -1 }, { rtt: 1e9 }, 'x', { colour: 'red' }]);
  const first = await postBeacon(server.url, beacon, bearing(ann.token));
  assert.equal(first.status, 202);
  assert.deepEqual([...Compile(BeaconReport).Errors(first.body)], []);
  assert.deepEqual(first.body, {
    ...{ accepted: 1, duplicate: 0, rejected: 5 },
    reasons: [
      { index: 1, why: 'not-a-number', field: 'rtt' },
      { index: 2, why: 'negative', field: 'rtt' },
      { index: 3, why: 'absurd', field: 'rtt' },
      { index: 4, why: 'wrong-type' },
      { index: 5, why: 'unknown-field', field: 'colour' },
    ],
  });
  const again = await postBeacon(server.url, beacon, bearing(ann.token));
  assert.deepEqual([again.body.accepted, again.body.duplicate, again.body.rejected], [0, 1, 5]);
});

test('what navigator.sendBeacon sends is taken: text, and the token in the body', async () => {
  const beacon = { ...beaconOf(ann.id, [{ rtt: 20 }], 100), token: ann.token };
  const types = ['text/plain;charset=UTF-8', 'application/json'];
  for (const [index, type] of types.entries()) {
    const { status, body } = await postBeacon(server.url, beacon, { 'content-type': type });
    assert.deepEqual([status, body.accepted, body.duplicate], [202, 1 - index, index]);
  }
});

test('gzip is taken, whether a header says so or not', async () => {
  const packed = (seq: number) => gzipSync(JSON.stringify(beaconOf(ann.id, [{ rtt: 20 }], seq)));
  const told = await postBeacon(server.url, packed(200), { ...bearing(ann.token), 'content-encoding': 'gzip' });
  const untold = await postBeacon(server.url, packed(201), { ...bearing(ann.token), 'content-type': 'text/plain' });
  assert.deepEqual([told.body.accepted, untold.body.accepted], [1, 1]);
  const other = await postBeacon(server.url, packed(202), { ...bearing(ann.token), 'content-encoding': 'br' });
  assert.deepEqual([other.status, other.body.code], [415, 'unsupported-media-type']);
});

test('a beacon is of the room, the identity and the session of its token, or refused', async () => {
  const beacon = beaconOf(ann.id, [{ rtt: 20 }], 300);
  const tokens = { bob: await server.token('lobby', 'bob'), elsewhere: await server.token('attic', 'ann') };
  const refusals = [
    [beacon, tokens.bob, 'forbidden'],
    [beacon, tokens.elsewhere, 'forbidden'],
    [{ ...beacon, room: 'attic' }, ann.token, 'forbidden'],
    [{ ...beacon, identity: 'bob' }, ann.token, 'forbidden'],
    [{ ...beacon, session: 'nobody' }, ann.token, 'session-ended'],
    [beacon, `${ann.token.slice(0, -8)}AAAAAAAA`, 'token-invalid'],
    [beacon, 'no-token', 'token-invalid'],
    [beacon, undefined, 'unauthorized'],
  ] as const;
  for (const [each, token, code] of refusals) {
    const answer = await postBeacon(server.url, each, token === undefined ? {} : bearing(token));
    assert.equal(answer.body.code, code);
  }
  const right = { ...beacon, room: 'lobby', identity: 'ann' };
  assert.equal((await postBeacon(server.url, right, bearing(ann.token))).body.accepted, 1);
});

test('a token that expires in the middle of the call is still good for its beacons, and opens nothing else', async () => {
  const short = await server.token('lobby', 'cara', { ttl: 1 });
  const cara = await joinRoom(server.url, short);
  // The leeway of clocks is 5 s.
  await pause(6500);
  const answer = await postBeacon(server.url, beaconOf(cara.id, [{ rtt: 20 }]), bearing(short));
  assert.equal(answer.body.accepted, 1);
  await assert.rejects(joinRoom(server.url, short));
  cara.close();
});

test('who was kicked sends no more beacons; who has left may send the last', async () => {
  const dan = await joinRoom(server.url, await server.token('lobby', 'dan'));
  await dan.leave();
  const last = await postBeacon(server.url, beaconOf(dan.id, [{ joinSocket: 12 }]), bearing(dan.token));
  assert.equal(last.body.accepted, 1);
  // What was told is committed a few times a second, the end maybe before the last beacon.
  const report = async () => {
    const { body } = await server.call('GET', `/v1/qoe/sessions/${dan.id}`);
    const steps = body['joinSteps'] as { socket: number | null } | undefined;
    return { ended: body['endReason'], socket: steps?.socket };
  };
  const isWhole = ({ ended, socket }: Awaited<ReturnType<typeof report>>) => ended === 'left' && socket === 12;
  await eventually('the end and the last beacon are reported', report, isWhole);

  const eve = await joinRoom(server.url, await server.token('lobby', 'eve'));
  await server.call('DELETE', '/v1/rooms/lobby/participants/eve');
  const refused = await postBeacon(server.url, beaconOf(eve.id, [{ rtt: 20 }]), bearing(eve.token));
  assert.equal(refused.body.code, 'token-revoked');
  eve.close();
});

test('pages of other origins may send beacons: after a preflight, and without one as sendBeacon does', async () => {
  const origin = 'https://app.example';
  const preflight = await fetch(`${server.url}/v1/qoe/beacons`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-encoding, content-type',
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
  const allowed = preflight.headers.get('access-control-allow-headers') ?? '';
  for (const name of ['authorization', 'content-encoding', 'content-type']) assert.ok(allowed.includes(name));

  const simple = await postBeacon(
    server.url,
    { ...beaconOf(ann.id, [{ rtt: 20 }], 400), token: ann.token },
    { origin, 'content-type': 'text/plain' },
  );
  assert.equal(simple.status, 202);
  assert.equal(simple.headers.get('access-control-allow-origin'), origin);
});

test('metrics count what became of samples, and name nobody', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /^sluice_qoe_samples_total\{outcome="accepted",reason="accepted"\} [1-9]/mu);
  assert.match(text, /^sluice_qoe_samples_total\{outcome="rejected",reason="not-a-number"\} [1-9]/mu);
  assert.match(text, /^sluice_qoe_beacons_total\{result="session-ended"\} 1$/mu);
  assert.match(text, /^sluice_qoe_ingestion_seconds_count [1-9]/mu);
  const qoe = text.split('\n').filter((line) => line.startsWith('sluice_qoe'));
  for (const name of [ann.id, 'lobby', '"ann"']) assert.ok(!qoe.some((line) => line.includes(name)), name);
});
