import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { beaconOf, bearing, postBeacon } from '../support/beacons.ts';
import { joinRoom } from '../support/participant.ts';
import { startServerProcess } from '../support/server-process.ts';
import { smallDisk } from '../support/small-disk.ts';

const KEY = 'mine.0123456789abcdef0123456789abcdef';

test('after kill -9 the report of a session is there, but for its last second', async (t) => {
  const folder = scratch(t);
  const thresholds = ['--qoe.thresholds', '[{level: poor, for: 1s}]'];
  const first = await start(t, folder, thresholds);
  const ann = await joinRoom(first.origin, await first.token('lobby', 'ann'));
  const steps = { joinSocket: 12, joinAnswered: 20, joinConnected: 80, joinFirstFrame: 130 };
  const lossy = { kind: 'send', track: 'mic', packets: 70, lost: 30 };
  const began = Date.now();
  await postBeacon(first.origin, beaconOf(ann.id, [steps, lossy]), bearing(ann.token));
  await first.process.printed(/quality-threshold/u);
  const fact = first.process.output.split('\n').find((line) => line.includes('quality-threshold')) ?? '{}';
  const { state, direction, cause, identity, room } = JSON.parse(fact) as Record<string, unknown>;
  assert.deepEqual({ state, direction, cause }, { state: 'raised', direction: 'up', cause: 'loss-up' });
  assert.deepEqual({ identity, room }, { identity: 'ann', room: 'lobby' });
  while (Date.now() - began < 3000) await new Promise((resolve) => setTimeout(resolve, 100));
  const killed = Date.now();
  first.process.signal('SIGKILL');
  await first.process.exit;
  ann.close();

  const second = await start(t, folder);
  const report = await second.get(`/v1/qoe/sessions/${ann.id}`);
  assert.equal(report['endReason'], 'server-ended');
  assert.ok((report['left'] as number) > killed - 2000 && (report['left'] as number) <= killed + 1000);
  assert.deepEqual(report['joinSteps'], { socket: 12, answered: 20, connected: 80, firstFrame: 130 });
  const { t: times, cause: causes } = report['series'] as { t: number[]; cause: string[] };
  assert.ok(killed - times.at(-1)! < 2500, 'the second before the last is there');
  assert.ok(causes.includes('loss-up'));
  const found = await second.get('/v1/qoe/rooms/lobby');
  assert.equal(found['live'], false);
  assert.equal((found['sessions'] as object[]).length, 1);
});

test('a store that cannot be opened: calls and scores go on, /ready says so, and it heals', async (t) => {
  const folder = join(scratch(t), 'store');
  // A file where the folder should be.
  writeFileSync(folder, '');
  const server = await start(t, folder);
  const ann = await joinRoom(server.origin, await server.token('lobby', 'ann'));
  const ready = async () => {
    const response = await fetch(`${server.origin}/ready`);
    const { checks } = (await response.json()) as { checks: Record<string, Check> };
    return { status: response.status, events: checks['events'], ...checks['qoe'] };
  };
  await until(async () => (await ready()).state === 'degraded');
  const { status, reason, ok, events } = await ready();
  assert.ok(ok, 'quality is not worth turning clients away');
  assert.deepEqual([status, events?.ok], [503, false], 'events that cannot be stored are');
  assert.match(reason ?? '', /unwritable/u);
  const metrics = await (await fetch(`${server.origin}/metrics`)).text();
  assert.match(metrics, /^sluice_qoe_store_fault\{why="unwritable"\} 1$/mu);

  const beacon = await postBeacon(server.origin, beaconOf(ann.id, [{ rtt: 30 }]), bearing(ann.token));
  assert.deepEqual([beacon.status, beacon.body.accepted], [202, 1]);
  const room = await server.get('/v1/qoe/rooms/lobby');
  assert.equal((room['participants'] as object[]).length, 1, 'what goes on is told');
  assert.equal(room['complete'], false);
  assert.equal((await server.ask('/v1/qoe/sessions')).status, 503);

  rmSync(folder);
  mkdirSync(folder);
  await until(async () => (await ready()).state === undefined);
  await until(async () => (await ready()).status === 200);
  await until(async () => ((await server.get('/v1/qoe/sessions'))['sessions'] as object[])?.length === 1);
  ann.close();
});

test('a disk that is full in mid-call: calls and scores go on, /ready says so, and what came meanwhile is written', async (t) => {
  const disk = smallDisk(t, '4m');
  if (disk === undefined) return t.skip('needs root, for a small tmpfs');
  const server = await start(t, disk);
  const ann = await joinRoom(server.origin, await server.token('lobby', 'ann'));
  let seq = 0;
  const tell = async () => {
    const sample = { kind: 'send', track: 'mic', packets: 100, lost: 0, rtt: 30, seq: (seq += 1) };
    const { status, body } = await postBeacon(server.origin, beaconOf(ann.id, [sample]), bearing(ann.token));
    assert.deepEqual([status, body.accepted], [202, 1], 'nobody is refused for it');
  };
  const qoe = async () => {
    const { checks } = (await (await fetch(`${server.origin}/ready`)).json()) as { checks: Record<string, Check> };
    return checks['qoe'];
  };
  const seconds = async () => {
    const { series } = await server.get(`/v1/qoe/sessions/${ann.id}`);
    return (series as { t: number[] } | undefined)?.t ?? [];
  };
  await until(async () => {
    await tell();
    return (await seconds()).length > 0;
  });

  const ballast = join(disk, 'ballast');
  fillUp(ballast);
  await until(async () => {
    await tell();
    return (await qoe())?.state === 'degraded';
  });
  const full = Date.now();
  assert.match((await qoe())?.reason ?? '', /full/u);
  const { participants } = await server.get('/v1/qoe/rooms/lobby');
  assert.equal((participants as object[]).length, 1, 'what goes on is told');
  await until(async () => {
    await tell();
    return Date.now() - full > 2000;
  });

  rmSync(ballast);
  await until(async () => {
    await tell();
    return (await qoe())?.state === undefined;
  });
  await until(async () => (await seconds()).some((at) => at >= full && at < full + 2000));
  ann.close();
});

test('switched off, there is nothing to ask, and /ready says so', async (t) => {
  const server = await start(t, 'memory', ['--qoe.enabled', 'false']);
  const { checks } = (await (await fetch(`${server.origin}/ready`)).json()) as { checks: Record<string, object> };
  assert.deepEqual(checks['qoe'], { ok: true, state: 'off' });
  assert.equal((await server.ask('/v1/qoe/rooms')).status, 404);
});

type Check = { ok: boolean; state?: string; reason?: string };

async function start(t: TestContext, folder: string, flags: readonly string[] = []) {
  const server = startServerProcess(t, ['--host', '127.0.0.1', '--store.folder', folder, ...flags], {
    SLUICE_AUTH_KEYS: KEY,
  });
  const [origin] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/u);
  const ask = (path: string, body?: object) =>
    fetch(origin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    ...{ process: server, origin, ask },
    get: async (path: string) => (await (await ask(path)).json()) as Record<string, unknown>,
    async token(room: string, identity: string) {
      const answer = await ask(`/v1/rooms/${room}/tokens`, { identity });
      return ((await answer.json()) as { token: string }).token;
    },
  };
}

/** Leaves not a byte. */
function fillUp(path: string): void {
  for (let size = 1 << 20; size >= 1;) {
    try {
      appendFileSync(path, Buffer.alloc(size));
    } catch {
      size >>= 1;
    }
  }
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-app-'));
  chmodSync(folder, 0o700);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('waited in vain');
}
