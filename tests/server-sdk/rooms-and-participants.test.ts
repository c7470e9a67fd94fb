import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';

import { createSluice, type Sluice, SluiceError } from '../../client/server-sdk/sluice.ts';
import { joinRoom, type TestParticipant } from '../support/participant.ts';
import { API_KEYS, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let sluice: Sluice;
before(async () => {
  server = await startServer();
  sluice = createSluice({ url: `${server.url}/`, apiKey: API_KEYS[0] });
});
after(() => server.close());

test('a room is opened, found, changed only by whom it has not changed under, and closed', async () => {
  const { rooms } = sluice;
  const made = await rooms.create({ name: 'standup', maxParticipants: 7, metadata: { topic: 'news' } });
  assert.deepEqual([made.name, made.maxParticipants, made.metadata], ['standup', 7, { topic: 'news' }]);
  await assert.rejects(rooms.create({ name: 'standup' }), { code: 'room-exists', status: 409 });
  const changed = await rooms.update('standup', { maxParticipants: 8 }, { ifMatch: made.etag });
  assert.equal(changed.maxParticipants, 8);
  await assert.rejects(rooms.update('standup', { maxParticipants: 9 }, { ifMatch: made.etag }), {
    code: 'precondition-failed',
  });
  await assert.rejects(rooms.close('standup', { ifMatch: made.etag }), { code: 'precondition-failed' });
  assert.deepEqual(await rooms.get('standup'), changed);
  await rooms.close('standup', { ifMatch: changed.etag });
  await assert.rejects(rooms.get('standup'), { code: 'room-not-found', status: 404 });
});

test('all rooms are listed, over as many pages as it takes', async () => {
  const names = Array.from({ length: 5 }, (_, n) => `many-${n}`);
  for (const name of names) await sluice.rooms.create({ name });
  const page = await sluice.rooms.page({ limit: 2, after: 'many-' });
  assert.deepEqual([page.rooms.map(({ name }) => name), page.next], [['many-0', 'many-1'], 'many-1']);
  const listed: string[] = [];
  for await (const { name } of sluice.rooms.list()) listed.push(name);
  assert.deepEqual(listed, names);
  for (const name of names) await sluice.rooms.close(name);
});

test('what does not fit is refused with its place, and as one class of errors', async () => {
  const refused = await sluice.rooms.create({ name: 'x', maxTracks: 99 }).catch((error: unknown) => error);
  assert.ok(refused instanceof SluiceError);
  assert.deepEqual([refused.code, refused.status, refused.errors[0]?.path], ['invalid-request', 400, '/maxTracks']);
  assert.match(refused.message, /maxTracks/);
  const stranger = createSluice({ url: server.url, apiKey: `test.${'x'.repeat(40)}` });
  await assert.rejects(stranger.rooms.get('x'), { name: 'SluiceError', code: 'unauthorized', status: 401 });
});

for (const [way, make] of [
  ['made by the server', async (identity: string) => (await sluice.tokens.create('lab', { identity })).token],
  ['signed here', async (identity: string) => (await sluice.tokens.sign('lab', { identity })).token],
] as const) {
  test(`a token that was ${way} lets its participant in`, async (t) => {
    await join(t, await make('ada'));
    assert.deepEqual(
      (await sluice.participants.list('lab')).map(({ identity }) => identity),
      ['ada'],
    );
  });
}

test('a token that was signed here says what it was to say', async (t) => {
  const request = {
    identity: 'ben@example.com',
    name: 'Ben',
    metadata: { seat: 4 },
    attributes: { team: 'red' },
    grants: { publish: ['microphone' as const], data: false, admin: true },
    ttl: 60,
  };
  const { token, expiresAt } = await sluice.tokens.sign('attic', request);
  const ahead = Date.parse(expiresAt) - Date.now();
  assert.ok(ahead > 50_000 && ahead <= 60_000, `${ahead} ms`);
  await join(t, token);
  const ben = await sluice.participants.get('attic', 'ben@example.com');
  assert.deepEqual([ben.name, ben.metadata, ben.attributes], ['Ben', { seat: 4 }, { team: 'red' }]);
  const { publish, data, admin, subscribe } = ben.grants;
  assert.deepEqual([publish, data, admin, subscribe], [['microphone'], false, true, true]);
});

test('a participant is changed, muted, asked, moved and put out', async (t) => {
  const { participants, rooms } = sluice;
  await rooms.create({ name: 'den' });
  const { token } = await sluice.tokens.create('lobby', { identity: 'cy' });
  await join(t, token);
  const cy = await participants.get('lobby', 'cy');
  const renamed = await participants.update(
    'lobby',
    'cy',
    { name: 'Cy', attributes: { hand: 'up' } },
    { ifMatch: cy.etag },
  );
  assert.deepEqual([renamed.name, renamed.attributes], ['Cy', { hand: 'up' }]);
  await assert.rejects(participants.update('lobby', 'cy', { name: 'X' }, { ifMatch: cy.etag }), {
    code: 'precondition-failed',
  });
  assert.equal(await participants.mute('lobby', 'cy'), 0);
  await assert.rejects(participants.mute('lobby', 'cy', ['camera']), { code: 'producer-not-found' });
  assert.equal(await rooms.mute('lobby'), 0);
  await participants.askToUnmute('lobby', 'cy', 'microphone');
  assert.equal((await participants.move('lobby', 'cy', 'den')).identity, 'cy');
  await participants.kick('den', 'cy', { reason: 'Enough', presence: (await participants.get('den', 'cy')).id });
  assert.deepEqual(await participants.list('den'), []);
  await assert.rejects(participants.get('lobby', 'cy'), { code: 'participant-not-found' });
});

test('names that a path cannot hold are refused here: the request would be for the room', async () => {
  await sluice.rooms.create({ name: 'kept' });
  for (const identity of ['.', '..', '']) {
    await assert.rejects(sluice.participants.kick('kept', identity), { code: 'invalid-options' });
  }
  await assert.rejects(sluice.participants.kick('kept', '../../kept'), { code: 'participant-not-found' });
  assert.equal((await sluice.rooms.get('kept')).name, 'kept');
});

test('TURN credentials, usage, quality, health and readiness are answered', async (t) => {
  const { username, password, ttl, uris } = await sluice.turnCredentials({ identity: 'dan', ttl: 60 });
  assert.match(username, /^\d+:dan$/u);
  assert.ok(password.length > 10 && ttl === 60 && uris.length > 0);

  await join(t, (await sluice.tokens.create('metered', { identity: 'dan' })).token);
  const [row] = await eventually(() => all(sluice.usage({ room: 'metered' })));
  assert.deepEqual([row?.room, row?.key, row?.joins], ['metered', 'test', 1]);

  const [now] = (await all(sluice.quality.rooms())).filter(({ room }) => room === 'metered');
  assert.equal(now?.participants, 1);
  const room = await sluice.quality.room('metered', { step: 1 });
  assert.deepEqual([room.live, room.step, room.participants[0]?.identity], [true, 1, 'dan']);
  const session = room.participants[0]!.session;
  const [stored] = await eventually(() => all(sluice.quality.sessions({ room: 'metered' })));
  assert.deepEqual([stored?.session, stored?.identity], [session, 'dan']);
  assert.equal((await sluice.quality.session(session)).identity, 'dan');
  assert.ok(Array.isArray((await sluice.quality.causes()).causes));

  assert.equal((await sluice.health()).status, 'ok');
  const { ready, checks } = await sluice.readiness();
  assert.deepEqual([ready, checks['media']?.ok], [true, true]);
  assert.deepEqual(await sluice.webhooks.list(), []);
  await assert.rejects(sluice.webhooks.enable('nobody'), { code: 'not-found' });
});

async function join(t: TestContext, token: string): Promise<TestParticipant> {
  const participant = await joinRoom(server.url, token);
  t.after(() => participant.close());
  return participant;
}

/** What `read` gives once it is not empty. */
async function eventually<Item>(read: () => Promise<Item[]>): Promise<Item[]> {
  for (let left = 300; ; left -= 1) {
    const items = await read();
    if (items.length > 0) return items;
    if (left === 0) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}
