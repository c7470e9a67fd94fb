import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import type { Guest } from '../e2e/support/guest.ts';
import { eventually } from '../e2e/support/eventually.ts';
import { FIREWALLS, type Namespace, type Network, noNamespaces } from '../support/network-namespaces.ts';
import { ONLY_PORT, type Scene, startScene } from './scene.ts';

const skip = noNamespaces();
const RECOVERS_WITHIN = 20_000;

// Where both are let through, a browser may stay with the TCP relay, if that was faster by a millisecond.
const onlyUdp = ({ hosts: [, turn] }: Namespace) => FIREWALLS.onlyUdpTo(turn);

test('a call goes through the relay over UDP', { skip }, async (t) => {
  const { ada, bob } = await callWithRelayed(t, { firewall: onlyUdp });
  await seeAndHearEachOther(ada, bob);
  await goesThroughRelay(ada, 'udp');
});

test(
  'a client behind a NAT that maps each destination to another port calls through the relay',
  { skip },
  async (t) => {
    const { ada, bob } = await callWithRelayed(t, {
      makeClient: (network) => network.clientBehindNat(),
      firewall: onlyUdp,
    });
    await seeAndHearEachOther(ada, bob);
    await goesThroughRelay(ada, 'udp');
  },
);

test('where UDP is blocked the call goes through the relay over TCP', { skip }, async (t) => {
  const { ada, bob } = await callWithRelayed(t, { firewall: () => FIREWALLS.noUdp });
  await seeAndHearEachOther(ada, bob);
  await goesThroughRelay(ada, 'tcp');
});

test('where all but port 443 is blocked the call goes through the relay over TLS', { skip }, async (t) => {
  const { ada, bob } = await callWithRelayed(t, { firewall: () => FIREWALLS.onlyTcpPort(ONLY_PORT) });
  await seeAndHearEachOther(ada, bob);
  await goesThroughRelay(ada, 'tls');
});

test('a call through the relay goes on when the client gets another address', { skip }, async (t) => {
  // The dead signaling connection is to be noticed soon, without which ICE cannot be restarted.
  const flags = ['--signaling.pingInterval', '1s', '--signaling.pingTimeout', '1s'];
  const { ada, bob, client } = await callWithRelayed(t, { flags, firewall: onlyUdp });
  await seeAndHearEachOther(ada, bob);
  client.move();
  // A browser does not know RFC 8016: the SDK restarts ICE, and with it comes a new allocation.
  await Promise.all([
    ada.sees('bob', 'camera', RECOVERS_WITHIN),
    bob.sees('ada', 'camera', RECOVERS_WITHIN),
    ada.hears('bob', 'microphone', RECOVERS_WITHIN),
    bob.hears('ada', 'microphone', RECOVERS_WITHIN),
  ]);
  await goesThroughRelay(ada, 'udp');
  assert.deepEqual(await bob.happened('participantLeft', 'trackRemoved'), []);
});

type Situation = {
  makeClient?: (network: Network) => Namespace;
  firewall?: (client: Namespace) => readonly string[];
  flags?: readonly string[];
};

/** Ada, who may only use relays, inside the network; Bob beside the server. The server's policy is the default one. */
async function callWithRelayed(
  t: TestContext,
  { makeClient, firewall, flags = [] }: Situation = {},
): Promise<Pick<Scene, 'client'> & { ada: Guest; bob: Guest }> {
  const scene = await startScene(t, makeClient, flags);
  if (firewall !== undefined) scene.client.firewall(firewall(scene.client));
  const [ada, bob] = await Promise.all([scene.guest('ada', scene.client), scene.guest('bob', 'host')]);
  await ada.join(await scene.server.token('relayed', 'ada'), { iceTransportPolicy: 'relay' });
  await bob.join(await scene.server.token('relayed', 'bob'));
  await Promise.all([ada.publish(), bob.publish()]);
  return { client: scene.client, ada, bob };
}

async function seeAndHearEachOther(ada: Guest, bob: Guest): Promise<void> {
  await Promise.all([ada.sees('bob'), bob.sees('ada'), ada.hears('bob'), bob.hears('ada')]);
}

/** Both of what this guest sends and what it receives. */
async function goesThroughRelay(guest: Guest, protocol: 'udp' | 'tcp' | 'tls'): Promise<void> {
  await eventually(
    `${guest.identity} sends and receives through the relay over ${protocol}`,
    () => guest.page.evaluate(() => kit.paths()),
    (all) => all.length === 2 && all.every((path) => path.local === 'relay' && path.relayProtocol === protocol),
  );
}
