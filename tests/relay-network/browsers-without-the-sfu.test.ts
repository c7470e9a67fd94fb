import assert from 'node:assert/strict';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { eventually } from '../e2e/support/eventually.ts';
import { noNamespaces } from '../support/network-namespaces.ts';
import type { TestServer } from '../support/server.ts';
import { startScene } from './scene.ts';

const skip = noNamespaces();
/** Public mode denies private ranges, and that of these networks: clients' addresses have to be allowed by name. */
const PUBLIC = ['--turn.peers', 'public', '--turn.allow', '198.18.0.0/15'];

test('in public mode two browsers reach each other, each through a relay of its own', { skip }, async (t) => {
  const { server, client, open } = await startScene(t, undefined, PUBLIC);
  const [ada, bob] = await Promise.all([open(client), open('host')]);
  await connect(ada, bob, await iceServers(server, 'ada'), await iceServers(server, 'bob'), ['relay', 'relay']);
  assert.deepEqual(await kinds(ada), { local: 'relay', remote: 'relay' });
  await Promise.all([receivesPicture(ada), receivesPicture(bob)]);
});

test('in public mode a relayed browser reaches one that is not relayed', { skip }, async (t) => {
  const { server, client, open } = await startScene(t, undefined, PUBLIC);
  const [ada, bob] = await Promise.all([open(client), open('host')]);
  await connect(ada, bob, await iceServers(server, 'ada'), [], ['relay', 'all']);
  assert.equal((await kinds(ada)).local, 'relay');
  await Promise.all([receivesPicture(ada), receivesPicture(bob)]);
});

test('by default browsers do not reach each other through the relay', { skip }, async (t) => {
  const { server, client, open } = await startScene(t);
  const [ada, bob] = await Promise.all([open(client), open('host')]);
  await assert.rejects(
    connect(ada, bob, await iceServers(server, 'ada'), await iceServers(server, 'bob'), ['relay', 'relay'], 4000),
    /connected/,
  );
});

/** What the TURN REST API gives to any application. */
async function iceServers(server: TestServer, identity: string): Promise<RTCIceServer[]> {
  const { status, body } = await server.call('POST', '/v1/turn/credentials', { identity });
  assert.equal(status, 200, JSON.stringify(body));
  const { uris, username, password } = body as { uris: string[]; username: string; password: string };
  return [{ urls: uris, username, credential: password }];
}

/** A call of two plain pages, with whole descriptions handed over here. */
async function connect(
  caller: Page,
  callee: Page,
  callersServers: RTCIceServer[],
  calleesServers: RTCIceServer[],
  policies: [RTCIceTransportPolicy, RTCIceTransportPolicy],
  within = 15_000,
): Promise<void> {
  await prepare(caller, callersServers, policies[0]);
  await prepare(callee, calleesServers, policies[1]);
  const offer = await caller.evaluate(() => call.describe());
  const answer = await callee.evaluate((its) => call.describe(its), offer);
  await caller.evaluate((its) => call.accept(its), answer);
  for (const page of [caller, callee]) {
    await eventually(
      'connected',
      () => page.evaluate(() => call.connection.connectionState),
      (state) => state === 'connected',
      within,
    );
  }
}

declare global {
  /** In pages of this file, by `prepare`. */
  var call: Call;
}

type Call = {
  readonly connection: RTCPeerConnection;
  /** An offer, or the answer to one, when all candidates are in it. */
  describe(offer?: string): Promise<string>;
  accept(answer: string): Promise<void>;
};

async function prepare(page: Page, servers: RTCIceServer[], policy: RTCIceTransportPolicy): Promise<void> {
  await page.evaluate(
    async ([its, iceTransportPolicy]) => {
      const connection = new RTCPeerConnection({ iceServers: its, iceTransportPolicy });
      const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 180, frameRate: 10 } });
      for (const track of camera.getTracks()) connection.addTrack(track, camera);
      globalThis.call = {
        connection,
        async describe(offer) {
          if (offer !== undefined) await connection.setRemoteDescription({ type: 'offer', sdp: offer });
          await connection.setLocalDescription();
          if (connection.iceGatheringState !== 'complete') {
            await new Promise<void>((resolve) => {
              connection.addEventListener('icegatheringstatechange', () => {
                if (connection.iceGatheringState === 'complete') resolve();
              });
            });
          }
          return connection.localDescription?.sdp ?? '';
        },
        accept: (sdp) => connection.setRemoteDescription({ type: 'answer', sdp }),
      };
    },
    [servers, policy] as const,
  );
}

async function kinds(page: Page): Promise<{ local: string | undefined; remote: string | undefined }> {
  return page.evaluate(async () => {
    const all = [...(await call.connection.getStats()).values()] as ({ id: string; type: string } & Record<
      string,
      string
    >)[];
    const find = (id: string | undefined) => all.find((one) => one.id === id);
    const pair = find(all.find(({ type }) => type === 'transport')?.['selectedCandidatePairId']);
    return {
      local: find(pair?.['localCandidateId'])?.['candidateType'],
      remote: find(pair?.['remoteCandidateId'])?.['candidateType'],
    };
  });
}

async function receivesPicture(page: Page): Promise<void> {
  const decoded = () =>
    page.evaluate(async () => {
      const all = [...(await call.connection.getStats()).values()] as { type: string; framesDecoded?: number }[];
      return all.find(({ type }) => type === 'inbound-rtp')?.framesDecoded ?? 0;
    });
  await eventually('frames are decoded', decoded, (frames) => frames >= 10);
}
