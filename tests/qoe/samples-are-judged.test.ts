import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import { Compile } from 'typebox/compile';

import { SluiceError } from '../../src/kernel/errors.ts';
import { MAX_SAMPLES, parseBeacon, SampleSchema } from '../../src/qoe/beacon.ts';
import { FIELD, FIELD_NAMES, type FieldRule, FIELDS, SAMPLE_KINDS, type SampleKind } from '../../src/qoe/fields.ts';
import { newSample, readSample, REJECTIONS } from '../../src/qoe/sample.ts';

const SENT_AT = 1_700_000_000_000;

test('a good sample is read; what the client did not say is NaN', () => {
  const sample = newSample();
  const raw = { ...header('recv'), bitrate: 32_000, packets: 100, lost: 2, concealed: 0.01 };
  assert.equal(readSample(raw, SENT_AT, sample), undefined);
  assert.equal(sample.track, 'c1');
  assert.equal(sample.values[FIELD.lost], 2);
  assert.equal(sample.values[FIELD.concealed], 0.01);
  assert.ok(Number.isNaN(sample.values[FIELD.fps]));
});

test('each bad sample is refused by the reason that helps to mend it', () => {
  const recv = header('recv');
  const cases: [unknown, string, string?][] = [
    [null, 'wrong-type'],
    ['{}', 'wrong-type'],
    [[recv], 'wrong-type'],
    [{}, 'missing-field', 'kind'],
    [{ ...recv, kind: 'both' }, 'wrong-type', 'kind'],
    [{ ...recv, seq: undefined }, 'missing-field', 'seq'],
    [{ ...recv, seq: 1.5 }, 'not-an-integer', 'seq'],
    [{ ...recv, track: undefined }, 'missing-field', 'track'],
    [{ ...recv, track: 7 }, 'wrong-type', 'track'],
    [{ ...recv, track: 'x'.repeat(65) }, 'wrong-type', 'track'],
    [{ ...recv, bitrate: null }, 'not-a-number', 'bitrate'],
    [{ ...recv, bitrate: '1' }, 'wrong-type', 'bitrate'],
    [{ ...recv, bitrate: -1 }, 'negative', 'bitrate'],
    [{ ...recv, bitrate: 1e10 }, 'absurd', 'bitrate'],
    [{ ...recv, concealed: 1.01 }, 'absurd', 'concealed'],
    [{ ...recv, packets: 0.5 }, 'not-an-integer', 'packets'],
    [{ ...recv, frozen: 60_000 }, 'inconsistent', 'frozen'],
    [{ ...recv, targetBitrate: 1 }, 'unknown-field', 'targetBitrate'],
    [{ ...recv, bitRate: 1 }, 'unknown-field', 'bitRate'],
    [{ ...header('send'), limitation: 'heat' }, 'wrong-type', 'limitation'],
    [{ ...header('session'), track: 'c1' }, 'unknown-field', 'track'],
    [{ ...recv, at: SENT_AT + 5000 }, 'future', 'at'],
    [{ ...recv, at: SENT_AT - 3_600_000 }, 'ancient', 'at'],
    [{ ...recv, at: SENT_AT / 1000 }, 'absurd', 'at'],
    [{ ...recv, ms: 0 }, 'absurd', 'ms'],
    [JSON.parse(`{"kind":"recv","seq":1,"at":${SENT_AT},"ms":2000,"track":"c1","__proto__":1}`), 'unknown-field'],
  ];
  for (const [raw, why, field] of cases) {
    const refused = readSample(raw, SENT_AT, newSample());
    assert.equal(refused?.why, why, JSON.stringify(raw));
    if (field !== undefined) assert.equal(refused?.field, field, JSON.stringify(raw));
  }
});

test('no JSON makes the reader throw, and a value that it takes is within its range', () => {
  const sample = newSample();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json().map((text) => JSON.parse(text) as unknown),
        almostSample(),
      ),
      (raw) => {
        const refused = readSample(raw, SENT_AT, sample);
        if (refused !== undefined) return assert.ok(REJECTIONS.includes(refused.why));
        for (const [index, name] of FIELD_NAMES.entries()) {
          const value = sample.values[index]!;
          const { min, max } = FIELDS[name];
          assert.ok(Number.isNaN(value) || (value >= min && value <= max), name);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('the reader and the documented schema agree', () => {
  const schema = Compile(SampleSchema);
  fc.assert(
    fc.property(almostSample(), (raw) => {
      const why = readSample(raw, SENT_AT, newSample())?.why;
      // What depends on several fields is not in the schema.
      assert.equal(schema.Check(raw), why === undefined || why === 'inconsistent', `${why}`);
    }),
    { numRuns: 2000 },
  );
});

test('an envelope that does not fit is refused as a whole; samples in it are not looked at', () => {
  const envelope = { v: 1, session: 'abc', sentAt: SENT_AT, samples: [null] };
  assert.deepEqual(parseBeacon(envelope), envelope);
  const bad: unknown[] = [
    { ...envelope, v: 2 },
    { ...envelope, session: '../etc' },
    { ...envelope, sentAt: Number.NaN },
    { ...envelope, samples: [] },
    { ...envelope, samples: Array.from({ length: MAX_SAMPLES + 1 }, () => null) },
    { ...envelope, room: 'no spaces' },
    { ...envelope, extra: true },
    [],
    null,
  ];
  for (const each of bad) {
    assert.throws(
      () => parseBeacon(each),
      (error) => error instanceof SluiceError && error.code === 'invalid-request',
    );
  }
});

function header(kind: SampleKind) {
  return { kind, seq: 1, at: SENT_AT, ms: 2000, ...(kind === 'session' ? {} : { track: 'c1' }) };
}

/** A sample with fields of its kind, some of which are wrong. */
function almostSample() {
  const odd = fc.constantFrom<unknown>(null, -1, 1e300, 'x', true, 0.5, {}, []);
  const value = (rule: FieldRule) => {
    if (rule.words !== undefined) return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...rule.words) }, odd);
    const good: fc.Arbitrary<unknown> = rule.integer
      ? fc.integer({ min: 0, max: rule.max })
      : fc.double({ min: 0, max: rule.max, noNaN: true });
    return fc.oneof({ weight: 30, arbitrary: good }, odd);
  };
  return fc
    .record({
      kind: fc.constantFrom(...SAMPLE_KINDS),
      other: fc.dictionary(fc.constantFrom('bitRate', 'toString', 'constructor', 'valueOf'), fc.integer(), {
        maxKeys: 1,
      }),
      names: fc.subarray(FIELD_NAMES, { maxLength: 8 }),
      at: fc.constantFrom(SENT_AT, SENT_AT + 500, SENT_AT - 30_000, 5),
      misfits: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .chain(({ kind, other, names, at, misfits }) => {
      const rules: Record<string, FieldRule> = FIELDS;
      const chosen = names.filter((name) => misfits < 0.1 || rules[name]!.of.includes(kind));
      return fc
        .record(Object.fromEntries(chosen.map((name) => [name, value(rules[name]!)])))
        .map((fields): unknown => ({ ...header(kind), at, ...fields, ...(misfits > 0.9 ? other : {}) }));
    });
}
