import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import type * as Sdk from '../../client/sdk/sluice.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('a page that is busy with each track that it hears of has set out to connect before', async (t) => {
  const { page, ready } = await beforeAJoin(t, 'busy');
  const happened = await page.evaluate(async ({ sdk: { join }, token }) => {
    const order: string[] = [];
    const Native = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Native {
      override async setLocalDescription(description?: RTCLocalSessionDescriptionInit) {
        await super.setLocalDescription(description);
        // What it takes to send the first packet: the answer of this side is in force.
        order.push('connecting');
      }
    };
    const room = await join(location.origin, token);
    order.push('joined');
    await new Promise<void>((resolve) => {
      room.on('trackAdded', ({ kind }) => {
        order.push(kind);
        if (order.includes('audio') && order.includes('video')) resolve();
      });
    });
    return order.slice(order.indexOf('joined'));
  }, ready);
  assert.deepEqual(happened.slice(0, 2), ['joined', 'connecting']);
});

test('who is there is told although the browser does not get anywhere with the connection', async (t) => {
  const { page, ready } = await beforeAJoin(t, 'stuck');
  const seen = await page.evaluate(async ({ sdk: { join }, token }) => {
    RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => undefined);
    const room = await join(location.origin, token);
    return new Promise<string>((resolve) => room.on('participantJoined', ({ identity }) => resolve(identity)));
  }, ready);
  assert.equal(seen, 'ada');
});

/** A page that has everything ready for joining `room`, in which Ada has camera and microphone on. */
async function beforeAJoin(t: TestContext, room: string) {
  await stage.call(t, room, 'ada');
  const page = await stage.open(t, '/v1/health');
  const sdk = await page.evaluateHandle(async () => {
    const address: string = '/sdk/sluice.js';
    const loaded = (await import(address)) as typeof Sdk;
    await loaded.prepare();
    return loaded;
  });
  return { page, ready: { sdk, token: await stage.server.token(room, 'bob') } };
}
