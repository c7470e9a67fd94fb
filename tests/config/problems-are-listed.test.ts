import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/problems.ts';
import { load } from './support.ts';

test('every problem of every source is listed, with its place, what was expected and what was found', () => {
  const file = ['port: high', 'media:', '  prot: 40100', '  codecs: [opus, mp3]', 'maxParticipants: 4', 'auth: []'];
  assert.deepEqual(
    problemsOf({
      argv: ['--config', 'my.yaml', '--rooms.max=0', '--romms.max', '1', 'stray', '--log.level'],
      env: { SLUICE_MEDIA_WORKERS: 'many', SLUICE_ROOMS_MAX_PARTICIPANT: '5' },
      files: { 'my.yaml': file.join('\n') },
    }),
    [
      '--rooms.max: rooms.max: expected a whole number from 1 to 1000000, found 0',
      '--romms.max: unknown flag; did you mean --rooms.max?',
      'argument 6: expected a flag that begins with --',
      '--log.level: log.level: expected a value, found nothing',
      'my.yaml:1:7: port: expected a whole number from 0 to 65535, found "high"',
      'my.yaml:3:3: media.prot: unknown key; did you mean media.port?',
      'my.yaml:4:18: media.codecs[1]: expected opus, vp8, vp9, h264 or av1, found "mp3"',
      'my.yaml:5:1: maxParticipants: unknown key; did you mean rooms.maxParticipants?',
      'my.yaml:6:7: auth: expected a mapping with keys, issuers, leeway, tokenTtl and tokenTtlLimit, found a list',
      'SLUICE_MEDIA_WORKERS: media.workers: expected auto or a whole number from 1 to 256, found "many"',
      'SLUICE_ROOMS_MAX_PARTICIPANT: unknown variable; did you mean SLUICE_ROOMS_MAX_PARTICIPANTS?',
    ],
  );
});

test('a bad value is a problem even where a later source overrides it', () => {
  const files = { 'my.yaml': 'port: -1' };
  assert.deepEqual(problemsOf({ argv: ['--config', 'my.yaml', '--port', '80'], files }), [
    'my.yaml:1:7: port: expected a whole number from 0 to 65535, found -1',
  ]);
});

test('problems inside lists and mappings say where', () => {
  const file = [
    'tls: {cert: a.pem, keys: b.pem}',
    'iceServers:',
    '  - urls: [turn:t.example.com, http://x]',
    '    user: me',
    'auth:',
    '  issuers: [{issuer: a, algorithms: [HS256]}]',
  ];
  assert.deepEqual(problemsOf({ argv: ['--config=my.yaml'], files: { 'my.yaml': file.join('\n') } }), [
    'my.yaml:1:20: tls.keys: unknown key; did you mean key?',
    'my.yaml:1:6: tls.key: expected a text that is not empty, found nothing',
    'my.yaml:3:32: iceServers[0].urls[1]: expected a stun:, stuns:, turn: or turns: URL (RFC 7064, RFC 7065), ' +
      'found "http://x"',
    'my.yaml:4:5: iceServers[0].user: unknown key',
    'my.yaml:6:38: auth.issuers[0].algorithms[0]: expected RS256, ES256 or EdDSA, found "HS256"',
    'my.yaml:6:13: auth.issuers[0].jwks: expected a text that is not empty or a mapping, found nothing',
  ]);
});

test('what is no YAML, or more than plain YAML, is refused', () => {
  const refusal = (text: string) => problemsOf({ argv: ['--config', 'f'], files: { f: text } });
  assert.deepEqual(refusal('port: 1\nport: 2'), ['f:2:1: this cannot be read as YAML: duplicate key']);
  assert.deepEqual(refusal('auth: {a: 1, a: 2}'), ['f:1:14: this cannot be read as YAML: duplicate key']);
  assert.deepEqual(refusal('port: "1'), ['f:1:9: this cannot be read as YAML: missing char']);
  assert.deepEqual(refusal('a: &a 1\nport: *a'), [
    'f:2:7: this cannot be read as YAML: an alias, which is not supported here',
  ]);
  assert.match(refusal('---\nport: 1\n---\nport: 2').join('\n'), /multiple docs/u);
  assert.match(refusal('port: !!js/function "x"').join('\n'), /tag resolve failed/u);
  assert.deepEqual(refusal('1: x'), ['f:1:1: this cannot be read as YAML: a key that is not a text']);
  assert.match(refusal('just words').join('\n'), /expected a mapping with mode, host/u);
});

test('a bomb of aliases is refused at once', () => {
  const lines = ['a: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 30; i += 1)
    lines.push(
      `k${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  const problems = problemsOf({ argv: ['--config', 'f'], files: { f: lines.join('\n') } });
  assert.match(problems[0]!, /an alias, which is not supported here/u);
});

test('names of every object are unknown keys like any other', () => {
  const file = 'constructor: 1\n__proto__: {port: 1}\nmedia: {toString: 2}';
  assert.deepEqual(problemsOf({ argv: ['--config', 'f', '--__proto__', '1'], files: { f: file } }), [
    '--__proto__: unknown flag',
    'f:1:1: constructor: unknown key',
    'f:2:1: __proto__: unknown key',
    'f:3:9: media.toString: unknown key',
  ]);
});

test('a configuration file that cannot be read is a problem of what named it', () => {
  assert.deepEqual(problemsOf({ argv: ['--config', 'gone.yaml'] }), [
    '--config: the file gone.yaml cannot be read (ENOENT)',
  ]);
  assert.deepEqual(problemsOf({ env: { SLUICE_CONFIG: 'gone.yaml' } }), [
    'SLUICE_CONFIG: the file gone.yaml cannot be read (ENOENT)',
  ]);
  assert.deepEqual(problemsOf({ argv: ['--config'] }), ['--config: expected the path of a file, found nothing']);
});

test('a flag that is given twice is a slip', () => {
  assert.deepEqual(problemsOf({ argv: ['--port', '1', '--port=2'] }), ['--port: this flag is given twice']);
});

test('a secret in a wrong place is not shown', () => {
  const secret = 'S3CRET'.repeat(4);
  const attempts = [
    { argv: ['--auth.keys', `too-short.${secret}`] },
    { argv: ['--auth.keys', 'a.b', `k.${secret}`] },
    { argv: [`--auth.key=k.${secret}`] },
    { argv: ['--auth.keys', `["${secret}`] },
    { env: { SLUICE_AUTH_KEYS: secret } },
    { env: { SLUICE_PUBLIC_URL: `https://me:${secret}@example.com` } },
    { env: { SLUICE_AUTH_ISSUERS: `[{issuer: a, jwks: "http://me:${secret}@example.com"}]` } },
    { env: { SLUICE_AUTH_KEY: secret } },
    { env: { SLUICE_ICE_SERVERS: `{urls: turn:x, credential: ${secret}}` } },
    ...[
      `auth: ${secret}`,
      `auth: [${secret}]`,
      `auth: {keys: ${secret}}`,
      `auth: {keys: {${secret}: 1}}`.replace(secret, 'a'),
      `auth: {keys: [[${secret}]]}`,
      `auth:\n  keys: [k.${secret}, "${secret}]`,
      `iceServers: ${secret}`,
      `iceServers: [${secret}]`,
      `iceServers: [{urls: [turn:x], credential: [${secret}]}]`,
    ].map((file) => ({ argv: ['--config', 'f'], files: { f: file } })),
  ];
  for (const attempt of attempts) {
    const problems = problemsOf(attempt);
    assert.ok(problems.length > 0, JSON.stringify(attempt));
    assert.ok(!problems.join('\n').includes('S3CRET'), problems.join('\n'));
  }
});

function problemsOf(options: Parameters<typeof load>[0]): string[] {
  try {
    load(options);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    const [head, ...lines] = error.message.split('\n');
    assert.match(head!, /^The configuration has (1 problem|\d+ problems):$/u);
    assert.equal(lines.length, error.problems.length);
    return lines.map((line) => line.trim());
  }
  return [];
}
