import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Context } from '../../scripts/bootstrap/context.ts';
import { buildWorker, findWorker, noteWorker, workerIsReady } from '../../scripts/bootstrap/worker.mjs';
import { cachedWorkerHere, workerInputs } from '../../scripts/bootstrap/worker-cache.mjs';
import { downloadWorker } from '../../scripts/bootstrap/worker-download.mjs';
import { MEDIASOUP_VERSION, realWorker, scratchCheckout, scratchDir, write } from './scratch.ts';

test('with nothing cached and no network, a worker must be built', async (t) => {
  const { context } = scratchCheckout(t);
  assert.equal(await findWorker(context), undefined);
  assert.equal(workerIsReady(context), false);
});

test('a cached worker is probed, noted, and then trusted until it changes', async (t) => {
  const { context } = scratchCheckout(t);
  const bin = cacheWorker(context);
  const found = await findWorker(context);
  assert.equal(found?.bin, bin);
  assert.equal(workerIsReady(context), false, 'not before it is noted');

  noteWorker(context, found);
  assert.equal(workerIsReady(context), true);
  assert.equal(realpathSync(path.join(context.root, 'node_modules/.sluice/mediasoup-worker')), realpathSync(bin));

  utimesSync(bin, 1, 1);
  assert.equal(workerIsReady(context), false, 'it is another file');
  noteWorker(context, (await findWorker(context)) ?? assert.fail());
  assert.equal(workerIsReady(context), true);

  rmSync(bin);
  assert.equal(workerIsReady(context), false, 'it is gone');
});

test('a noted worker is found again after mediasoup, the build or the environment has changed', async (t) => {
  const { context } = scratchCheckout(t);
  cacheWorker(context);
  noteWorker(context, (await findWorker(context)) ?? assert.fail());

  const chosen = { ...context, env: { ...context.env, MEDIASOUP_WORKER_BIN: '/elsewhere/mediasoup-worker' } };
  assert.equal(workerIsReady(chosen), false);
  write(context.root, { 'native/worker/patches/another.patch': '' });
  assert.equal(workerIsReady(context), false);
});

test('a cached worker that fails the probe is removed', async (t) => {
  const { context, said } = scratchCheckout(t);
  const bin = cachePath(context);
  write('/', { [bin]: '#!/bin/sh\necho "GLIBC_2.99 not found" >&2; exit 1\n' });
  assert.equal(await findWorker(context), undefined);
  assert.equal(existsSync(bin), false);
  assert.match(said(), /the cached mediasoup worker ended with status 1: GLIBC_2\.99 not found; removing it/);
});

test('MEDIASOUP_WORKER_BIN comes before the cache, and stops the start where it fails the probe', async (t) => {
  const { context } = scratchCheckout(t);
  cacheWorker(context);
  const good = { ...context, env: { ...context.env, MEDIASOUP_WORKER_BIN: realWorker() } };
  assert.equal((await findWorker(good))?.bin, realWorker());

  const bad = { ...context, env: { ...context.env, MEDIASOUP_WORKER_BIN: '/bin/false' } };
  await assert.rejects(findWorker(bad), {
    name: 'Failure',
    message: /MEDIASOUP_WORKER_BIN is \/bin\/false, which is no worker for this machine: it ended with status 1/,
    advice: /mediasoup 3\.27\.1/,
  });
});

test("upstream's prebuilt worker is downloaded once, into the cache", async (t) => {
  const archive = workerArchive(t);
  const asked: string[] = [];
  const base = await serve(t, (request, response) => {
    asked.push(request.url ?? '');
    response.end(readFileSync(archive));
  });
  const { context } = scratchCheckout(t, { SLUICE_OFFLINE: '', MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: base });

  assert.equal((await findWorker(context))?.bin, cachePath(context));
  assert.equal((await findWorker(context))?.bin, cachePath(context));
  assert.equal(asked.length, 1);
  assert.match(asked[0] ?? '', /^\/3\.27\.1\/mediasoup-worker-3\.27\.1-[a-z]+\d*-[a-z0-9]+(-kernel\d+)?\.tgz$/);
});

test('a download that is refused, broken or silent leaves nothing behind and says why', async (t) => {
  const base = await serve(t, (request, response) => {
    if (request.url?.startsWith('/broken')) response.end('this is no archive');
    else if (!request.url?.startsWith('/silent')) response.writeHead(404).end();
  });
  const { context, said } = scratchCheckout(t, {
    SLUICE_OFFLINE: '',
    MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: `${base}/refused`,
  });
  assert.equal(await findWorker(context), undefined);
  assert.match(said(), /no prebuilt mediasoup worker \(the server answers 404\): one will be built from source/);
  assert.equal(existsSync(cachePath(context)), false);

  const dir = scratchDir(t);
  const broken = await downloadWorker(`${base}/broken`, dir);
  assert.equal(broken.ok, false);
  const silent = await downloadWorker(`${base}/silent`, dir, { answerMs: 100 });
  assert.deepEqual(silent, { ok: false, why: 'no answer within 0.1 s' });
});

test('two checkouts that need the same worker build it once', async (t) => {
  const { context } = scratchCheckout(t);
  write(context.root, {
    'native/worker/build.sh': `#!/bin/sh\necho built >> "${context.root}/builds"\nsleep 0.3\ncp "${realWorker()}" "$2"\n`,
  });
  const [first, second] = await Promise.all([buildWorker(context), buildWorker(context)]);
  assert.equal(first.bin, cachePath(context));
  assert.deepEqual(second, first);
  assert.equal(readFileSync(path.join(context.root, 'builds'), 'utf8'), 'built\n');
});

test('what a killed bootstrap left unfinished in the cache is removed', async (t) => {
  const { context } = scratchCheckout(t);
  // The build script is part of the cache's key.
  write(context.root, { 'native/worker/build.sh': `#!/bin/sh\ncp "${realWorker()}" "$2"\n` });
  const leftOver = path.join(path.dirname(cachePath(context)), 'unfinished-abc');
  write('/', { [`${leftOver}/mediasoup-worker`]: 'half a file' });
  await buildWorker(context);
  assert.deepEqual(readdirSync(path.dirname(leftOver)), ['mediasoup-worker']);
});

test('a build that fails shows what it printed, and leaves nothing in the cache', async (t) => {
  const { context } = scratchCheckout(t);
  write(context.root, {
    'native/worker/build.sh': '#!/bin/sh\necho "[1/2] fine"\necho "no such header" >&2\nexit 1\n',
  });
  await assert.rejects(buildWorker(context), {
    name: 'Failure',
    message: 'The mediasoup worker could not be built.',
    output: /no such header/,
  });
  assert.equal(existsSync(cachePath(context)), false);
});

test('a build whose result fails the probe is not cached', async (t) => {
  const { context } = scratchCheckout(t);
  write(context.root, { 'native/worker/build.sh': '#!/bin/sh\ncp /bin/false "$2"\n' });
  await assert.rejects(buildWorker(context), { message: /was built, but it ended with status 1/ });
  assert.equal(existsSync(cachePath(context)), false);
});

function cachePath({ root, env }: Context): string {
  return cachedWorkerHere(workerInputs(root, MEDIASOUP_VERSION), env);
}

function cacheWorker(context: Context): string {
  const bin = cachePath(context);
  mkdirSync(path.dirname(bin), { recursive: true });
  copyFileSync(realWorker(), bin);
  return bin;
}

function workerArchive(t: TestContext): string {
  const dir = scratchDir(t);
  copyFileSync(realWorker(), path.join(dir, 'mediasoup-worker'));
  const { status } = spawnSync('tar', ['-czf', 'worker.tgz', 'mediasoup-worker'], { cwd: dir });
  assert.equal(status, 0);
  return path.join(dir, 'worker.tgz');
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
