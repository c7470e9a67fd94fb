import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { findFreePort } from '../../src/media/addresses.ts';
import { CODEC_NAMES, routerCodecs } from '../../src/media/codecs.ts';
import { endNow, startWorkerProcess } from '../../src/media/worker-process.ts';
import type { WorkerStart } from '../../src/media/worker-process.ts';
import { vp8Parameters } from '../support/rtp-peer.ts';

test('a worker that hangs is ended', async (t) => {
  const host = await start(t, { hangsAfterMs: 60_000 });
  const pass = clockAhead(t);
  const died = once(host.worker, 'died');
  process.kill(host.worker.pid, 'SIGSTOP');
  void host.sample();
  for (let silent = 0; silent <= 60_000; silent += 2000) {
    assert.equal(host.worker.died, false);
    pass(2000);
    await host.sample();
  }
  await died;
});

test('a worker is not ended for a time in which nobody was there to hear it', async (t) => {
  const host = await start(t);
  const pass = clockAhead(t);
  const answered = host.sample();
  // The answer is under way when this process, or the machine, goes on after a minute.
  pass(60_000);
  await host.sample();
  await answered;
  await host.sample();
  assert.equal(host.worker.closed, false);
});

test('a worker whose channel is spoilt is ended', async (t) => {
  const host = await start(t);
  const died = once(host.worker, 'died');
  const router = await host.worker.createRouter({ mediaCodecs: routerCodecs(CODEC_NAMES) });
  const transport = await router.createWebRtcTransport({ webRtcServer: host.server });
  // What validate.ts keeps out: mediasoup throws in the middle of writing this, and can write nothing after it.
  const { codecs } = vp8Parameters([1]);
  const rtpParameters = { codecs, encodings: [{ ssrc: 1, maxBitrate: 1.5 }] };
  await assert.rejects(transport.produce({ kind: 'video', rtpParameters }), RangeError);
  await assert.rejects(host.worker.createRouter());
  await host.sample();
  await died;
});

test('a worker that is well goes on', async (t) => {
  const host = await start(t, { hangsAfterMs: 1 });
  await host.sample();
  await sleep(20);
  await host.sample();
  assert.equal(host.worker.closed, false);
  assert.ok(host.usage.rssBytes > 0);
});

/** Lets so many milliseconds pass at once. */
function clockAhead(t: TestContext): (ms: number) => void {
  const now = performance.now.bind(performance);
  let ahead = 0;
  t.mock.method(performance, 'now', () => now() + ahead);
  return (ms) => void (ahead += ms);
}

async function start(t: TestContext, options: Partial<WorkerStart> = {}) {
  const listen = [{ ip: '127.0.0.1' }];
  const host = await startWorkerProcess({ listen, port: await findFreePort(listen), workerBin: undefined, ...options });
  t.after(async () => {
    if (host.worker.subprocessClosed) return;
    const gone = once(host.worker, 'subprocessclose');
    endNow(host.worker);
    await gone;
  });
  return host;
}
