import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { freePort } from '../support/free-port.ts';
import { joinRoom } from '../support/participant.ts';
import { API_KEYS, startServer, type TestServer } from '../support/server.ts';
import { printed, type Ran, sluice, start } from './command.ts';

let server: TestServer;
let here: NodeJS.ProcessEnv;
before(async () => {
  server = await startServer();
  here = { SLUICE_URL: server.url, SLUICE_API_KEY: API_KEYS[0] };
});
after(() => server.close());

test('a room is opened, listed and closed; what is refused is said, and is exit code 1', async () => {
  const made = await sluice(['room', 'create', 'standup', '--max-participants', '7', '--metadata', '{"a":1}'], here);
  assert.deepEqual([made.code, made.err], [0, '']);
  assert.match(made.out, /^standup is open/u);
  const again = await sluice(['room', 'create', 'standup'], here);
  assert.deepEqual([again.code, again.out], [1, '']);
  assert.match(again.err, /\(room-exists\)/u);

  const [rooms, table] = await Promise.all([sluice(['room', 'list', '--json'], here), sluice(['room', 'list'], here)]);
  const [room] = parsed(rooms) as { name: string; maxParticipants: number; metadata: object }[];
  assert.deepEqual([room?.name, room?.maxParticipants, room?.metadata], ['standup', 7, { a: 1 }]);
  assert.match(table.out, /^NAME .*\nstandup +0 of 7 /u);

  assert.deepEqual(parsed(await sluice(['room', 'close', 'standup', '--json'], here)), { closed: 'standup' });
  assert.match((await sluice(['room', 'close', 'standup'], here)).err, /\(room-not-found\)/u);
});

test('tokens let people in, who are listed and put out', async (t) => {
  const token = await sluice(['token', 'lab', 'ada', '--name', 'Ada', '--publish', 'camera', '--admin'], here);
  const [written = '', link] = token.out.split('\n');
  assert.equal(link, `${server.url}/meet/lab#${written}`);
  const ada = await joinRoom(server.url, written);
  t.after(() => ada.close());
  const local = parsed(await sluice(['token', 'lab', 'ben', '--local', '--ttl', '60', '--json'], here)) as {
    token: string;
  };
  const ben = await joinRoom(server.url, local.token);
  t.after(() => ben.close());

  const people = parsed(await sluice(['participants', 'lab', '--json'], here)) as {
    identity: string;
    grants: { publish: string[]; admin: boolean };
  }[];
  assert.deepEqual(
    people.map(({ identity, grants: { publish, admin } }) => [identity, publish.length, admin]),
    [
      ['ada', 1, true],
      ['ben', 4, false],
    ],
  );
  const kicked = await sluice(['kick', 'lab', 'ben', '--reason', 'Enough'], here);
  assert.deepEqual([kicked.code, kicked.out], [0, 'ben is out of lab.\n']);
  assert.match((await sluice(['participants', 'lab'], here)).out, /^IDENTITY .*\nada +Ada [^\n]*\n$/u);
  assert.match((await sluice(['kick', 'lab', 'ben'], here)).err, /\(participant-not-found\)/u);
});

test('events are printed, and followed, and what people are called steers no terminal', async (t) => {
  await server.call('POST', '/v1/rooms', { name: 'told' });
  const evil = await server.token('told', 'eve', { name: 'Eve \u009b31m\u202e', attributes: { a: '\u001b[2J' } });
  const eve = await joinRoom(server.url, evil);
  t.after(() => eve.close());
  await server.call('PATCH', '/v1/rooms/told/participants/eve', { attributes: { a: '\u001b]0;x\u0007' } });

  const follower = start(['events', '--follow', '--room', 'told', '--after', '0'], here);
  t.after(() => follower.kill());
  const all = await printed(follower, 'participant-updated');
  for (const out of [all, (await sluice(['participants', 'told'], here)).out]) {
    assert.match(out, /Eve/u);
    // oxlint-disable-next-line no-control-regex -- those are what is looked for
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/u);
  }
  const later = printed(follower, 'room-closed');
  await server.call('DELETE', '/v1/rooms/told');
  await later;
  const lines = (await sluice(['events', '--room', 'told', '--json'], here)).out.trim().split('\n');
  const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
  assert.deepEqual([types[0], types.at(-1)], ['room-started', 'room-closed']);
});

test('server and key come from flags, from the environment, or from the configuration of the server', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, `host: 127.0.0.1\nport: ${server.port}\nauth:\n  keys: [${API_KEYS[1]}]\n`);
  const elsewhere = { SLUICE_URL: 'http://127.0.0.1:1', SLUICE_API_KEY: 'wrong.key' };
  for (const [args, env] of [
    [['--url', server.url, '--key', API_KEYS[0]], elsewhere],
    [['--config', file], {}],
    [[], { SLUICE_CONFIG: file }],
    [[], { SLUICE_AUTH_KEYS: API_KEYS[0], SLUICE_URL: server.url }],
  ] as const) {
    const { code, err } = await sluice(['room', 'list', ...args], env);
    assert.deepEqual([code, err], [0, ''], args.join(' '));
  }
});

test('a command line that is wrong is exit code 2 and says how; a server that is away is exit code 1', async () => {
  for (const [args, said] of [
    [['rom', 'list'], /There is no command "rom list"/u],
    [['partcipants', 'lab'], /did you mean participants/u],
    [['room'], /`sluice room create`, `sluice room list`, `sluice room close`/u],
    [['room', 'create'], /expects NAME/u],
    [['room', 'create', 'a', 'b'], /expects NAME/u],
    [['room', 'list', '--colour'], /--colour.*sluice room list --help/u],
    [['room', 'create', 'a', '--metadata', '[1]'], /--metadata expects a JSON object/u],
    [['room', 'create', 'a', '--max-participants', 'many'], /--max-participants expects a whole number/u],
    [['token', 'a', 'b', '--publish', 'hologram'], /found "hologram"/u],
    [['events', '--after', '-1'], /--after/u],
  ] as const) {
    const { code, out, err } = await sluice(args, here);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, said);
  }
  const keyless = await sluice(['room', 'list'], { SLUICE_URL: server.url });
  assert.equal(keyless.code, 2);
  assert.match(keyless.err, /no API key/u);
  const away = await sluice(['room', 'close', 'a'], { ...here, SLUICE_URL: `http://127.0.0.1:${await freePort()}` });
  assert.deepEqual([away.code, away.out], [1, '']);
  assert.match(away.err, /\(unreachable\)/u);
});

test('every command has its help', async () => {
  const overview = await sluice(['--help']);
  const commands = [
    'start',
    'token',
    'room create',
    'room list',
    'room close',
    'participants',
    'kick',
    'events',
    'doctor',
  ];
  for (const command of commands) {
    assert.match(overview.out, new RegExp(`^  ${command}`, 'mu'));
    const { code, out } = await sluice([...command.split(' '), '--help']);
    assert.equal(code, 0);
    assert.match(out, /^Usage: sluice/u);
  }
  assert.match((await sluice(['--version'])).out, /^\d+\.\d+\.\d+\n$/u);
});

function parsed({ code, out, err }: Ran): unknown {
  assert.deepEqual([code, err], [0, '']);
  return JSON.parse(out);
}
