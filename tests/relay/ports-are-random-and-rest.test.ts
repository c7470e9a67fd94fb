import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import { createPortPool, shareOfPorts } from '../../src/relay/port-pool.ts';

test('each port is given to one at a time, until there is none', () => {
  const pool = createPortPool({ first: 50_001, last: 50_100 }, randomInt);
  const taken = Array.from({ length: 100 }, () => pool.take('any', 0));
  assert.deepEqual(new Set(taken), new Set(Array.from({ length: 100 }, (_, index) => 50_001 + index)));
  assert.equal(pool.take('any', 0), undefined);
  assert.equal(pool.free, 0);
});

test('ports on which something else of this server listens are never given', () => {
  const pool = createPortPool({ first: 50_000, last: 50_003, except: [50_001, 50_001, 7800] }, randomInt);
  const taken = Array.from({ length: 4 }, () => pool.take('any', 0));
  assert.deepEqual(new Set(taken), new Set([50_000, 50_002, 50_003, undefined]));
});

test('a port that was given back rests, unless no other is left', () => {
  const pool = createPortPool({ first: 50_000, last: 50_001 }, randomInt, 1000);
  const [first, second] = [pool.take('any', 0)!, pool.take('any', 0)!];
  pool.giveBack(first, 0);
  pool.giveBack(second, 10);
  assert.equal(pool.take('any', 20), first, 'the one that has rested longest');
  pool.giveBack(first, 30);
  assert.equal(pool.take('any', 1020), second, 'the one that has rested enough');
});

test('a pool answers as a plain list of ports would', () => {
  const step = fc.oneof(
    fc.record({
      what: fc.constant('take' as const),
      wanted: fc.constantFrom('any' as const, 'even' as const, 'pair' as const),
    }),
    fc.record({ what: fc.constant('give' as const), which: fc.nat() }),
    fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.integer({ min: 1, max: 12 }), (steps, size) => {
      const first = 50_001;
      const pool = createPortPool({ first, last: first + size - 1 }, randomInt, 1000);
      const until = new Map<number, number>(Array.from({ length: size }, (_, index) => [first + index, 0]));
      const taken: number[] = [];
      let now = 0;
      for (const one of steps) {
        if (one.what === 'wait') now += one.ms;
        else if (one.what === 'give') {
          const [port] = taken.splice(one.which % Math.max(1, taken.length), 1);
          if (port === undefined) continue;
          pool.giveBack(port, now);
          until.set(port, now + 1000);
        } else {
          const fits = (port: number) =>
            until.has(port) &&
            (one.wanted === 'any' || (port % 2 === 0 && (one.wanted === 'even' || until.has(port + 1))));
          const [rested, resting] = [true, false].map((awake) =>
            [...until.keys()].filter(
              (port) =>
                fits(port) &&
                (until.get(port)! <= now && (one.wanted !== 'pair' || until.get(port + 1)! <= now)) === awake,
            ),
          );
          const port = pool.take(one.wanted, now);
          if (rested!.length > 0) assert.ok(rested!.includes(port!), `${port} is one that has rested`);
          else if (resting!.length > 0) assert.ok(resting!.includes(port!), `${port} is one that is left`);
          else assert.equal(port, undefined);
          // Neighbours are looked for among all that rest, which have rested with that.
          if (rested!.length === 0 && one.wanted !== 'any') for (const other of until.keys()) until.set(other, 0);
          if (port === undefined) continue;
          for (const each of one.wanted === 'pair' ? [port, port + 1] : [port]) {
            until.delete(each);
            taken.push(each);
          }
        }
        assert.equal(pool.free, until.size);
      }
    }),
  );
});

test('even ports are even, and of a pair both are taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 60_000 }), fc.integer({ min: 0, max: 40 }), (first, more) => {
      const pool = createPortPool({ first, last: first + more }, randomInt);
      const seen = new Set<number>();
      for (let port = pool.take('pair', 0); port !== undefined; port = pool.take('pair', 0)) {
        assert.equal(port % 2, 0);
        for (const one of [port, port + 1]) {
          assert.ok(one >= first && one <= first + more && !seen.has(one));
          seen.add(one);
        }
      }
      for (let port = pool.take('any', 0); port !== undefined; port = pool.take('any', 0)) seen.add(port);
      assert.equal(seen.size, more + 1);
    }),
  );
});

test('the shares of threads make up the range, and cut no pair in two', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1024, max: 60_000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 16 }),
      (first, more, count) => {
        const range = { first, last: first + more };
        let next = first;
        for (let index = 0; index < count; index += 1) {
          const share = shareOfPorts(range, index, count);
          if (share.last < share.first) continue;
          assert.equal(share.first, next);
          if (index > 0 && share.first !== first) assert.equal(share.first % 2, 0);
          next = share.last + 1;
        }
        assert.equal(next, first + more + 1);
      },
    ),
  );
});
