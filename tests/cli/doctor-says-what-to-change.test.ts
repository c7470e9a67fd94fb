import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { generate } from 'selfsigned';

import { nodeVersion, openFiles } from '../../src/cli/doctor/machine.ts';
import { selfSignedTls } from '../../src/http/self-signed.ts';
import { freePort } from '../support/free-port.ts';
import { printed, sluice, start } from './command.ts';

const DAY = 24 * 3600 * 1000;
type Finding = { check: string; status: string; found: string; change?: string };

test('before the start, free ports are fine, and with the server running they are its own and TURN relays', async (t) => {
  const env = await environment(t);
  const before = await doctor(env);
  assert.deepEqual(before.problems, []);
  assert.equal(status(before.findings, 'media worker'), 'ok');
  assert.match(found(before.findings, /^media port .*\/udp$/u), /free/u);
  assert.match(found(before.findings, /^TURN, clock/u), /running server/u);

  const server = start(['start'], env);
  t.after(() => server.kill('SIGKILL'));
  await printed(server, '"msg":"ready"');
  const running = await doctor(env);
  assert.deepEqual(running.problems, []);
  for (const check of [/^HTTP port/u, /^media port .*udp$/u, /^media port .*tcp$/u, /^TURN port .*udp$/u]) {
    assert.match(found(running.findings, check), /the server runs/u);
  }
  for (const transport of ['udp', 'tcp']) {
    assert.match(
      found(running.findings, new RegExp(`^turn:.*transport=${transport}$`, 'u')),
      /^relays from 127\.0\.0\.1:/u,
    );
  }
  assert.equal(status(running.findings, 'clock by a token'), 'ok');
  assert.equal(status(running.findings, 'readiness'), 'ok');

  const stranger = await doctor({ ...env, SLUICE_API_KEY: `other.${'x'.repeat(40)}` });
  assert.match(stranger.problems.join(), /TURN/u);
  const people = await sluice(['doctor'], env);
  assert.equal(people.code, 0);
  assert.match(people.out, /^ok {7}Node\.js: 22\./mu);
});

test('a port that another program has is a problem, with the key that sets it', async (t) => {
  const env = await environment(t);
  const squatter = createSocket('udp4');
  t.after(() => squatter.close());
  await new Promise<void>((resolve) => squatter.bind(Number(env['SLUICE_MEDIA_PORT']), '127.0.0.1', resolve));
  const { code, findings, problems } = await doctor(env);
  assert.equal(code, 1);
  assert.match(problems.join(), /^media port .*\/udp/u);
  assert.match(findings.find(({ check }) => /^media port .*udp$/u.test(check))?.change ?? '', /media\.port/u);
});

test('certificates, addresses, store and worker that will not do are each found', async (t) => {
  const env = await environment(t);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = await generate([{ name: 'commonName', value: 'media.example.com' }], {
    keyType: 'ec',
    notBeforeDate: new Date(Date.now() - 100 * DAY),
    notAfterDate: new Date(Date.now() - DAY),
  });
  writeFileSync(cert, made.cert);
  writeFileSync(key, made.private);
  writeFileSync(join(folder, 'file'), '');
  const { code, findings } = await doctor(env, [
    ...['--tls', `{cert: ${cert}, key: ${key}}`, '--host', '0.0.0.0'],
    ...['--media.announced', 'nowhere.invalid', '--store.folder', join(folder, 'file', 'store')],
    ...['--media.workerBin', '/bin/true'],
  ]);
  assert.equal(code, 1);
  for (const [check, what] of [
    ['TLS certificate', /^expired on /u],
    ['media address nowhere.invalid', /^the name is unknown/u],
    ['store', /cannot be written/u],
    ['media worker', /^\/bin\/true /u],
  ] as const) {
    const finding = findings.find((one) => one.check === check);
    assert.deepEqual([finding?.status, what.test(finding?.found ?? '')], ['problem', true], check);
    assert.ok((finding?.change ?? '').length > 10, 'it says what to change');
  }
});

test('of a server with TLS it is found whether clients trust it, and whether it shows the certificate of the file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const certify = async (name: string) => {
    const made = await selfSignedTls(join(folder, name), ['127.0.0.1'], new Date());
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
  };
  await certify('first');
  const env = {
    ...(await environment(t)),
    SLUICE_TLS: JSON.stringify({ cert, key }),
    SLUICE_TURN_TLS_PORT: String(await freePort()),
  };
  const server = start(['start'], env);
  t.after(() => server.kill('SIGKILL'));
  await printed(server, '"msg":"ready"');

  const trusting = await doctor({ ...env, NODE_EXTRA_CA_CERTS: cert });
  assert.deepEqual([trusting.code, trusting.problems], [0, []]);
  for (const [check, what] of [
    [/^server$/u, /^runs at https:/u],
    [/^TLS certificate$/u, /^for 127\.0\.0\.1, until/u],
    [/^TLS certificate in use$/u, /^the one of the file/u],
    [/^turns:/u, /^relays from 127\.0\.0\.1:\d+$/u],
    [/^clock by a token$/u, /^the same/u],
    [/^readiness$/u, /welcome/u],
  ] as const) {
    assert.match(found(trusting.findings, check), what);
  }

  const strict = await doctor(env);
  assert.deepEqual([strict.code, strict.problems], [1, ['TLS trust']]);
  assert.match(found(strict.findings, /^turns:/u), /not trusted/u);
  await certify('second');
  const renewed = await doctor({ ...env, NODE_EXTRA_CA_CERTS: cert });
  const inUse = renewed.findings.find(({ check }) => check === 'TLS certificate in use');
  assert.deepEqual([inUse?.status, /another one/u.test(inUse?.found ?? '')], ['warning', true]);
  assert.match(inUse?.change ?? '', /Restart/u);
});

test('a configuration that cannot be used is the finding', async () => {
  const { code, problems, findings } = await doctor({}, ['--prot', '7800']);
  assert.deepEqual([code, problems], [1, ['configuration']]);
  assert.match(findings.at(-1)?.found ?? '', /--port/u);
});

test('another Node and few open files are told', () => {
  for (const version of ['20.19.0', '22.17.1', '24.1.0']) assert.equal(nodeVersion(version).status, 'problem');
  assert.equal(nodeVersion('22.18.0').status, 'ok');
  const limits = (number: string) =>
    `Limit   Soft Limit  Hard Limit  Units\nMax open files   ${number}   ${number}   files\n`;
  assert.deepEqual(
    ['1024', '20000', '1048576', 'unlimited'].map((number) => openFiles(limits(number)).status),
    ['problem', 'warning', 'ok', 'ok'],
  );
});

/** Of a server on ports of its own. */
async function environment(t: TestContext): Promise<NodeJS.ProcessEnv> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-store-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return {
    SLUICE_HOST: '127.0.0.1',
    SLUICE_PORT: String(await freePort()),
    SLUICE_MEDIA_PORT: String(await freePort()),
    SLUICE_MEDIA_WORKERS: '1',
    SLUICE_TURN_PORT: String(await freePort()),
    SLUICE_STORE_FOLDER: folder,
    SLUICE_AUTH_KEYS: `test.${'k'.repeat(40)}`,
  };
}

async function doctor(env: NodeJS.ProcessEnv, flags: readonly string[] = []) {
  const { code, out, err } = await sluice(['doctor', '--json', ...flags], env);
  assert.equal(err, '');
  const findings = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  return { code, findings, problems: findings.filter((one) => one.status === 'problem').map(({ check }) => check) };
}

function found(findings: readonly Finding[], check: RegExp): string {
  return findings.find((one) => check.test(one.check))?.found ?? `there is no ${check}`;
}

function status(findings: readonly Finding[], check: string): string | undefined {
  return findings.find((one) => one.check === check)?.status;
}
