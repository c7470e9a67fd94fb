import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import type { TransportAddress } from '../../src/stun/address.ts';
import { ANSWER_REFUSALS, type AnswerLimitOptions, createAnswerLimit } from '../../src/turn/answer-limit.ts';
import { halfSipHash } from '../../src/turn/half-siphash.ts';
import { address, words } from './peer-policy-registries.ts';

const START = 1_700_000_000_000;
const HONEST = address('192.0.2.1');

test('an address gets its burst at once, then its rate', () => {
  const limit = open({ rate: 10, burst: 3 });
  const answers = [0, 0, 0, 0, 99, 100, 100, 1000, 1000, 1000, 1000].map((now) => limit(HONEST, now));
  const [yes, no] = ['answer', 'source'];
  assert.deepEqual(answers, [yes, yes, yes, no, no, yes, no, yes, yes, yes, no]);
});

test('an IPv6 /64 is one address, and IPv4 addresses are apart', () => {
  const limit = open({ rate: 1, burst: 1 });
  assert.equal(limit(address('2001:db8::1'), 0), 'answer');
  assert.equal(limit(address('2001:db8::ffff:1'), 0), 'source');
  assert.equal(limit(address('2001:db8:0:1::1'), 0), 'answer');
  assert.equal(limit(address('192.0.2.1'), 0), 'answer');
  assert.equal(limit(address('192.0.2.2'), 0), 'answer');
  assert.equal(limit(address('::ffff:192.0.2.2'), 0), 'source');
});

test('in no window does an address get more than burst + rate × time', () => {
  const steps = fc.array(fc.nat(400), { maxLength: 80 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 20 }), steps, (rate, burst, pauses) => {
      const limit = open({ rate, burst });
      const granted: number[] = [];
      let now = 0;
      for (const pause of pauses) {
        now += pause;
        if (limit(HONEST, now) === 'answer') granted.push(now);
        else assert.ok(granted.length > 0, 'the first one passes');
      }
      for (let from = 0; from < granted.length; from += 1) {
        for (let to = from; to < granted.length; to += 1) {
          assert.ok(to - from + 1 <= burst + (rate * (granted[to]! - granted[from]!)) / 1000 + 1e-6);
        }
      }
    }),
  );
});

test('a flood from forged addresses takes no honest address its answers', () => {
  const limit = open({ rate: 2, burst: 4, sets: 64 });
  let [asked, answered] = [0, 0];
  for (let packet = 0; packet < 200_000; packet += 1) {
    const now = packet / 100;
    limit(words(0, 0, 0xffff, Math.imul(packet, 0x9e37_79b1)), now);
    // Every half second, as a client that asks again; slower than its rate.
    if (packet % 50_000 === 25_000) {
      asked += 1;
      if (limit(HONEST, now) === 'answer') answered += 1;
    }
  }
  assert.deepEqual([asked, answered], [4, 4]);
});

test('one that asks too much stays known through a flood that is as large as the table', () => {
  const sets = 256;
  const limit = open({ rate: 1, burst: 100, sets });
  for (let count = 0; count < 200; count += 1) limit(HONEST, 0);
  for (let packet = 0; packet < 4 * sets; packet += 1) limit(words(packet + 1, 0, 0, 0), 10);
  assert.equal(limit(HONEST, 20), 'source');
});

test('in total no more is answered than the rate, and half of that is kept for those who come again', () => {
  const limit = open({ rate: 100, burst: 100, total: 1000, sets: 4096 });
  let newcomers = 0;
  for (let packet = 0; packet < 40_000; packet += 1) {
    if (limit(words(packet + 1, 7, 0, 0), packet / 20) === 'answer') newcomers += 1;
  }
  // 2 s at half of 1,000/s, and a bunch of a tenth of a second.
  assert.ok(newcomers >= 1000 && newcomers <= 1110, `${newcomers} newcomers`);
});

test('a client whose first request was lost in a flood is answered when it asks again', () => {
  let answered = 0;
  const clients = 200;
  const limit = open({ rate: 100, burst: 100, total: 1000, sets: 16_384 });
  // 20,000 forged requests a second, twenty times of what is answered; clients ask twice, half a second apart.
  for (let tick = 0; tick < 4000; tick += 1) {
    const now = tick / 2;
    for (let packet = 0; packet < 10; packet += 1) limit(words(tick * 10 + packet + 1, 7, 0, 0), now);
    const first = tick / 10;
    const again = first - 100;
    if (Number.isInteger(first) && first < clients && limit(words(0, 0, 0xffff, first), now) === 'answer')
      answered += 1;
    else if (Number.isInteger(again) && again >= 0 && again < clients) {
      if (limit(words(0, 0, 0xffff, again), now) === 'answer') answered += 1;
    }
  }
  assert.ok(answered >= clients * 0.95, `${answered} of ${clients}`);
});

test('a clock that steps back locks nobody out for longer than the burst takes', () => {
  const limit = open({ rate: 10, burst: 5 });
  for (let count = 0; count < 9; count += 1) limit(HONEST, 86_400_000);
  assert.deepEqual(
    [0, 600].map((now) => limit(HONEST, now)),
    ['source', 'answer'],
  );
  const inTotal = open({ rate: 1000, burst: 1000, total: 100 });
  for (let count = 0; count < 30; count += 1) inTotal(HONEST, 86_400_000);
  const answers = [0, 20, 40].map((now) => inTotal(HONEST, now));
  assert.deepEqual(answers, ['source', 'total', 'answer']);
});

test('HalfSipHash-1-3 gives the published value', () => {
  // Linux, lib/test_siphash.c, test_vectors_hsiphash (32 bit): the bytes 0 to 7 under the key of the bytes 0 to 7.
  assert.equal(halfSipHash(0x0302_0100, 0x0706_0504, 0x0302_0100, 0x0706_0504), 0x5779_99b1 | 0);
});

test('the key decides which addresses meet in a set', () => {
  const meeting = (key: readonly [number, number]) => {
    const limit = open({ rate: 0.001, burst: 2, sets: 16, key });
    limit(HONEST, 0);
    limit(HONEST, 0);
    const others: number[] = [];
    for (let other = 1; others.length < 4; other += 1) {
      if ((halfSipHash(...key, 0xffff, other) & 15) === (halfSipHash(...key, 0xffff, HONEST.d) & 15))
        others.push(other);
    }
    // Two answers each, with a little more debt than the honest one's: whoever knew the key could push it out.
    for (const other of others) for (const now of [1, 1]) limit(words(0, 0, 0xffff, other), now);
    return { others, forgotten: limit(HONEST, 2) === 'answer' };
  };
  const one = meeting([1, 2]);
  const two = meeting([3, 4]);
  assert.notDeepEqual(one.others, two.others);
  assert.deepEqual([one.forgotten, two.forgotten], [true, true]);
});

function open({
  total = Infinity,
  key = [0x1234_5678, -5],
  ...rest
}: Partial<AnswerLimitOptions> & { rate: number; burst: number }) {
  const limit = createAnswerLimit({ total, key, ...rest });
  return ({ a, b, c, d }: TransportAddress, now: number) =>
    ANSWER_REFUSALS[limit.allow(a, b, c, d, (START + now) as Millis)];
}
