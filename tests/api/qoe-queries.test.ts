import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Compile } from 'typebox/compile';

import { QOE_COMPONENTS } from '../../src/api/qoe-schemas.ts';
import { beaconOf, bearing, postBeacon } from '../support/beacons.ts';
import { joinRoom, type TestParticipant } from '../support/participant.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let ann: TestParticipant;
let bob: TestParticipant;
before(async () => {
  server = await startServer();
  ann = await joinRoom(server.url, await server.token('lobby', 'ann', { name: 'Ann' }));
  bob = await joinRoom(server.url, await server.token('lobby', 'bob'));
  const lossy = { kind: 'send', track: 'mic', packets: 80, lost: 20, bitrate: 32_000 };
  const samples = [lossy, { rtt: 40, joinSocket: 12, joinAnswered: 20, joinConnected: 80, joinFirstFrame: 130 }];
  await postBeacon(server.url, beaconOf(ann.id, samples), bearing(ann.token));
  // Three whole seconds, and the store's next commit.
  await eventually(async () => {
    const { body } = await server.call('GET', `/v1/qoe/sessions/${ann.id}`);
    return (body['series'] as { t: number[] }).t.length >= 3;
  });
});
after(async () => {
  ann.close();
  bob.close();
  await server.close();
});

test('the rooms that go on, with the worst level in each and how many have which', async () => {
  const { status, body } = await server.call('GET', '/v1/qoe/rooms');
  assert.equal(status, 200);
  fits('QoeRoomList', body);
  const [room] = body['rooms'] as Record<string, unknown>[];
  assert.deepEqual([room?.['room'], room?.['participants'], room?.['level']], ['lobby', 2, 'poor']);
  assert.deepEqual(room?.['levels'], { lost: 0, poor: 1, good: 0, excellent: 1 });
});

test('a room: who is there, whose link is bad, in which direction and since when', async () => {
  const { body } = await server.call('GET', '/v1/qoe/rooms/lobby');
  fits('QoeRoom', body);
  assert.deepEqual([body['live'], body['complete'], body['step']], [true, true, 1]);
  const [first, second] = body['participants'] as Participant[];
  assert.deepEqual([first?.identity, first?.name, second?.identity], ['ann', 'Ann', 'bob']);
  assert.equal(first?.up.level, 'poor');
  assert.equal(first?.down.level, 'excellent');
  const { code, text, place, direction, amount, since } = first.both.cause!;
  assert.deepEqual(
    { code, text, place, direction, amount },
    { code: 'loss-up', text: 'loss 20 % up', place: 'uplink', direction: 'up', amount: 0.2 },
  );
  assert.ok(Math.abs(since - Date.now()) < 60_000);
  assert.equal(second?.both.cause, null);
  const sessions = body['sessions'] as { identity: string; series: Record<string, unknown[]> }[];
  assert.deepEqual(
    sessions.map(({ identity }) => identity),
    ['bob', 'ann'],
  );
  const { series } = sessions[1]!;
  assert.ok(series['up']!.length >= 3);
  for (const column of Object.values(series)) assert.equal(column.length, series['t']!.length);
  assert.ok(series['lossUp']!.includes(0.2));
  assert.ok(series['cause']!.includes('loss-up'));
});

test('a session: its join, how good it was and what cost most', async () => {
  const { body } = await server.call('GET', `/v1/qoe/sessions/${ann.id}`);
  fits('QoeSession', body);
  assert.deepEqual(body['joinSteps'], { socket: 12, answered: 20, connected: 80, firstFrame: 130 });
  assert.deepEqual([body['left'], body['endReason'], body['live']], [null, null, true]);
  const [cause] = body['causes'] as { code: string; seconds: number; cost: number }[];
  assert.equal(cause?.code, 'loss-up');
  assert.ok(cause.seconds >= 2 && cause.cost > cause.seconds);
  assert.ok((body['seconds'] as { poor: number }).poor >= 2);
  assert.equal((await server.call('GET', '/v1/qoe/sessions/nobody')).body['code'], 'not-found');
});

test('sessions come in pages, and by what is asked for', async () => {
  const first = await server.call('GET', '/v1/qoe/sessions?limit=1');
  fits('QoeSessionList', first.body);
  assert.deepEqual(identities(first.body), ['bob']);
  const next = await server.call('GET', `/v1/qoe/sessions?limit=1&cursor=${first.body['next'] as string}`);
  assert.deepEqual(identities(next.body), ['ann']);
  assert.equal('next' in next.body, false);
  assert.deepEqual(identities((await server.call('GET', '/v1/qoe/sessions?identity=ann')).body), ['ann']);
  assert.deepEqual(identities((await server.call('GET', '/v1/qoe/sessions?room=attic')).body), []);
  assert.deepEqual(identities((await server.call('GET', `/v1/qoe/sessions?to=${Date.now() - 3_600_000}`)).body), []);
});

test('what cost most today, and how many sessions were how good', async () => {
  const { body } = await server.call('GET', '/v1/qoe/causes');
  fits('QoeCauses', body);
  const [cause] = body['causes'] as { code: string }[];
  assert.equal(cause?.code, 'loss-up');
  const counts = Object.values(body['sessions'] as Record<string, number>);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    2,
  );
});

test('a parameter that makes no sense is refused by its name', async () => {
  const refused = [
    ['/v1/qoe/rooms?limit=0', '/limit'],
    ['/v1/qoe/rooms?limit=many', '/limit'],
    ['/v1/qoe/rooms/lobby?step=7', '/step'],
    ['/v1/qoe/rooms/lobby?from=yesterday', '/from'],
    ['/v1/qoe/rooms/lobby?from=-1', '/from'],
    ['/v1/qoe/rooms/lobby?from=2000&to=1000', '/from'],
    [`/v1/qoe/sessions/${ann.id}?to=99999999999999999`, '/to'],
    ['/v1/qoe/sessions?level=superb', '/level'],
    ['/v1/qoe/sessions?limit=201', '/limit'],
    ['/v1/qoe/sessions?cursor=1;DROP', '/cursor'],
    ['/v1/qoe/sessions?room=a%20b', '/room'],
    ['/v1/qoe/sessions?colour=red', '/colour'],
    ['/v1/qoe/causes?to=0x10', '/to'],
    ['/v1/qoe/live?events=score,gossip', '/events'],
  ] as const;
  for (const [path, field] of refused) {
    const { status, body } = await server.call('GET', path);
    assert.equal(status, 400, path);
    const errors = body['errors'] as { path: string }[];
    assert.ok(
      errors.some((error) => error.path === field),
      `${path}: ${JSON.stringify(errors)}`,
    );
  }
  assert.equal((await server.call('GET', '/v1/qoe/rooms/a%20b')).status, 404);
});

test('only an API key opens them: a join token of the room does not', async () => {
  for (const path of ['/v1/qoe/rooms', '/v1/qoe/rooms/lobby', '/v1/qoe/sessions', '/v1/qoe/causes', '/v1/qoe/live']) {
    const { status } = await server.call('GET', path, undefined, bearing(ann.token));
    assert.equal(status, 401, path);
  }
});

type Quality = {
  level: string;
  cause: { code: string; text: string; place: string; direction: string; amount: number; since: number } | null;
};
type Participant = { identity: string; name: string; up: Quality; down: Quality; both: Quality };

function fits(component: keyof typeof QOE_COMPONENTS, body: unknown): void {
  assert.deepEqual([...Compile(QOE_COMPONENTS[component]).Errors(body)], [], component);
}

function identities(body: Record<string, unknown>): string[] {
  return (body['sessions'] as { identity: string }[]).map(({ identity }) => identity);
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('waited in vain');
}
