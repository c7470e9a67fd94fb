import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import type { TSchema } from 'typebox';

import { readEnvironment } from '../../src/config/environment.ts';
import { readFlags } from '../../src/config/flags.ts';
import type { FormatName } from '../../src/config/formats.ts';
import { KEYS } from '../../src/config/keys.ts';
import { type Layer, readFileLayer } from '../../src/config/layer.ts';
import type { ConfigProblem } from '../../src/config/problems.ts';
import { shapeOf } from '../../src/config/shape.ts';

for (const key of KEYS) {
  test(`${key.path} is read the same from a file, a variable and a flag`, () => {
    fc.assert(
      fc.property(written(key.schema), ({ raw, value }) => {
        const argument = inline(raw);
        const expected = [[key.path, value]];
        assert.deepEqual(
          values((report) => readFileLayer(yamlFile(key.path, raw), 'file', report)),
          expected,
        );
        assert.deepEqual(
          values((report) => readEnvironment({ [key.variable]: argument }, report)),
          expected,
        );
        assert.deepEqual(
          values((report) => readFlags([key.flag, argument], report).layer),
          expected,
        );
        assert.deepEqual(
          values((report) => readFlags([`${key.flag}=${argument}`], report).layer),
          expected,
        );
      }),
      { numRuns: 30 },
    );
  });
}

test('a list of plain values may be separated by commas', () => {
  const env = { SLUICE_CORS_ORIGINS: 'https://a.example, https://b.example,', SLUICE_MEDIA_LISTEN: '10.0.0.1,::1' };
  assert.deepEqual(
    values((report) => readEnvironment(env, report)),
    [
      ['cors.origins', ['https://a.example', 'https://b.example']],
      ['media.listen', ['10.0.0.1', '::1']],
    ],
  );
});

test('a switch needs no value', () => {
  assert.deepEqual(
    values((report) => readFlags(['--pages.enabled', '--port', '1'], report).layer),
    [
      ['pages.enabled', true],
      ['port', 1],
    ],
  );
});

test('variables that are not for the configuration are left alone', () => {
  const env = {
    PATH: '/bin',
    SLUICE_CACHE_DIR: '/tmp',
    SLUICE_OFFLINE: '1',
    SLUICE_CONFIG: 'x.yaml',
    SLUICE_HOST: '',
    SLUICE_PORT: 'tcp://10.3.0.7:7800',
    SLUICE_PORT_7800_TCP: 'tcp://10.3.0.7:7800',
    SLUICE_PORT_7800_TCP_ADDR: '10.3.0.7',
    SLUICE_SERVICE_HOST: '10.3.0.7',
    SLUICE_SERVICE_PORT_HTTP: '7800',
  };
  assert.deepEqual(
    values((report) => readEnvironment(env, report)),
    [],
  );
});

/** What a source sets; fails on any problem. */
function values(read: (report: (problem: ConfigProblem) => void) => Layer): [string, unknown][] {
  const layer = read((problem) => assert.fail(`${problem.path}: ${problem.message}`));
  return [...layer].map(([path, { value }]) => [path, value]);
}

function yamlFile(path: string, raw: unknown): string {
  const names = path.split('.');
  return `${names.map((name, depth) => `${'  '.repeat(depth)}${name}:`).join('\n')} ${JSON.stringify(raw)}\n`;
}

function inline(raw: unknown): string {
  return typeof raw === 'string' ? raw : JSON.stringify(raw);
}

/** A value as it is written, and what it means. */
type Written = { raw: unknown; value: unknown };

function written(schema: TSchema): fc.Arbitrary<Written> {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'union':
      return fc.oneof(...shape.members.map(written));
    case 'literal':
      return fc.constant({ raw: shape.value, value: shape.value });
    case 'null':
      return fc.constant({ raw: null, value: null });
    case 'boolean':
      return fc.boolean().map((value) => ({ raw: value, value }));
    case 'number': {
      const whole = fc.integer({ min: Math.ceil(shape.min), max: shape.max });
      return whole.map((value) => ({ raw: value, value }));
    }
    case 'text':
      return text(shape.format, shape.min ?? 0, shape.max ?? 0);
    case 'list': {
      const size = { minLength: shape.min, maxLength: Math.min(4, shape.max) };
      return fc
        .uniqueArray(written(shape.items), { ...size, selector: (item) => JSON.stringify(item.raw) })
        .map((items) => ({ raw: items.map((item) => item.raw), value: items.map((item) => item.value) }));
    }
    case 'object': {
      const fields = Object.fromEntries(
        Object.entries(shape.properties).map(([name, child]) => [name, written(child)]),
      );
      return fc.record(fields, { requiredKeys: [...shape.required] }).map((record) => ({
        raw: Object.fromEntries(Object.entries(record).map(([name, field]) => [name, field.raw])),
        value: Object.fromEntries(Object.entries(record).map(([name, field]) => [name, field.value])),
      }));
    }
    case 'free':
      return fc.constant({ raw: { keys: [{ kty: 'OKP', n: 1 }] }, value: { keys: [{ kty: 'OKP', n: 1 }] } });
    case 'section':
      throw new Error('a key is never a section');
  }
}

const SAMPLES = {
  text: ['plain', '../certs/a.pem', 'two words', '12', 'true', 'käse', "it's: a #thing"],
  ip: ['127.0.0.1', '203.0.113.9', '::1', '2001:db8::7', '::'],
  host: ['localhost', 'a.example.com', '10.1.2.3', '::1', 'x-1'],
  cidr: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8', '::1'],
  'http-url': ['https://a.example.com', 'http://localhost:7800'],
  'web-origin': ['*', 'https://a.example.com', 'http://127.0.0.1:3000'],
  'ice-url': ['stun:stun.example.com:3478', 'turns:t.example.com?transport=tcp'],
  'api-key': [`a.${'s'.repeat(32)}`, `k_1-B.${'aB3_-~+/'.repeat(8)}=`, `__proto__.${'.'.repeat(40)}`],
  realm: ['sluice', 'a.example.com', 'x_1-Y'],
  name: ['billing', 'crm_2-B'],
  'webhook-url': ['https://a.example.com/hook?for=us', 'http://127.0.0.1:9000'],
  'webhook-secret': ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whsec_${'A'.repeat(84)}==`],
  'event-type': ['participant-left', 'room-closed'],
  'turn-secret': ['s'.repeat(16), `!"#$%&'()*+,-./:;<=>?@[]^_{|}~`, '0123456789abcdef'],
} satisfies Record<Exclude<FormatName, 'duration' | 'size' | 'bitrate'>, string[]>;

const UNITS = { duration: 'ms', size: 'B', bitrate: 'bps' } as const;

function text(format: FormatName, min: number, max: number): fc.Arbitrary<Written> {
  if (format === 'duration' || format === 'size' || format === 'bitrate') {
    return fc.integer({ min, max }).map((value) => ({ raw: `${value}${UNITS[format]}`, value }));
  }
  return fc.constantFrom(...SAMPLES[format]).map((value) => ({ raw: value, value }));
}
