import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { createCredentialDesk } from '../../src/relay/credential-desk.ts';
import { turnIdentity } from '../../src/relay/identity.ts';
import { turnUris } from '../../src/relay/uris.ts';

test('a name is ASCII, fits STUN, and is nobody else’s', () => {
  assert.equal(turnIdentity('lab', 'ada'), 'lab/ada');
  assert.equal(turnIdentity('lab', 'ada/lab'), 'lab/ada%2Flab');
  assert.equal(turnIdentity('lab', 'Käthe: 1=1'), 'lab/K%C3%A4the%3A%201%3D1');
  const long = turnIdentity('r'.repeat(128), '😀'.repeat(128));
  assert.equal(long.length, 496);
  assert.notEqual(long, turnIdentity('r'.repeat(128), `${'😀'.repeat(127)}😁`));

  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 128 });
  const halves = fc
    .array(fc.constantFrom('\ud83d', '\ude00', 'a', '=u', '%'), { minLength: 1 })
    .map((all) => all.join(''));
  const identity = fc.oneof(text, halves);
  fc.assert(
    fc.property(identity, identity, (one, other) => {
      const names = [turnIdentity('lab', one), turnIdentity('lab', other)];
      for (const name of names) assert.match(name, /^lab\/[\w.!~*'()%=-]{1,492}$/u);
      assert.equal(names[0] === names[1], one === other);
    }),
  );
});

test('credentials are what any other TURN server takes, and last as long as they say', () => {
  const { desk } = world();
  const { username, password, ttl, uris } = desk.issue('lab/ada', 60);
  assert.equal(username, '1060:lab/ada');
  assert.equal(password, createHmac('sha1', 'first-secret').update(username).digest('base64'));
  assert.deepEqual([ttl, uris], [60, ['turn:x']]);
  assert.equal(desk.issue('lab/ada').ttl, 3600);
  assert.equal(desk.issue('lab/ada', 10 ** 9).ttl, 3600);
  const [one, other] = [desk.issueNameless('key'), desk.issueNameless('key')];
  assert.match(one.username, /^4600:key:[\w-]{12}$/u);
  assert.notEqual(one.username, other.username);
});

test('what is taken back is told from what is issued afterwards, however short that lasts', () => {
  const { desk, pass } = world();
  const lost = desk.issue('lab/ada');
  const until = desk.takeBack('lab/ada');
  assert.ok(expiry(lost.username) * 1000 <= until);
  for (const ttl of [1, 60, 3600, undefined]) {
    const next = desk.issue('lab/ada', ttl);
    assert.ok(expiry(next.username) * 1000 > until, `for ${ttl} seconds`);
    assert.equal(expiry(next.username), 1000 + next.ttl);
  }
  const second = desk.takeBack('lab/ada');
  assert.ok(second > until, 'and again');
  assert.equal(desk.issue('lab/bob', 60).ttl, 60, 'others are not concerned');
  pass(7200);
  assert.equal(desk.issue('lab/ada', 60).ttl, 60, 'once all of it has ended, nothing is left of it');
});

test('URIs are in the order of preference, one address a family, by the names that clients know', () => {
  const ports = { udp: 3478, tcp: 3478, tls: 5349 };
  assert.deepEqual(turnUris([{ ip: '10.0.0.7' }, { ip: '10.0.0.8' }, { ip: 'fd00::7' }], ports, undefined), [
    'turn:10.0.0.7:3478?transport=udp',
    'turn:[fd00::7]:3478?transport=udp',
    'turn:10.0.0.7:3478?transport=tcp',
    'turn:[fd00::7]:3478?transport=tcp',
    'turns:10.0.0.7:5349?transport=tcp',
    'turns:[fd00::7]:5349?transport=tcp',
  ]);
  const named = [
    { ip: '10.0.0.7', announced: 'turn.example' },
    { ip: 'fd00::7', announced: 'turn.example' },
  ];
  assert.deepEqual(turnUris(named, { udp: 3478, tls: 443 }, 'calls.example'), [
    'turn:turn.example:3478?transport=udp',
    'turns:calls.example:443?transport=tcp',
  ]);
  assert.deepEqual(turnUris([{ ip: '10.0.0.7', announced: '203.0.113.7' }], { tls: 5349 }, '10.0.0.7'), [
    'turns:203.0.113.7:5349?transport=tcp',
  ]);
});

function world() {
  let now = 1_000_000;
  const desk = createCredentialDesk({
    secrets: ['first-secret', 'second-secret'],
    maxTtl: 3600,
    clock: () => now as Millis,
    uris: () => ['turn:x'],
  });
  return { desk, pass: (seconds: number) => (now += 1000 * seconds) };
}

function expiry(username: string): number {
  return Number(username.split(':')[0]);
}
