import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './support.ts';

const secret = 's'.repeat(32);

test('production needs somebody to trust', () => {
  const env = { SLUICE_MODE: 'production', SLUICE_TURN_SECRETS: secret };
  assert.throws(() => load({ env }), /auth\.keys: expected an API key here, or an issuer in auth\.issuers/u);
  load({ env: { ...env, SLUICE_AUTH_KEYS: `k.${secret}` } });
  load({ env: { ...env, SLUICE_AUTH_ISSUERS: '[{issuer: a, jwks: https://a.example/jwks}]' } });
});

test('key ids and issuers are told apart', () => {
  const refused = (env: Record<string, string>, message: RegExp) => assert.throws(() => load({ env }), message);
  refused(
    { SLUICE_AUTH_KEYS: `k.${secret},k.${secret}2` },
    /auth\.keys: expected keys with different ids, found k twice/u,
  );
  const issuer = '{issuer: k, jwks: https://a.example/jwks}';
  refused(
    { SLUICE_AUTH_ISSUERS: `[${issuer}, ${issuer}]` },
    /auth\.issuers: expected different issuers, found k twice/u,
  );
  refused({ SLUICE_AUTH_KEYS: `k.${secret}`, SLUICE_AUTH_ISSUERS: `[${issuer}]` }, /found k, the id of an API key/u);
});

test('ports do not run into each other or out of range', () => {
  const ports = (port: string, media: string) =>
    load({ argv: ['--port', port, '--media.port', media, '--turn.maxPort', '65000'] });
  assert.throws(
    () => ports('40003', '40000'),
    /port: expected a port apart from the media ports 40000 to 40003, found 40003/u,
  );
  ports('40004', '40000');
  ports('39999', '40000');
  ports('7800', '65532');
  assert.throws(() => ports('7800', '65533'), /media\.port: expected a port with 4 ports from it on/u);
  ports('0', '0');
});

test('defaults stay under their limits', () => {
  const argv = ['--auth.tokenTtl', '2h', '--auth.tokenTtlLimit', '1h', '--rooms.maxParticipants', '2000'];
  assert.throws(
    () => load({ argv }),
    (error: Error) => {
      assert.match(error.message, /2 problems/u);
      assert.match(error.message, /--auth\.tokenTtl: auth\.tokenTtl: expected a duration that is not above/u);
      assert.match(error.message, /rooms\.maxParticipants: expected .*, found 2000 above 1000/u);
      return true;
    },
  );
});

test('a client that comes back can be sent all that was kept for it', () => {
  const sizes = (maxBackpressure: string, replayBytes: string) =>
    load({ argv: ['--signaling.maxBackpressure', maxBackpressure, '--signaling.replayBytes', replayBytes] });
  assert.throws(
    () => sizes('256KiB', '512KiB'),
    /--signaling\.maxBackpressure: signaling\.maxBackpressure: expected a size that is not below signaling\.replayBytes, found 262144B below 524288B/u,
  );
  sizes('512KiB', '512KiB');
});

test('TLS files are found from the folder of the file that names them, and are PEM', () => {
  const files = {
    '/etc/sluice/sluice.yaml': 'tls: {cert: tls/cert.pem, key: /keys/key.pem}',
    '/etc/sluice/tls/cert.pem': '-----BEGIN CERTIFICATE-----',
    '/keys/key.pem': '-----BEGIN EC PRIVATE KEY-----',
  };
  const argv = ['--config', '/etc/sluice/sluice.yaml'];
  assert.deepEqual(load({ argv, files }).tls, { cert: '/etc/sluice/tls/cert.pem', key: '/keys/key.pem' });
  const swapped = { ...files, '/keys/key.pem': files['/etc/sluice/tls/cert.pem'] };
  assert.throws(
    () => load({ argv, files: swapped }),
    /tls: expected a PEM file as key, found another kind at \/keys\/key\.pem/u,
  );
  const missing = { '/etc/sluice/sluice.yaml': files['/etc/sluice/sluice.yaml'] };
  assert.throws(
    () => load({ argv, files: missing }),
    /sluice\.yaml:1:6: tls: expected a file that can be read as cert/u,
  );
});

test("an issuer's keys are public, and come over https, from a file or inline", () => {
  const issuer = (jwks: string, files: Record<string, string> = {}) =>
    load({ env: { SLUICE_AUTH_ISSUERS: `[{issuer: a, jwks: ${jwks}}]` }, files }).auth.issuers[0]?.jwks;
  const set = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "abc"}]}';
  assert.deepEqual(issuer('https://a.example/jwks'), { url: 'https://a.example/jwks' });
  assert.deepEqual(issuer('http://127.0.0.1:8080/jwks'), { url: 'http://127.0.0.1:8080/jwks' });
  assert.deepEqual(issuer(set), JSON.parse(set));
  assert.deepEqual(issuer('/keys.json', { '/keys.json': set }), JSON.parse(set));
  assert.throws(
    () => issuer('http://a.example/jwks'),
    /auth\.issuers\[0\]\.jwks: expected an https:\/\/ URL, found one of another kind/u,
  );
  for (const bad of [
    '{keys: []}',
    '{keys: [1]}',
    '{keys: [{kty: oct, k: abc}]}',
    '{keys: [{kty: OKP, d: abc}]}',
    '/gone.json',
  ]) {
    assert.throws(() => issuer(bad), /expected a JWK set of public keys \(RFC 7517\), found something else/u, bad);
  }
});

test('a TURN server that clients are given has credentials', () => {
  const servers = (text: string) => load({ env: { SLUICE_ICE_SERVERS: text } }).iceServers;
  assert.throws(
    () => servers('[{urls: [turn:t.example]}]'),
    /iceServers: expected username and credential for the turn: URL of item 0/u,
  );
  assert.equal(servers('[{urls: [stun:s.example]}, {urls: [turn:t.example], username: a, credential: b}]').length, 2);
});
