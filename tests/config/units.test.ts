import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { FORMATS } from '../../src/config/formats.ts';

test('durations become milliseconds', () => {
  const { parse } = FORMATS.duration;
  assert.deepEqual(
    ['250ms', '20s', '1.5s', '5m', '2h', '7d', '0s'].map(parse),
    [250, 20_000, 1500, 300_000, 7_200_000, 604_800_000, 0],
  );
  for (const text of ['20', 's', '-1s', '1 s', '1S', '1e3s', '١s', '20sec', '', '1constructor', '99999999999999d']) {
    assert.equal(parse(text), undefined, text);
  }
});

test('sizes become bytes, bit rates bits per second', () => {
  assert.deepEqual(['512B', '64KiB', '1MiB', '1GiB'].map(FORMATS.size.parse), [512, 65_536, 1_048_576, 1_073_741_824]);
  assert.deepEqual(['64000bps', '600kbps', '1.5Mbps'].map(FORMATS.bitrate.parse), [64_000, 600_000, 1_500_000]);
  for (const text of ['64KB', '64K', '64kib', '64']) assert.equal(FORMATS.size.parse(text), undefined, text);
});

test('what a unit writes is read back as the same number', () => {
  for (const format of ['duration', 'size', 'bitrate'] as const) {
    const { parse, write } = FORMATS[format];
    fc.assert(fc.property(fc.nat(2 ** 31), (value) => parse(write(value)) === value));
  }
});

test('hosts are names or addresses', () => {
  const { parse } = FORMATS.host;
  for (const text of ['localhost', 'a.example.com', '1.2.3.4', '::1', '3com.com']) assert.equal(parse(text), text);
  for (const text of ['', '1.2.3', '10.0.0.300', '-a', 'a_b', 'a..b', 'http://a', 'a:80', 'x'.repeat(64)]) {
    assert.equal(parse(text), undefined, text);
  }
});

test('URLs are origins alone', () => {
  const { parse } = FORMATS['http-url'];
  assert.equal(parse('https://Calls.Example.com:443/'), 'https://calls.example.com');
  for (const text of [
    'https://a.example/path',
    'https://u:p@a.example',
    'ftp://a.example',
    'a.example',
    'https://a?b',
  ]) {
    assert.equal(parse(text), undefined, text);
  }
});

test('an API key is an id and a secret that is long enough', () => {
  const { parse } = FORMATS['api-key'];
  for (const key of [`a.${'s'.repeat(32)}`, `A_-9.${'s'.repeat(256)}`]) assert.equal(parse(key), key);
  for (const key of [
    `a.${'s'.repeat(31)}`,
    `a.${'s'.repeat(257)}`,
    `.${'s'.repeat(32)}`,
    's'.repeat(40),
    `a b.${'s'.repeat(32)}`,
    `a.${'s'.repeat(32)} `,
    `a.${'s'.repeat(16)},${'s'.repeat(16)}`,
    `a.${'s'.repeat(32)}\n`,
  ]) {
    assert.equal(parse(key), undefined, key);
  }
});
