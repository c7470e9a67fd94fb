import assert from 'node:assert/strict';
import test from 'node:test';

import type * as Sdk from '../../client/sdk/sluice.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('a page that is busy with each track that it hears of has set out to connect before', async (t) => {
  await stage.call(t, 'busy', 'ada');
  const page = await stage.open(t, '/v1/health');
  const happened = await page.evaluate(
    async (token) => {
      const sdk: string = '/sdk/sluice.js';
      const { join, prepare } = (await import(sdk)) as typeof Sdk;
      await prepare();
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
    },
    await stage.server.token('busy', 'bob'),
  );
  assert.deepEqual(happened.slice(0, 2), ['joined', 'connecting']);
});

test('who is there is told although the browser does not get anywhere with the connection', async (t) => {
  await stage.call(t, 'stuck', 'ada');
  const page = await stage.open(t, '/v1/health');
  const seen = await page.evaluate(
    async (token) => {
      const sdk: string = '/sdk/sluice.js';
      const { join, prepare } = (await import(sdk)) as typeof Sdk;
      await prepare();
      RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => undefined);
      const room = await join(location.origin, token);
      return new Promise<string>((resolve) => room.on('participantJoined', ({ identity }) => resolve(identity)));
    },
    await stage.server.token('stuck', 'bob'),
  );
  assert.equal(seen, 'ada');
});
