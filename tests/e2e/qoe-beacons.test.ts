/** What the SDK tells of the quality of a real call, as it passes by and as the server takes it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { startServer } from '../support/server.ts';
import { type BeaconWitness, startBeaconWitness } from './support/beacon-witness.ts';
import { eventually, throughout } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { startProxy } from './support/proxy.ts';
import { useStage } from './support/stage.ts';

// A second in which a lost socket can be resumed is soon over.
const stage = useStage({ server: ['--signaling.resumeWithin', '2s'] });

test('a call tells of its join, its connection and each of its tracks, and every sample is taken', async (t) => {
  const { ada, witness, errors } = await aCall(t, 'told');
  await ada.page.addStyleTag({ content: 'video { width: 160px !important; height: 160px !important }' });
  await eventually(
    'four messages',
    () => witness.seen.length,
    (count) => count >= 4,
  );

  const samples = witness.samples();
  assert.deepEqual(
    samples.map(({ seq }) => seq),
    Array.from(samples, (_, index) => index),
  );
  for (const { report, status, authorization, type } of witness.seen) {
    assert.deepEqual([status, type, report.rejected, report.duplicate], [202, 'application/json', 0, 0]);
    assert.match(authorization ?? '', /^Bearer ey/);
  }
  assert.equal(new Set(witness.seen.map(({ beacon }) => beacon.session)).size, 1);

  const session = Object.assign({}, ...samples.filter(({ kind }) => kind === 'session').toReversed());
  assert.deepEqual([session.candidateType, session.protocol], ['host', 'udp']);
  const { timings } = await ada.room();
  assert.deepEqual(
    [session.joinSocket, session.joinAnswered, session.joinConnected, session.joinFirstFrame],
    [timings.socketOpen, timings.joined, timings.dtlsConnected, timings.firstFrame],
  );
  assert.ok(session.rtt < 1000 && session.available > 0);

  const last = Object.fromEntries(samples.flatMap((sample) => ('track' in sample ? [[sample.track, sample]] : [])));
  const [heard, ...moreHeard] = Object.values(last).filter(({ kind, fps }) => kind === 'recv' && fps === undefined);
  const [seen, ...moreSeen] = Object.values(last).filter(({ kind, fps }) => kind === 'recv' && fps !== undefined);
  const [said, ...moreSaid] = Object.values(last).filter(({ kind, fps }) => kind === 'send' && fps === undefined);
  const [shown, ...moreShown] = Object.values(last).filter(({ kind, fps }) => kind === 'send' && fps !== undefined);
  assert.deepEqual([...moreHeard, ...moreSeen, ...moreSaid, ...moreShown], []);
  assert.ok(heard?.kind === 'recv' && seen?.kind === 'recv' && said?.kind === 'send' && shown?.kind === 'send');
  assert.ok(heard.packets! > 0 && heard.buffer! > 0 && heard.concealed! <= 1 && heard.bitrate! > 1000);
  assert.deepEqual([seen.width, seen.height, seen.frozen! <= 2100], [320, 180, true]);
  assert.ok(seen.fps! > 0 && seen.fps! <= 15 && seen.qp! > 0 && seen.decodeTime! > 0);
  // The whole picture is fitted into its box.
  assert.deepEqual([seen.wantedWidth, seen.wantedHeight], [160, 90]);
  assert.ok(said.packets! > 0 && said.lost === 0 && said.targetBitrate! > 0);
  assert.deepEqual([shown.width, shown.height, shown.sourceWidth, shown.sourceHeight], [320, 180, 320, 180]);
  assert.ok(shown.encodeTime! > 0 && shown.rtt! < 1000 && shown.limitation !== undefined);
  assert.deepEqual(errors, []);
});

test('a page that is closed sends what has no answer yet, with the token inside', async (t) => {
  const { ada, witness } = await aCall(t, 'closed');
  await eventually(
    'two messages',
    () => witness.seen.length,
    (count) => count >= 2,
  );
  witness.holdAnswers();
  const before = witness.seen.length;
  await eventually(
    'one more',
    () => witness.seen.length,
    (count) => count > before,
  );

  const closed = Date.now();
  await ada.page.close({ runBeforeUnload: true });
  const last = await eventually(
    'the last message',
    () => witness.seen.findLast(({ type }) => type.startsWith('text/plain')),
    (found) => found !== undefined,
  );
  assert.ok(last?.beacon.token?.startsWith('ey') === true);
  assert.equal(last.authorization, undefined);
  const samples = witness.samples();
  assert.deepEqual(
    samples.map(({ seq }) => seq).toSorted((a, b) => a - b),
    Array.from(samples, (_, index) => index),
  );
  assert.ok(Math.max(...samples.map(({ at }) => at)) > closed - 2500);
});

test('who leaves tells of the time until then', async (t) => {
  const { ada, witness } = await aCall(t, 'left');
  await eventually(
    'two messages',
    () => witness.seen.length,
    (count) => count >= 2,
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const left = Date.now();
  await ada.leave();
  // Of what it measured less than 100 ms before, it measures nothing again.
  await eventually(
    'each track and the connection are told of until then',
    () => {
      const newest = new Map(witness.samples().map((sample) => ['track' in sample ? sample.track : '', sample]));
      return [...newest.values()].filter(({ at }) => at > left - 100).map(({ kind }) => kind);
    },
    (kinds) => kinds.toSorted().join() === 'recv,recv,send,send,session',
  );
});

test('a resumed session goes on with its numbers; who had to join again begins a new one', async (t) => {
  const witness = await startBeaconWitness(stage.server.port);
  t.after(() => witness.close());
  const network = await startProxy(witness.port);
  t.after(() => network.close());
  const { ada } = await aCall(t, 'again', { witness, origin: network.origin });
  await eventually(
    'two messages',
    () => witness.seen.length,
    (count) => count >= 2,
  );
  const [first] = witness.samples();

  network.cut();
  await ada.told('stateChanged', { value: 'reconnecting' });
  network.mend();
  const resumed = await eventually(
    'it tells that it came back',
    () => witness.samples().find((sample) => sample.kind === 'session' && sample.reconnects === 1),
    (found) => found !== undefined,
  );
  assert.ok(resumed!.seq > first!.seq);
  assert.equal(new Set(witness.seen.map(({ beacon }) => beacon.session)).size, 1);

  network.cut();
  await eventually(
    'the session is gone',
    () => stage.server.call('GET', '/v1/rooms/again/participants'),
    ({ body }) => (body['participants'] as unknown[]).length === 1,
  );
  network.mend();
  await eventually(
    'a second session',
    () => new Set(witness.seen.map(({ beacon }) => beacon.session)).size,
    (count) => count === 2,
  );
  const { beacon } = witness.seen.at(-1)!;
  assert.equal(beacon.samples[0]?.seq, 0);
  assert.ok(witness.seen.every(({ report }) => report.rejected === 0));
});

test('switched off, it sends nothing', async (t) => {
  const { witness } = await aCall(t, 'off', { enabled: false });
  await throughout(
    'nothing is sent',
    4000,
    () => witness.seen.length,
    (count) => count === 0,
  );
});

test('nothing is sent to a server that takes nothing', async (t) => {
  const server = await startServer(['--qoe.enabled', 'false']);
  t.after(() => server.close());
  const witness = await startBeaconWitness(server.port);
  t.after(() => witness.close());
  const ada = await stage.guest(t, 'ada', witness.origin);
  await ada.join(await server.token('silent', 'ada'));
  await ada.publish();
  await throughout(
    'nothing is sent',
    4000,
    () => witness.seen.length,
    (count) => count === 0,
  );
});

type CallOptions = { enabled?: boolean; witness?: BeaconWitness; origin?: string };

/** Two in a call, with `ada`'s beacons witnessed, and what her console says. */
async function aCall(t: TestContext, room: string, options: CallOptions = {}) {
  const { enabled = true, witness = await aWitness(t) } = options;
  const ada: Guest = await stage.guest(t, 'ada', options.origin ?? witness.origin);
  const errors: string[] = [];
  ada.page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const { bob } = await stage.call(t, room, 'bob');
  await ada.join(await stage.server.token(room, 'ada'), { qoe: { enabled } });
  await ada.publish();
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  return { ada, bob, witness, errors };
}

async function aWitness(t: TestContext): Promise<BeaconWitness> {
  const witness = await startBeaconWitness(stage.server.port);
  t.after(() => witness.close());
  return witness;
}
