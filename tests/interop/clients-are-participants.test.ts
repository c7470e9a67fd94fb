import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { cleanup } from 'node-datachannel';

import { eventually } from '../e2e/support/eventually.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { playWithLibdatachannel, publishWithLibdatachannel } from './support/libdatachannel-client.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(async () => {
  await server.close();
  cleanup();
});

test('publishers and players are in lists, events, usage and QoE as everyone is', async (t) => {
  const at = async (path: string, identity: string) => ({
    url: `${server.url}${path}`,
    token: await server.token('lab', identity),
  });
  const studio = await publishWithLibdatachannel(t, await at('/whip/lab', 'studio'));
  const sessions = () => list('/v1/qoe/rooms/lab', 'participants');
  await eventually('the publisher is measured', sessions, (found) =>
    found.some(({ identity }) => identity === 'studio'),
  );
  // It offers no H.264: of this publisher it gets the sound.
  const viewer = await playWithLibdatachannel(t, await at('/whep/lab?participant=studio', 'viewer'));
  await eventually(
    'sound is played',
    () => viewer.received.sounds,
    (sounds) => sounds > 20,
  );

  const participants = await list('/v1/rooms/lab/participants', 'participants');
  assert.deepEqual(participants.map(({ identity }) => String(identity)).toSorted(), ['studio', 'viewer']);
  const tracks = (await server.call('GET', '/v1/rooms/lab/participants/studio')).body['producers'] as {
    source: string;
  }[];
  assert.deepEqual(tracks.map(({ source }) => source).toSorted(), ['camera', 'microphone']);
  await eventually('both are measured', sessions, (found) => found.length === 2);

  assert.deepEqual([await viewer.end(), await studio.end()], [200, 200]);
  const events = () => list('/v1/events?room=lab', 'events');
  const left = await eventually(
    'both have left',
    events,
    (found) => found.filter(({ type }) => type === 'participant-left').length === 2,
  );
  const told = left.map(({ type, identity = '', source = '' }) => `${type} ${identity} ${source}`.trim());
  for (const one of [
    'participant-joined studio',
    'track-published studio camera',
    'track-published studio microphone',
    'participant-joined viewer',
    'participant-left viewer',
    'track-unpublished studio camera',
    'participant-left studio',
  ]) {
    assert.ok(told.includes(one), `${one}: ${told.join(', ')}`);
  }
  const [usage] = await list('/v1/usage?room=lab', 'usage');
  assert.equal(usage?.['joins'], 2);
  assert.ok(Number(usage?.['participantSeconds']) > 0);
});

type Item = Record<string, unknown> & { type?: string; identity?: string; source?: string };

async function list(path: string, key: string): Promise<Item[]> {
  const { status, body } = await server.call('GET', path);
  return status === 200 ? (body[key] as Item[]) : [];
}
