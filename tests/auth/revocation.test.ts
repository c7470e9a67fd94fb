import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createRevocations } from '../../src/auth/revocation.ts';
import type { Millis } from '../../src/kernel/clock.ts';

const at = (milliseconds: number) => milliseconds as Millis;

test('a token is revoked from the revocation to its expiry and the grace after it', () => {
  const revocations = createRevocations({ grace: 5 });
  assert.equal(revocations.isRevoked('a', at(0)), false);
  revocations.revoke('a', at(100), at(0));
  assert.equal(revocations.isRevoked('a', at(0)), true);
  assert.equal(revocations.isRevoked('a', at(104)), true);
  assert.equal(revocations.isRevoked('a', at(105)), false);
  assert.equal(revocations.isRevoked('b', at(0)), false);
});

test('a second revocation prolongs and never shortens', () => {
  const revocations = createRevocations({ grace: 0 });
  revocations.revoke('a', at(100), at(0));
  revocations.revoke('a', at(50), at(0));
  assert.equal(revocations.isRevoked('a', at(99)), true);
  revocations.revoke('a', at(200), at(0));
  revocations.revoke('b', at(300), at(150));
  assert.equal(revocations.isRevoked('a', at(199)), true, 'the earlier entry has not taken the later one with it');
});

test('entries go after their expiry', () => {
  const revocations = createRevocations({ grace: 0 });
  for (let id = 0; id < 1000; id += 1) revocations.revoke(`${id}`, at(100 + id), at(0));
  assert.equal(revocations.size, 1000);
  revocations.revoke('last', at(5000), at(599));
  assert.equal(revocations.size, 501);
  revocations.revoke('expired already', at(1), at(599));
  assert.equal(revocations.size, 501);
});

test('when it is full, the entry that expires soonest goes', () => {
  const revocations = createRevocations({ grace: 0, limit: 2 });
  revocations.revoke('late', at(300), at(0));
  revocations.revoke('soon', at(100), at(0));
  revocations.revoke('middle', at(200), at(0));
  assert.deepEqual(
    ['late', 'soon', 'middle'].map((id) => revocations.isRevoked(id, at(1))),
    [true, false, true],
  );
  revocations.revoke('late', at(400), at(1));
  assert.equal(revocations.isRevoked('middle', at(1)), true, 'a known entry needs no room');
});

test('it answers as a plain list of revocations would', () => {
  const step = fc.record({ id: fc.constantFrom('a', 'b', 'c', '__proto__'), until: fc.nat(60), pause: fc.nat(10) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const revocations = createRevocations({ grace: 3 });
      const list: { id: string; end: number }[] = [];
      let now = 0;
      for (const { id, until, pause } of steps) {
        now += pause;
        revocations.revoke(id, at(until), at(now));
        list.push({ id, end: until + 3 });
        for (const other of ['a', 'b', 'c', '__proto__']) {
          const expected = list.some((entry) => entry.id === other && entry.end > now);
          assert.equal(revocations.isRevoked(other, at(now)), expected);
        }
        assert.ok(revocations.size <= 4);
      }
    }),
  );
});
