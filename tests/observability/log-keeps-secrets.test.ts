import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createLog } from '../../src/observability/log.ts';
import type { LogOptions } from '../../src/observability/log.ts';
import { redact } from '../../src/observability/redact.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJlLWJ5dGVz';
const API_KEY = 'key_0123456789ab.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6';

test('a secret under a telling key is taken out, at whatever depth, and what is harmless stays', () => {
  const { log, entries } = capture();
  log.info(
    {
      room: 'lobby',
      tokenId: 'jti-1',
      headers: { authorization: `Bearer ${JWT}`, cookie: 'sid=swordfish', 'x-other': 'kept' },
      turn: [{ username: 'u', credential: 'swordfish', ttl: 60 }],
      deep: { a: { b: { c: { d: { Password: 'swordfish', apiKey: 'swordfish', joinTokens: ['swordfish'] } } } } },
      tokens: 3,
    },
    'hello',
  );
  const [entry] = entries();
  assert.doesNotMatch(JSON.stringify(entry), /swordfish|c2lnbmF0dXJl/);
  assert.equal(entry?.['room'], 'lobby');
  assert.equal(entry?.['tokenId'], 'jti-1');
  assert.equal(entry?.['tokens'], 3);
  assert.equal(entry?.['msg'], 'hello');
  assert.deepEqual(entry?.['headers'], { authorization: '[redacted]', cookie: '[redacted]', 'x-other': 'kept' });
});

test('errors are logged without the secrets in their messages, fields, stacks and causes', () => {
  const { log, entries } = capture();
  const cause = Object.assign(new TypeError(`cannot parse ${JWT}`), { config: { password: 'swordfish' } });
  const error = Object.assign(new Error(`fetch https://u:swordfish@host/?token=swordfish&x=1 failed`, { cause }), {
    request: { headers: { Authorization: 'Basic c3dvcmRmaXNo' } },
    code: 'EFAIL',
  });
  log.error(error);
  log.error({ err: error }, 'with a message');
  log.error({ err: error });
  log.error({ nested: { error } }, 'nested');
  const logged = entries();
  assert.equal(logged.length, 4);
  for (const entry of logged) assert.doesNotMatch(JSON.stringify(entry), /swordfish|c2lnbmF0dXJl|c3dvcmRmaXNo/);
  const err = logged[0]?.['err'] as { type: string; code: string; stack: string; cause: { type: string } };
  assert.deepEqual([err.type, err.code, err.cause.type], ['Error', 'EFAIL', 'TypeError']);
  assert.match(err.stack, /log-keeps-secrets\.test/);
  assert.match(String(logged[0]?.['msg']), /^fetch https:\/\/u:\[redacted\]@host/);
});

test('messages, their arguments and the fields of child logs are cleaned too', () => {
  const { log, entries } = capture();
  log.warn('open /meet/lobby#%s now', JWT);
  log.warn(`started with ${API_KEY}`);
  log.child({ peer: { token: 'swordfish' }, url: `http://x/?access_token=${JWT}` }).info('child');
  log.info('%o', { secret: 'swordfish' });
  const text = JSON.stringify(entries());
  assert.doesNotMatch(text, /swordfish|c2lnbmF0dXJl|Zm9vYmFy/);
  assert.match(text, /open \/meet\/lobby#\[redacted\] now/);
  assert.match(text, /key_0123456789ab\.\[redacted\]/);
});

test('no value of any shape makes the log throw or leaks a JWT that stands in it', () => {
  const withJwt = fc.anything({ values: [fc.constant(JWT), fc.string(), fc.integer()], withMap: true, withSet: true });
  fc.assert(
    fc.property(withJwt, (value) => {
      const { log, entries } = capture();
      log.info({ value }, 'any');
      assert.doesNotMatch(JSON.stringify(entries()), /c2lnbmF0dXJl/);
    }),
    { numRuns: 200 },
  );
  const circle: Record<string, unknown> = { name: 'loop' };
  circle['self'] = circle;
  assert.deepEqual(redact(circle), { name: 'loop', self: '[circular]' });
});

test('lines for a person hold time, level, message and fields, and stacks on lines of their own', () => {
  const { log, lines } = capture({ pretty: true });
  log.info({ port: 7800, host: 'localhost' }, 'listening');
  log.error(new Error('broken', { cause: new Error('deeper') }));
  const [first = '', second = ''] = lines;
  assert.match(first, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}listening port=7800 host=localhost\n$/);
  assert.match(second, /^\S+ ERROR broken\n {2}Error: broken\n {6}at [\s\S]*caused by:\n {2}Error: deeper\n/);
});

test('levels below the chosen one are not written', () => {
  const { log, lines } = capture({ level: 'warn' });
  log.info('no');
  log.warn('yes');
  assert.equal(lines.length, 1);
});

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) }, ...options });
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}
