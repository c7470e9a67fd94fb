import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { commentOf } from '../../src/config/help.ts';
import { KEYS } from '../../src/config/keys.ts';
import { readFileLayer } from '../../src/config/layer.ts';
import { loadConfig } from '../../src/config/load.ts';

const path = new URL('../../config/default.yaml', import.meta.url).pathname;
const text = readFileSync(path, 'utf8');
const lines = text.split('\n');
const defaults = readFileLayer(text, path, (problem) => assert.fail(JSON.stringify(problem)));

test('default.yaml holds every key of the schema and no other', () => {
  assert.deepEqual([...defaults.keys()].toSorted(), KEYS.map((key) => key.path).toSorted());
});

for (const key of KEYS) {
  test(`default.yaml says what ${key.path} is for`, () => {
    const [comment, ...more] = commentOf(key, defaults, lines);
    assert.match(comment ?? '', /^\S.{10,}/u);
    assert.deepEqual(more, [], 'one line');
  });
}

test('no two keys share a variable or a flag', () => {
  assert.equal(new Set(KEYS.map((key) => key.variable)).size, KEYS.length);
  assert.equal(new Set(KEYS.map((key) => key.flag)).size, KEYS.length);
});

test('--help lists every key with its comment and its default', () => {
  const help = printed(['--help']);
  for (const key of KEYS) {
    assert.ok(help.includes(`${key.flag} (${key.variable})`), key.path);
    assert.ok(help.includes(commentOf(key, defaults, lines)[0]!), key.path);
  }
  assert.match(help, /--media\.port \(SLUICE_MEDIA_PORT\)\n(.*\n){2}\s+Default: 40000/u);
});

test('--version prints the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(printed(['--version']), version);
});

test('the production example starts once it has a key and its certificate', () => {
  const example = new URL('../../config/production.example.yaml', import.meta.url).pathname;
  const readFile = (file: string) =>
    file.startsWith('/etc/letsencrypt/')
      ? '-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----'
      : readFileSync(file, 'utf8');
  const argv = ['--config', example];
  assert.throws(() => loadConfig({ argv, env: {}, readFile }), /auth\.keys: expected an API key here/u);
  assert.throws(() => loadConfig({ argv, env: {}, readFile }), /turn\.secrets: expected a secret/u);
  const env = { SLUICE_AUTH_KEYS: `backend.${'x'.repeat(32)}`, SLUICE_TURN_SECRETS: 'y'.repeat(32) };
  const loaded = loadConfig({ argv, env, readFile });
  assert.ok(loaded.action === 'start');
  assert.deepEqual(loaded.config.media.listen, [{ ip: '0.0.0.0', announced: '203.0.113.10' }]);
});

function printed(argv: string[]): string {
  const loaded = loadConfig({ argv, env: {} });
  assert.ok(loaded.action === 'print');
  return loaded.text;
}
