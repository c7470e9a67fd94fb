/** Whatever a browser answers, the server takes each sample that comes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createCollector, type Observation } from '../../client/sdk/qoe/collector.ts';
import type { Stats } from '../../client/sdk/qoe/stats.ts';
import { RANGES } from '../../client/sdk/qoe/values.ts';
import { FIELD_NAMES, type FieldRule, FIELDS } from '../../src/qoe/fields.ts';
import { newSample, readSample } from '../../src/qoe/sample.ts';
import { chromium, firefox, safari } from '../support/browser-stats.ts';

const T0 = 1_795_399_316_000;
const TIMINGS = { socketOpen: 6.2, joined: 10.5, firstFrame: Number.NaN };

test('the numbers that may be sent, and how large and how fine, are the server’s', () => {
  const rules: [string, FieldRule][] = FIELD_NAMES.map((name) => [name, FIELDS[name]]);
  const numbers = rules.filter(([, { words }]) => words === undefined);
  assert.deepEqual(
    Object.entries(RANGES).map(([name, [most]]) => [name, most]),
    numbers.map(([name, { max }]) => [name, max]),
  );
  for (const [name, { min, integer }] of numbers) {
    assert.equal(min, 0, name);
    if (integer === true) assert.equal(RANGES[name as keyof typeof RANGES][1], 1, name);
  }
});

test('every sample is taken, whatever the counters do', () => {
  fc.assert(
    fc.property(fc.array(observations(), { minLength: 2, maxLength: 6, size: 'max' }), (all) => {
      const collector = createCollector(T0);
      let seq = 0;
      for (const observation of all) {
        for (const sample of collector.take(observation)) {
          const written: unknown = JSON.parse(JSON.stringify(sample));
          assert.equal(readSample(written, observation.at, newSample()), undefined, JSON.stringify(sample));
          assert.equal(sample.seq, seq);
          seq += 1;
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** A browser's report in which anything may have become anything else, or be missing. */
function observations(): fc.Arbitrary<Observation> {
  const changed = fc.oneof(
    ...[fc.constant(undefined), fc.constant(Number.NaN), fc.constant(Infinity), fc.constant(0), fc.constant(-1)],
    ...[
      fc.double(),
      fc.double({ min: 0, max: 1e7 }),
      fc.integer({ min: 0, max: 100 }),
      fc.constantFrom('cpu', 'x', ''),
    ],
  );
  const changes = fc.dictionary(fc.constantFrom(...members()), changed, { maxKeys: 6, size: 'max' });
  const mutations = fc.array(fc.tuple(fc.nat({ max: 11 }), changes), { maxLength: 6, size: 'max' });
  const browser = fc.constantFrom(chromium, firefox, safari);
  return fc
    .record({ browser, second: fc.double({ min: 0, max: 200, noNaN: true }), mutations, breaks: fc.nat({ max: 1 }) })
    .map(({ browser: answer, second, mutations: its, breaks }) => {
      const { recv, send } = answer(second);
      const mutate = (entries: Stats[]) => entries.map((entry, at) => mutated(entry, its, at));
      return {
        ...{ at: T0 + Math.round(second * 1000), recv: mutate(recv), send: mutate(send), timings: TIMINGS },
        received: [
          { id: 'voice-in', mid: '1', ssrc: 105_908_826, breaks, shown: undefined },
          { id: 'picture-in', mid: '0', ssrc: 562_798_296, breaks, shown: { width: second * 500, height: Number.NaN } },
        ],
        sent: [
          { id: 'voice-out', mid: '1', ssrc: 1_319_745_313, breaks, trackId: 'mic' },
          { id: 'picture-out', mid: '0', ssrc: undefined, breaks, trackId: 'cam' },
        ],
      };
    });
}

function mutated(entry: Stats, mutations: [number, Record<string, unknown>][], at: number): Stats {
  return mutations.filter(([which]) => which === at).reduce((one, [, change]) => ({ ...one, ...change }), entry);
}

/** Every member that any of the browsers has, but for those by which entries are told apart. */
function members(): string[] {
  const all = [chromium(1), firefox(1), safari(1)].flatMap(({ recv, send }) => [...recv, ...send]);
  return [...new Set(all.flatMap((entry) => Object.keys(entry)))].filter((name) => name !== 'type');
}
