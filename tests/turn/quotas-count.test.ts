import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  createQuotas,
  QUOTA_KINDS,
  QUOTA_REFUSALS,
  type QuotaAccount,
  type QuotaKind,
  type QuotaLimit,
  type Quotas,
} from '../../src/turn/quotas.ts';
import { address } from './peer-policy-registries.ts';

test('a limit of the user, of the address and of all is met, and what is given back can be taken again', () => {
  const quotas = open({ user: 2, address: 3, total: 4 });
  const alice = account(quotas, 'alice', '192.0.2.1');
  const bob = account(quotas, 'bob', '192.0.2.1');
  const carol = account(quotas, 'carol', '192.0.2.2');
  const take = (of: QuotaAccount) => QUOTA_REFUSALS[of.take('channels')];
  assert.deepEqual([alice, alice, alice].map(take), ['granted', 'granted', 'user']);
  assert.deepEqual([bob, bob].map(take), ['granted', 'address']);
  assert.deepEqual([carol, carol].map(take), ['granted', 'total']);
  alice.giveBack('channels');
  assert.equal(take(bob), 'granted');
  assert.equal(quotas.total('channels'), 4);
  alice.close();
  assert.equal(take(carol), 'granted');
});

test('kinds are counted apart', () => {
  const one = account(open({ user: 1, address: 1, total: 1 }), 'alice', '192.0.2.1');
  for (const kind of QUOTA_KINDS) assert.deepEqual([one.take(kind), one.take(kind)], [0, 1]);
});

test('an IPv6 /64 is one address, and an IPv4 address is itself in either form', () => {
  const full = (one: string, other: string) => {
    const quotas = open({ user: Infinity, address: 1, total: Infinity });
    account(quotas, 'alice', one).take('allocations');
    return account(quotas, 'bob', other).take('allocations') === 2;
  };
  assert.equal(full('2001:db8::1', '2001:db8:0:0:ffff::2'), true);
  assert.equal(full('2001:db8::1', '2001:db8:0:1::1'), false);
  assert.equal(full('192.0.2.1', '::ffff:192.0.2.1'), true);
  assert.equal(full('192.0.2.1', '192.0.2.2'), false);
});

test('who is not known yet counts for its address alone', () => {
  const quotas = open({ user: 1, address: 2, total: 9 });
  const strangers = [1, 2, 3].map(() => account(quotas, undefined, '192.0.2.1'));
  assert.deepEqual(
    strangers.map((stranger) => stranger.take('connections')),
    [0, 0, 2],
  );
});

test('a client that moves takes what it holds along', () => {
  const quotas = open({ user: 9, address: 2, total: 9 });
  const alice = account(quotas, 'alice', '192.0.2.1');
  const bob = account(quotas, 'bob', '192.0.2.2');
  for (const each of [alice, alice, bob]) assert.equal(each.take('allocations'), 0);
  const { a, b, c, d } = address('192.0.2.2');
  alice.move(a, b, c, d);
  assert.equal(bob.take('allocations'), 2, 'over the limit, which the move did not ask');
  assert.equal(account(quotas, 'carol', '192.0.2.1').take('allocations'), 0);
  alice.close();
  assert.equal(bob.take('allocations'), 0);
});

test('nothing is held after all is closed, and a closed account takes nothing', () => {
  const quotas = open({ user: 9, address: 9, total: 9 });
  const alice = account(quotas, 'alice', '192.0.2.1');
  for (const kind of QUOTA_KINDS) alice.take(kind);
  alice.close();
  alice.close();
  alice.giveBack('channels', 5);
  assert.notEqual(alice.take('channels'), 0);
  for (const kind of QUOTA_KINDS) assert.equal(quotas.total(kind), 0);
  assert.equal(quotas.size, 0);
});

test('it counts as a plain list of holdings would', () => {
  const limit = fc.record({ user: fc.nat(5), address: fc.nat(6), total: fc.nat(9) });
  const user = fc.constantFrom('alice', '__proto__', 'constructor', undefined);
  const host = fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2');
  const kind = fc.constantFrom<QuotaKind>('allocations', 'permissions');
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), user, host }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), which: fc.nat(), kind }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('give' as const), which: fc.nat(), kind, count: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), which: fc.nat(), host }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), which: fc.nat() }) },
  );
  fc.assert(
    fc.property(limit, fc.array(step, { maxLength: 80 }), (limits, steps) => {
      const quotas = open(limits);
      const all: { account: QuotaAccount; user: string | undefined; host: string; held: Record<QuotaKind, number> }[] =
        [];
      const place = (text: string) => (text.includes(':') ? '2001:db8::/64' : text);
      for (const each of steps) {
        if (each.do === 'open') {
          const held = { allocations: 0, permissions: 0, channels: 0, connections: 0 };
          all.push({ account: account(quotas, each.user, each.host), user: each.user, host: place(each.host), held });
          continue;
        }
        if (all.length === 0) continue;
        const index = each.which % all.length;
        const one = all[index]!;
        if (each.do === 'take') {
          const sum = (of: typeof all) => of.reduce((total, { held }) => total + held[each.kind], 0);
          const full =
            one.user !== undefined && sum(all.filter((other) => other.user === one.user)) >= limits.user
              ? 1
              : sum(all.filter((other) => other.host === one.host)) >= limits.address
                ? 2
                : sum(all) >= limits.total
                  ? 3
                  : 0;
          assert.equal(one.account.take(each.kind), full);
          if (full === 0) one.held[each.kind] += 1;
        } else if (each.do === 'give') {
          one.account.giveBack(each.kind, each.count);
          one.held[each.kind] = Math.max(0, one.held[each.kind] - each.count);
        } else if (each.do === 'move') {
          const { a, b, c, d } = address(each.host);
          one.account.move(a, b, c, d);
          one.host = place(each.host);
        } else {
          one.account.close();
          all.splice(index, 1);
        }
        for (const of of QUOTA_KINDS) {
          assert.equal(
            quotas.total(of),
            all.reduce((total, { held }) => total + held[of], 0),
          );
        }
        const known = new Set(all.map((other) => other.user).filter((name) => name !== undefined)).size;
        assert.equal(quotas.size, known + new Set(all.map((other) => other.host)).size);
      }
    }),
  );
});

function open(limit: QuotaLimit): Quotas {
  return createQuotas({ allocations: limit, permissions: limit, channels: limit, connections: limit });
}

function account(quotas: Quotas, user: string | undefined, host: string): QuotaAccount {
  const { a, b, c, d } = address(host);
  return quotas.open(user, a, b, c, d);
}
