import assert from 'node:assert/strict';
import { test } from 'node:test';

import { publicUrl } from '../../src/config/config.ts';
import { load } from './support.ts';

test('with no configuration at all, everything is on localhost', () => {
  const config = load({});
  assert.equal(config.mode, 'development');
  assert.equal(config.host, 'localhost');
  assert.equal(config.port, 7800);
  assert.equal(config.tls, 'off');
  assert.equal(publicUrl(config), 'http://localhost:7800');
  assert.deepEqual(config.auth.keys, []);
  assert.equal(config.rooms.createOnJoin, true);
  assert.deepEqual(config.media.listen, [{ ip: '127.0.0.1' }, { ip: '::1' }]);
  assert.equal(config.media.workers, 4);
  assert.equal(config.signaling.resumeWithin, 20_000);
  assert.equal(config.http.bodyLimit, 65_536);
});

test('nothing in it can be changed', () => {
  const unfrozen: string[] = [];
  const visit = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return;
    if (!Object.isFrozen(value)) unfrozen.push(path);
    for (const [name, child] of Object.entries(value)) visit(child, `${path}.${name}`);
  };
  const config = load({ env: { SLUICE_AUTH_ISSUERS: '[{issuer: a, jwks: {keys: [{kty: RSA}]}}]' } });
  visit(config, 'config');
  assert.deepEqual(unfrozen, []);
});

test('flags win over variables, variables over the file, the file over the defaults', () => {
  const files = { 'f.yaml': 'port: 1\nhost: 127.0.0.1\nrooms: {max: 5}\nlog:\n' };
  const env = { SLUICE_CONFIG: 'f.yaml', SLUICE_PORT: '2', SLUICE_ROOMS_MAX: '6' };
  const config = load({ argv: ['--port', '3'], env, files });
  assert.deepEqual([config.port, config.rooms.max, config.host, config.log.level], [3, 6, '127.0.0.1', 'info']);
  assert.equal(config.rooms.maxParticipants, 100, 'the other keys of the section keep their defaults');
});

test('--config wins over SLUICE_CONFIG', () => {
  const files = { 'a.yaml': 'port: 1', 'b.yaml': 'port: 2' };
  assert.equal(load({ argv: ['--config', 'a.yaml'], env: { SLUICE_CONFIG: 'b.yaml' }, files }).port, 1);
});

test('NODE_ENV makes production where nothing else says what it is', () => {
  const secret = 's'.repeat(32);
  const env = { NODE_ENV: 'production', SLUICE_AUTH_KEYS: `k.${secret}`, SLUICE_TURN_SECRETS: secret };
  assert.equal(load({ env }).mode, 'production');
  assert.equal(load({ env }).rooms.createOnJoin, false);
  assert.equal(load({ env: { ...env, SLUICE_ROOMS_CREATE_ON_JOIN: 'true' } }).rooms.createOnJoin, true);
  assert.equal(load({ env: { ...env, SLUICE_MODE: 'development' } }).mode, 'development');
});

test('the public URL follows host, port and TLS until it is set', () => {
  const url = (...argv: string[]) => publicUrl(load({ argv }));
  assert.equal(url('--host', '::1', '--port', '80'), 'http://[::1]');
  assert.equal(url('--host', '0.0.0.0', '--tls', 'self-signed'), 'https://localhost:7800');
  assert.equal(url('--host', '::', '--port', '9000'), 'http://localhost:9000');
  assert.equal(url('--publicUrl', 'https://calls.example.com/'), 'https://calls.example.com');
  assert.equal(publicUrl(load({ argv: ['--port', '0'] }), 4711), 'http://localhost:4711');
});
