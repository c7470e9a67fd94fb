import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { fullBucket, take as takeTokens, type TokenBucket } from '../../src/kernel/token-bucket.ts';
import {
  createBandwidth,
  type Bandwidth,
  type BandwidthLimit,
  type BandwidthLimits,
} from '../../src/turn/bandwidth.ts';
import { address } from './peer-policy-registries.ts';

const UNLIMITED: BandwidthLimit = { rate: Infinity, burst: Infinity };
const at = (milliseconds: number) => milliseconds as Millis;

test('the burst passes at once, then the rate', () => {
  const bandwidth = open({ allocation: { rate: 1000, burst: 3000 } });
  const one = join(bandwidth, 'alice', '192.0.2.1');
  const taken = [0, 0, 0, 0, 999, 1000, 1001].map((now) => bandwidth.take(one, 1000, at(now)));
  assert.deepEqual(taken, [true, true, true, false, false, true, false]);
});

test('a packet larger than the burst passes a full bucket and is paid for afterwards', () => {
  const bandwidth = open({ allocation: { rate: 1000, burst: 500 } });
  const one = join(bandwidth, 'alice', '192.0.2.1');
  const taken = [0, 1, 1499, 1500].map((now) => bandwidth.take(one, 1500, at(now)));
  assert.deepEqual(taken, [true, false, false, true]);
});

test('allocations of a user, of an address and of all share, and who is refused in one has spent in none', () => {
  const limit = { rate: 1, burst: 100 };
  for (const [name, others] of [
    [
      'user',
      [
        ['alice', '192.0.2.2', false],
        ['bob', '192.0.2.1', true],
      ],
    ],
    [
      'address',
      [
        ['alice', '192.0.2.2', true],
        ['bob', '192.0.2.1', false],
      ],
    ],
    [
      'total',
      [
        ['alice', '192.0.2.2', false],
        ['bob', '192.0.2.3', false],
      ],
    ],
  ] as const) {
    const bandwidth = open({ [name]: limit, allocation: { rate: 1, burst: 150 } });
    const first = join(bandwidth, 'alice', '192.0.2.1');
    assert.equal(bandwidth.take(first, 100, at(0)), true);
    assert.equal(bandwidth.take(first, 50, at(0)), false, name);
    for (const [user, host, expected] of others) {
      assert.equal(bandwidth.take(join(bandwidth, user, host), 100, at(0)), expected, `${name}: ${user} at ${host}`);
    }
    assert.equal(bandwidth.take(first, 50, at(50_000)), true, 'its own bucket was not charged for what was refused');
  }
});

test('a stream is told how long to wait, and gets in then', () => {
  const bandwidth = open({ allocation: { rate: 1000, burst: 1000 }, user: { rate: 100, burst: 1000 } });
  const one = join(bandwidth, 'alice', '192.0.2.1');
  assert.equal(bandwidth.wait(one, 1000, at(0)), 0);
  assert.equal(bandwidth.wait(one, 500, at(0)), 5000);
  assert.equal(bandwidth.wait(one, 500, at(4999)), 1);
  assert.equal(bandwidth.wait(one, 500, at(5000)), 0);
});

test('coming back does not fill a shared bucket, and in time all is forgotten', () => {
  const bandwidth = open({ user: { rate: 100, burst: 1000 }, address: { rate: 1000, burst: 1000 } });
  for (let round = 0; round < 20; round += 1) {
    const one = join(bandwidth, 'alice', '192.0.2.1', round);
    assert.equal(bandwidth.take(one, 1000, at(round)), round === 0);
    bandwidth.close(one, at(round));
  }
  assert.equal(bandwidth.size, 2);
  bandwidth.close(join(bandwidth, 'bob', '192.0.2.2', 10_000), at(10_000));
  assert.equal(bandwidth.size, 0);
});

test('a client that moves leaves the bucket of its address and shares the one of its new address', () => {
  const bandwidth = open({ address: { rate: 1, burst: 100 } });
  const [one, other] = [join(bandwidth, 'alice', '192.0.2.1'), join(bandwidth, 'bob', '192.0.2.2')];
  assert.equal(bandwidth.take(one, 100, at(0)), true);
  const { a, b, c, d } = address('192.0.2.2');
  bandwidth.move(one, a, b, c, d, at(0));
  assert.equal(bandwidth.take(one, 60, at(0)), true);
  assert.equal(bandwidth.take(other, 60, at(0)), false);
  assert.equal(bandwidth.take(other, 40, at(0)), true);
});

test('thousands of places come and go, and each is its own', () => {
  const bandwidth = open({ allocation: { rate: 1, burst: 100 } });
  for (let round = 0; round < 3; round += 1) {
    const all = Array.from({ length: 1000 }, (_, index) =>
      join(bandwidth, `${index}`, `10.0.${index >> 8}.${index & 255}`),
    );
    assert.equal(new Set(all).size, 1000);
    assert.ok(Math.max(...all) < 1000, 'places are used again');
    for (const one of all) assert.equal(bandwidth.take(one, 100, at(0)), true);
    for (const one of all) assert.equal(bandwidth.take(one, 1, at(0)), false);
    for (const one of all) bandwidth.close(one, at(0));
  }
  assert.equal(bandwidth.size, 0);
});

test('a clock that steps back refills nothing, and locks nobody out', () => {
  const bandwidth = open({ allocation: { rate: 1000, burst: 1000 } });
  const one = join(bandwidth, 'alice', '192.0.2.1', 60_000);
  const taken = [60_000, 60_000, 0, 999, 1000].map((now) => bandwidth.take(one, 1000, at(now)));
  assert.deepEqual(taken, [true, false, false, false, true]);
});

test('it passes what plain buckets would', () => {
  const limit = fc.record({ rate: fc.integer({ min: 1, max: 5000 }), burst: fc.integer({ min: 100, max: 3000 }) });
  const step = fc.record({
    which: fc.nat(3),
    bytes: fc.integer({ min: 1, max: 100 }),
    pause: fc.nat(300),
  });
  const people = [
    ['alice', '192.0.2.1'],
    ['alice', '192.0.2.2'],
    ['bob', '192.0.2.1'],
    ['bob', '192.0.2.2'],
  ] as const;
  fc.assert(
    fc.property(fc.tuple(limit, limit, limit, limit), fc.array(step, { maxLength: 80 }), (four, steps) => {
      const [allocation, user, host, total] = four;
      const bandwidth = open({ allocation, user, address: host, total });
      const places = people.map(([name, where]) => join(bandwidth, name, where, 1000));
      const buckets = new Map<string, { bucket: TokenBucket; limit: BandwidthLimit }>();
      const bucketOf = (key: string, of: BandwidthLimit) => {
        if (!buckets.has(key)) buckets.set(key, { bucket: fullBucket(of, at(1000)), limit: of });
        return buckets.get(key)!;
      };
      let now = 1000;
      for (const { which, bytes, pause } of steps) {
        now += pause;
        const [name, where] = people[which]!;
        const chain = [
          bucketOf(`${which}`, allocation),
          bucketOf(name, user),
          bucketOf(where, host),
          bucketOf('all', total),
        ];
        // A cost of 0 brings the tokens up to date.
        for (const { bucket, limit: of } of chain) takeTokens(bucket, of, at(now), 0);
        // Where the last fraction of a byte decides, the order of additions does; either is right.
        if (chain.some(({ bucket }) => Math.abs(bucket.tokens - bytes) < 1e-6)) return;
        const expected = chain.every(({ bucket }) => bucket.tokens >= bytes);
        assert.equal(bandwidth.take(places[which]!, bytes, at(now)), expected);
        if (expected) for (const { bucket } of chain) bucket.tokens -= bytes;
      }
    }),
  );
});

function open(limits: Partial<BandwidthLimits>): Bandwidth {
  return createBandwidth({ allocation: UNLIMITED, user: UNLIMITED, address: UNLIMITED, total: UNLIMITED, ...limits });
}

function join(bandwidth: Bandwidth, user: string, host: string, now = 0): number {
  const { a, b, c, d } = address(host);
  return bandwidth.open(user, a, b, c, d, at(now));
}
