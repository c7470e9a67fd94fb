import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';

import { Compile } from 'typebox/compile';

import { QOE_COMPONENTS } from '../../src/api/qoe-schemas.ts';
import { beaconOf, bearing, postBeacon } from '../support/beacons.ts';
import { joinRoom } from '../support/participant.ts';
import { API_KEYS, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('a stream begins with who is there, and tells scores, samples, beginnings and ends', async (t) => {
  const ann = await joinRoom(server.url, await server.token('lobby', 'ann'));
  const stream = await live(t, '?room=lobby');
  const first = await stream.next('score');
  fits('QoeParticipant', first);
  assert.equal(first['identity'], 'ann');

  const bob = await joinRoom(server.url, await server.token('lobby', 'bob'));
  fits('QoeParticipant', await stream.next('session-started', ({ identity }) => identity === 'bob'));

  const good = { kind: 'send', track: 'mic', packets: 50, lost: 50 };
  await postBeacon(server.url, beaconOf(bob.id, [{ ...good }, { rtt: null }]), bearing(bob.token));
  const sample = await stream.next('sample');
  fits('QoeSampleEvent', sample);
  assert.equal(sample['session'], bob.id);
  const samples = sample['samples'] as Record<string, unknown>[];
  assert.deepEqual(
    samples.map(({ track, lost }) => ({ track, lost })),
    [{ track: 'mic', lost: 50 }],
  );
  await stream.next(
    'score',
    ({ identity, up }) => identity === 'bob' && (up as { level: string }).level !== 'excellent',
  );

  await bob.leave();
  const ended = await stream.next('session-ended');
  fits('QoeEndedEvent', ended);
  assert.deepEqual([ended['session'], ended['endReason']], [bob.id, 'left']);
  ann.close();
});

test('a stream is of the room and of the events that it was asked for', async (t) => {
  const attic = await live(t, '?room=attic&events=session-started,session-ended');
  const all = await live(t, '?events=session-started');
  const ann = await joinRoom(server.url, await server.token('cellar', 'ann'));
  await all.next('session-started', ({ room }) => room === 'cellar');
  const bob = await joinRoom(server.url, await server.token('attic', 'bob'));
  const started = await attic.next('session-started');
  assert.equal(started['identity'], 'bob');
  await bob.leave();
  await attic.next('session-ended');
  assert.deepEqual([...new Set(attic.names)], ['session-started', 'session-ended']);
  assert.deepEqual([...new Set(all.names)], ['session-started']);
  ann.close();
});

function fits(component: keyof typeof QOE_COMPONENTS, body: unknown): void {
  assert.deepEqual([...Compile(QOE_COMPONENTS[component]).Errors(body)], [], component);
}

type Data = Record<string, unknown>;

/** A stream as a back end reads it: with fetch, since EventSource sends no key. */
async function live(t: TestContext, query: string) {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/v1/qoe/live${query}`, {
    headers: { authorization: `Bearer ${API_KEYS[0]}` },
    signal: leaving.signal,
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const events: { name: string; data: Data }[] = [];
  let heard: () => void = () => undefined;
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const match = /^event: (?<name>.*)\ndata: (?<data>.*)$/mu.exec(text.slice(0, end))?.groups;
        if (match !== undefined) events.push({ name: match['name']!, data: JSON.parse(match['data']!) as Data });
        text = text.slice(end + 2);
      }
      heard();
    }
  })().catch(() => undefined);
  t.after(async () => {
    leaving.abort();
    await reading;
  });
  let at = 0;
  return {
    get names() {
      return events.map(({ name }) => name);
    },
    /** The next event of this name that fits, behind the last that was found. */
    async next(name: string, fit: (data: Data) => boolean = () => true): Promise<Data> {
      const until = Date.now() + 9000;
      for (;;) {
        for (; at < events.length; at += 1) {
          const event = events[at]!;
          if (event.name !== name || !fit(event.data)) continue;
          at += 1;
          return event.data;
        }
        if (Date.now() > until) throw new Error(`no ${name} came: ${events.map((event) => event.name).join()}`);
        await Promise.race([
          new Promise<void>((resolve) => (heard = resolve)),
          new Promise((resolve) => setTimeout(resolve, 500)),
        ]);
      }
    },
  };
}
