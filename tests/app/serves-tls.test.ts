import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';

import { warnings } from '../../src/config/config.ts';
import { selfSignedTls } from '../../src/http/self-signed.ts';
import { startServerProcess } from '../support/server-process.ts';

const KEY = 'mine.0123456789abcdef0123456789abcdef';

test('tls: self-signed serves https with a certificate that is kept for the next start', async (t) => {
  const cache = scratch(t);
  const env = { SLUICE_AUTH_KEYS: KEY, SLUICE_CACHE_DIR: cache };
  const fingerprints: string[] = [];
  for (const round of [1, 2]) {
    const server = startServerProcess(t, ['--tls', 'self-signed'], env);
    const [origin] = await server.printed(/https:\/\/localhost:\d+/u);
    const { status, certificate } = await get(`${origin}/v1/health`);
    assert.equal(status, 200);
    assert.equal(certificate.checkHost('localhost'), 'localhost');
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    fingerprints[round] = certificate.fingerprint256;
  }
  assert.equal(fingerprints[1], fingerprints[2]);
  for (const file of readdirSync(cache))
    assert.equal(statSync(join(cache, file)).mode & 0o077, 0, 'the key is private');
});

test("tls: {cert, key} serves the operator's own certificate", async (t) => {
  const folder = scratch(t);
  const { cert, key } = await selfSignedTls(folder, ['localhost'], new Date());
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  const server = startServerProcess(t, ['--tls', JSON.stringify(files)], { SLUICE_AUTH_KEYS: KEY });
  const [origin] = await server.printed(/https:\/\/localhost:\d+/u);
  const { certificate } = await get(`${origin}/v1/health`);
  assert.equal(certificate.fingerprint256, new X509Certificate(cert).fingerprint256);
});

test('a certificate that will soon end, or that lacks a name, is made anew', async (t) => {
  const folder = scratch(t);
  const first = await selfSignedTls(folder, ['localhost'], new Date());
  assert.equal((await selfSignedTls(folder, ['localhost'], new Date())).cert, first.cert);
  const renamed = await selfSignedTls(folder, ['localhost', 'box.example'], new Date());
  assert.notEqual(renamed.cert, first.cert);
  const inElevenMonths = new Date(Date.now() + 340 * 24 * 3600 * 1000);
  assert.notEqual((await selfSignedTls(folder, ['localhost'], inElevenMonths)).cert, renamed.cert);
});

test('who serves others over plain http is warned that they get no camera', () => {
  const plain = { host: '0.0.0.0', tls: 'off', publicUrl: null } as const;
  assert.match(warnings(plain).join(), /camera/u);
  assert.deepEqual(warnings({ ...plain, host: 'localhost' }), []);
  assert.deepEqual(warnings({ ...plain, tls: 'self-signed' }), []);
  assert.deepEqual(warnings({ ...plain, publicUrl: 'https://meet.example' }), []);
});

function get(url: string): Promise<{ status: number | undefined; certificate: X509Certificate }> {
  return new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false, agent: false }, (response) => {
      const { raw } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      resolve({ status: response.statusCode, certificate: new X509Certificate(raw) });
    })
      .once('error', reject)
      .end();
  });
}

function scratch(t: { after(action: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
