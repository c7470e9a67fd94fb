import assert from 'node:assert/strict';
import { test } from 'node:test';

import { peerPolicyOptions } from '../../src/relay/policy.ts';
import { emptyAddress, parseAddress, type TransportAddress } from '../../src/stun/address.ts';
import { createPeerPolicy } from '../../src/turn/peer-policy.ts';

test('media behind a 1:1 NAT is a peer under the address that clients know, and under no other', async () => {
  const policy = createPeerPolicy(await plan({ ip: '10.0.0.5', announced: '203.0.113.7', port: 40_000 }));
  const target = emptyAddress();
  assert.equal(route(policy, address('203.0.113.7', 40_000), target), 0);
  assert.deepEqual(target, address('10.0.0.5', 40_000), 'it is reached where it listens');
  const { a, b, c, d, port } = address('10.0.0.5', 40_000);
  assert.equal(policy.arrived(a, b, c, d, port, target), 0);
  assert.deepEqual(target, address('203.0.113.7', 40_000), 'and answers by the name that it was called by');
  assert.notEqual(route(policy, address('10.0.0.5', 40_000), target), 0);
  assert.notEqual(route(policy, address('203.0.113.7', 40_001), target), 0);
});

test('a name that media is announced by stands for its addresses of the same family', async () => {
  const policy = createPeerPolicy(await plan({ ip: '10.0.0.5', announced: 'media.example', port: 40_000 }));
  assert.equal(route(policy, address('198.51.100.9', 40_000), emptyAddress()), 0);
  assert.notEqual(route(policy, address('2001:db8::9', 40_000), emptyAddress()), 0);
});

function plan(media: { ip: string; announced: string; port: number }) {
  return peerPolicyOptions(
    {
      peers: 'media',
      media: [media],
      allow: [],
      deny: [],
      ownPorts: [],
      listen: [{ ip: '10.0.0.5' }],
      relay: [{ ip: '10.0.0.5' }],
      relayPorts: { first: 50_000, last: 50_100 },
      secondAddress: undefined,
    },
    { udp: 3478 },
    (name) => Promise.resolve(name === 'media.example' ? ['198.51.100.9', '2001:db8::9'] : []),
  );
}

function route(policy: ReturnType<typeof createPeerPolicy>, peer: TransportAddress, target: TransportAddress): number {
  return policy.route(peer.a, peer.b, peer.c, peer.d, peer.port, target);
}

function address(text: string, port: number): TransportAddress {
  return parseAddress(text, port)!;
}
