import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { createCredentials } from '../../src/turn/credentials.ts';
import { createUsers, type StaticUser, USER_REFUSALS, type User } from '../../src/turn/users.ts';
import { hmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { hmacSha256 } from '../../src/stun/hmac-sha256.ts';

const NOW = 1_700_000_000_000 as Millis;
const REALM = 'sluice';
const MESSAGE = Buffer.from('a message that somebody has signed');

test('a time-limited credential is accepted with either key algorithm and either MAC, warm and cold', () => {
  const desk = openDesk({ secrets: ['s'] });
  const { username, password } = issue('s', 'alice');
  for (const round of ['cold', 'warm']) {
    for (const algorithm of [1, 2] as const) {
      for (const sha256 of [false, true]) {
        const user = desk.show(username, password, { algorithm, sha256 });
        assert.ok(typeof user === 'object', round);
        assert.equal(user.identity, 'alice');
        assert.equal(user.username, username);
        assert.equal(user.expiresAt, NOW + 600_000);
        const keys = sha256 ? user.keySha256(algorithm) : user.keySha1(algorithm);
        assert.deepEqual(sign(keys, sha256), expectedMac(username, password, { algorithm, sha256 }));
      }
    }
  }
  assert.equal(desk.users.size, 1);
});

test('a known user costs one check of the MAC, an unknown one a check for each secret', () => {
  const desk = openDesk({ secrets: ['new', 'old', 'older'] });
  const { username, password } = issue('older', 'alice');
  const checks = () => {
    const before = desk.checks();
    desk.show(username, password);
    return desk.checks() - before;
  };
  assert.equal(checks(), 3);
  assert.equal(checks(), 1);
});

test('credentials of every configured secret are accepted, and of no other, also after a change of secrets', () => {
  const desk = openDesk({ secrets: ['new', 'old'] });
  const [fresh, old, strange] = ['new', 'old', 'strange'].map((secret) => issue(secret, 'alice'));
  assert.equal(identityOf(desk.show(fresh!.username, fresh!.password)), 'alice');
  assert.equal(identityOf(desk.show(old!.username, old!.password)), 'alice', 'one name, another password');
  assert.equal(identityOf(desk.show(fresh!.username, fresh!.password)), 'alice');
  assert.equal(desk.show(strange!.username, strange!.password), 'wrong-key');
  desk.users.configure({ secrets: ['new'], users: [] });
  assert.equal(desk.show(old!.username, old!.password), 'wrong-key', 'what was remembered is forgotten');
  assert.equal(identityOf(desk.show(fresh!.username, fresh!.password)), 'alice');
});

test('a credential ends at its expiry, known or not', () => {
  const desk = openDesk({ secrets: ['s'] });
  const { username, password } = issue('s', 'alice');
  assert.equal(identityOf(desk.show(username, password, { now: NOW + 599_999 })), 'alice');
  assert.equal(desk.show(username, password, { now: NOW + 600_000 }), 'expired');
  assert.equal(desk.users.size, 0);
  assert.equal(desk.show(username, password, { now: NOW + 600_000 }), 'expired');
});

test('hostile names are refused, with the right password even', () => {
  const desk = openDesk({ secrets: ['s'], users: [{ name: 'bob', password: 'p' }] });
  const names = [
    'constructor',
    '__proto__',
    'toString',
    'alice',
    ':',
    ':a',
    '1',
    '1700000601',
    '1700000601:',
    '-1:a',
    '0:a',
  ];
  const more = ['1e9:a', '01700000601:a', ' 1700000601:a', '+1700000601:a', '999999999999:a', '1700000601;a'];
  for (const name of [...names, ...more]) assert.equal(desk.show(name, passwordOf('s', name)), 'unknown', name);
  assert.equal(desk.show('', passwordOf('s', '')), 'malformed');
  const longest = `1700000601:${'a'.repeat(497)}`;
  assert.equal(identityOf(desk.show(longest, passwordOf('s', longest))), 'a'.repeat(497));
  for (const length of [498, 502, 600]) {
    const long = `1700000601:${'a'.repeat(length)}`;
    assert.equal(desk.show(long, passwordOf('s', long)), 'malformed');
  }
  const notText = Buffer.from('1700000601:\xff\xfe', 'latin1');
  assert.equal(desk.show(notText, passwordOf('s', notText)), 'malformed');
});

test('names of prototypes and with colons are names like others', () => {
  const desk = openDesk({ secrets: ['s'], users: [{ name: '__proto__', password: 'p' }] });
  for (const identity of ['constructor', '__proto__', 'a:b:c', ':', '日本', ' ']) {
    const { username, password } = issue('s', identity);
    assert.equal(identityOf(desk.show(username, password)), identity);
    desk.users.revoke(identity, (NOW + 600_000) as Millis, NOW);
    assert.equal(desk.show(username, password), 'revoked');
  }
  assert.equal(identityOf(desk.show('__proto__', 'p')), '__proto__');
  assert.equal(desk.show('constructor', ''), 'unknown');
});

test('static users show their password, and are found by USERHASH', () => {
  const users = [
    { name: 'bob', password: 'π' },
    { name: '1700000601:eve', password: 'static wins' },
  ];
  const desk = openDesk({ secrets: ['s'], users });
  for (const { name, password } of users) {
    for (const algorithm of [1, 2] as const) {
      for (const sha256 of [false, true]) {
        const user = desk.show(name, password, { algorithm, sha256 });
        assert.equal(identityOf(user), name);
        assert.equal((user as User).expiresAt, Infinity);
        assert.equal(desk.showHash(name, password, { algorithm, sha256 }), user);
        assert.equal(desk.show(name, 'other', { algorithm, sha256 }), 'wrong-key');
        assert.equal(desk.showHash(name, 'other', { algorithm, sha256 }), 'wrong-key');
      }
    }
  }
  assert.equal(desk.show('1700000601:eve', passwordOf('s', '1700000601:eve')), 'wrong-key');
  assert.equal(desk.showHash('carol', 'π'), 'unknown');
  assert.equal(desk.users.size, 0, 'they need no room among those who come and go');
});

test('hiding the user name is offered where all users are static', () => {
  const users = [{ name: 'bob', password: 'p' }];
  assert.equal(openDesk({ users }).users.anonymity, true);
  assert.equal(openDesk({ users, secrets: ['s'] }).users.anonymity, false);
  assert.equal(openDesk({ users }).show('1700000601:a', 'p'), 'unknown');
});

test('strangers leave nothing behind, and push out nobody', () => {
  const desk = openDesk({ secrets: ['s'], capacity: 4 });
  const friends = ['a', 'b', 'c', 'd'].map((identity) => issue('s', identity));
  for (const { username, password } of friends) desk.show(username, password);
  for (let attempt = 0; attempt < 500; attempt += 1) {
    assert.equal(desk.show(`1700000601:stranger ${attempt}`, 'guess'), 'wrong-key');
    assert.equal(desk.show(friends[attempt % 4]!.username, 'guess'), 'wrong-key');
  }
  const before = desk.checks();
  for (const { username, password } of friends) desk.show(username, password);
  assert.equal(desk.checks() - before, 4, 'all four are still known');
  assert.equal(desk.users.size, 4);
});

test('whoever comes, in whatever order, is who it says or nobody, and the room is never exceeded', () => {
  const step = fc.record({
    identity: fc.constantFrom('a', 'b', 'c', 'aa', 'a:', '__proto__'),
    ttl: fc.integer({ min: 1, max: 40 }),
    pause: fc.nat(3000),
    secret: fc.constantFrom('s', 't', 'strange'),
    algorithm: fc.constantFrom(1 as const, 2 as const),
    sha256: fc.boolean(),
    revokes: fc.option(fc.nat(40), { freq: 5 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer(),
      (steps, capacity, seed) => {
        const desk = openDesk({ secrets: ['s', 't'], capacity, seed });
        const revoked: { identity: string; until: number }[] = [];
        let now: number = NOW;
        for (const { identity, ttl, pause, secret, algorithm, sha256, revokes } of steps) {
          now += pause;
          const expiresAt = NOW + 1000 * ttl;
          const username = `${expiresAt / 1000}:${identity}`;
          if (revokes !== null) {
            revoked.push({ identity, until: now + 1000 * revokes });
            desk.users.revoke(identity, (now + 1000 * revokes) as Millis, now as Millis);
          }
          const shown = desk.show(username, passwordOf(secret, username), { algorithm, sha256, now });
          const isRevoked = revoked.some(
            (entry) => entry.identity === identity && entry.until > now && expiresAt <= entry.until,
          );
          if (expiresAt <= now) assert.equal(shown, 'expired');
          else if (secret === 'strange') assert.equal(shown, 'wrong-key');
          else if (isRevoked) assert.equal(shown, 'revoked');
          else assert.deepEqual([identityOf(shown), (shown as User).username], [identity, username]);
          assert.ok(desk.users.size <= capacity);
        }
      },
    ),
  );
});

test('a revocation refuses what was issued before, and lets in what comes after', () => {
  const desk = openDesk({ secrets: ['s'] });
  const before = issue('s', 'alice');
  const after = issue('s', 'alice', (NOW + 1000) as Millis);
  desk.users.revoke('alice', (NOW + 600_000) as Millis, NOW);
  assert.equal(desk.show(before.username, before.password), 'revoked');
  assert.equal(identityOf(desk.show(after.username, after.password)), 'alice');
  desk.users.revoke('alice', (NOW + 1000) as Millis, NOW);
  assert.equal(desk.show(before.username, before.password), 'revoked', 'a shorter one takes nothing back');
  desk.users.configure({ secrets: ['s'], users: [] });
  assert.equal(desk.show(before.username, before.password), 'revoked', 'it outlives a change of secrets');
});

test('revocations are bounded, and the one that ends first makes room', () => {
  const desk = openDesk({ secrets: ['s'], revocations: 2 });
  const people = ['late', 'soon', 'middle'].map((identity) => issue('s', identity));
  desk.users.revoke('late', (NOW + 900_000) as Millis, NOW);
  desk.users.revoke('soon', (NOW + 700_000) as Millis, NOW);
  desk.users.revoke('middle', (NOW + 800_000) as Millis, NOW);
  const shown = people.map(({ username, password }) => desk.show(username, password));
  assert.deepEqual(
    shown.map((each) => (typeof each === 'string' ? each : 'in')),
    ['revoked', 'in', 'revoked'],
  );
});

test('what cannot be configured is an error at once', () => {
  assert.throws(() => openDesk({ secrets: [''] }), RangeError);
  assert.throws(() => openDesk({ users: [{ name: 'bob', password: 'p'.repeat(4096) }] }), RangeError);
});

type Way = { algorithm?: 1 | 2; sha256?: boolean; now?: number };
type Given = { secrets?: string[]; users?: StaticUser[]; capacity?: number; seed?: number; revocations?: number };

/** Users, and somebody who shows names with MACs by passwords, as node:crypto makes them. */
function openDesk({ secrets = [], users = [], seed = 7, ...rest }: Given) {
  const slab = new Uint8Array(2048);
  const directory = createUsers({ slab, realm: REALM, secrets, users, seed, ...rest });
  let checks = 0;
  const named = (shown: User | number) => (typeof shown === 'number' ? USER_REFUSALS[shown]! : shown);
  const verifier = (expected: Buffer, sha256: boolean) => (keys: Int32Array) => {
    checks += 1;
    return sign(keys, sha256).equals(expected);
  };
  return {
    users: directory,
    checks: () => checks,
    show(name: string | Buffer, password: string, { algorithm = 1, sha256 = false, now = NOW }: Way = {}) {
      const bytes = Buffer.from(name as string);
      const offset = 100 + (bytes.length % 4);
      slab.set(bytes, offset);
      const verify = verifier(expectedMac(name, password, { algorithm, sha256 }), sha256);
      return named(directory.authenticate(offset, bytes.length, algorithm, sha256, verify, now as Millis));
    },
    showHash(name: string, password: string, { algorithm = 1, sha256 = false }: Way = {}) {
      slab.set(createHash('sha256').update(`${name}:${REALM}`).digest(), 200);
      const verify = verifier(expectedMac(name, password, { algorithm, sha256 }), sha256);
      return named(directory.authenticateHash(200, algorithm, sha256, verify));
    },
  };
}

function expectedMac(
  name: string | Buffer,
  password: string,
  { algorithm, sha256 }: Required<Omit<Way, 'now'>>,
): Buffer {
  const text = Buffer.concat([Buffer.from(name as string), Buffer.from(`:${REALM}:${password}`)]);
  const key = createHash(algorithm === 1 ? 'md5' : 'sha256')
    .update(text)
    .digest();
  return createHmac(sha256 ? 'sha256' : 'sha1', key)
    .update(MESSAGE)
    .digest();
}

function sign(keys: Int32Array, sha256: boolean): Buffer {
  const view = new DataView(MESSAGE.buffer, MESSAGE.byteOffset, MESSAGE.length);
  const words = new Int32Array(sha256 ? 8 : 5);
  if (sha256) hmacSha256(keys, 0, view, 0, MESSAGE.length, words);
  else hmacSha1(keys, 0, view, 0, MESSAGE.length, words);
  const bytes = Buffer.alloc(4 * words.length);
  for (const [index, word] of words.entries()) bytes.writeInt32BE(word, 4 * index);
  return bytes;
}

function issue(secret: string, identity: string, now = NOW) {
  return createCredentials({ secrets: [secret], ttl: 600 }).issue(identity, now);
}

function passwordOf(secret: string, name: string | Buffer): string {
  return createHmac('sha1', secret).update(name).digest('base64');
}

function identityOf(shown: User | string): string {
  return typeof shown === 'string' ? `refused: ${shown}` : shown.identity;
}
