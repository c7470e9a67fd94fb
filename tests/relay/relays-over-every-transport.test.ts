import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FAMILY, hostText } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { openEcho } from '../support/turn-client.ts';
import { certificate, eventually, startRelay } from './start-relay.ts';

for (const transport of ['udp', 'tcp', 'tls'] as const) {
  for (const host of ['127.0.0.1', '::1']) {
    test(`data goes both ways by indication and by channel, over ${transport} from ${host}`, async (t) => {
      const relay = await startRelay(t, { certificate: await certificate(t) });
      const family = host === '::1' ? FAMILY.IPV6 : FAMILY.IPV4;
      const peer = await openEcho(host);
      t.after(() => peer.close());

      const client = await relay.client(transport, { host });
      const answer = await client.allocate({ family });
      assert.equal(hostText(answer.address(ATTRIBUTE.XOR_MAPPED_ADDRESS)!), host);
      assert.equal(answer.address(ATTRIBUTE.XOR_MAPPED_ADDRESS)!.port, client.localPort);
      assert.equal(hostText(client.relayed[0]!), host);

      assert.equal((await client.permit(peer.address)).error, undefined);
      for (const length of [0, 1, 2, 3, 171, 1200, 60_000]) {
        const data = Buffer.alloc(length, length % 251);
        client.send(peer.address, data);
        const received = await client.receive();
        assert.deepEqual(received.peer, peer.address);
        assert.deepEqual(received.data, data, `${length} bytes by indication`);
      }
      assert.equal((await client.bind(0x4001, peer.address)).error, undefined);
      for (const length of [0, 1, 2, 3, 171, 1200, 60_000]) {
        const data = Buffer.alloc(length, length % 251);
        client.sendOn(0x4001, data);
        const received = await client.receive();
        assert.deepEqual([received.channel, received.data], [0x4001, data], `${length} bytes by channel`);
      }

      const { turn } = relay.counters();
      assert.equal(turn[`gauge.allocations.${transport}.${host === '::1' ? 'ipv6' : 'ipv4'}`], 1);
      assert.equal(turn['packets.up'], 14);
      assert.equal((await client.refresh(0)).error, undefined);
      await eventually(() => relay.ended.length === 1, 'the end is told');
      assert.equal(relay.ended[0]!.identity, 'lab/ada');
      assert.equal(relay.ended[0]!.usage.packetsDown, 14);
      assert.equal(relay.usage.get('lab/ada')?.bytesUp, relay.ended[0]!.usage.bytesUp);
    });
  }
}

test('two clients reach each other through two relayed addresses', async (t) => {
  const relay = await startRelay(t);
  const [ada, bob] = [await relay.client('udp'), await relay.client('tcp', { identity: 'lab/bob' })];
  await ada.allocate({ family: FAMILY.IPV4 });
  await bob.allocate({ family: FAMILY.IPV4 });
  await ada.bind(0x4000, bob.relayed[0]!);
  await bob.bind(0x4007, ada.relayed[0]!);
  ada.sendOn(0x4000, Buffer.from('hello'));
  const heard = await bob.receive();
  assert.deepEqual([heard.channel, String(heard.data)], [0x4007, 'hello']);
  bob.sendOn(0x4007, Buffer.from('yes?'));
  assert.equal(String((await ada.receive()).data), 'yes?');
});

test('a client that goes on over another transport has another allocation', async (t) => {
  const relay = await startRelay(t);
  const udp = await relay.client('udp');
  const tcp = await relay.client('tcp');
  await udp.allocate();
  await tcp.allocate();
  assert.notEqual(udp.relayed[0]!.port, tcp.relayed[0]!.port);
  tcp.close();
  await eventually(() => relay.ended.length === 1, 'the end of the connection is the end of its allocation');
  assert.equal(relay.ended[0]!.cause, 'client-closed');
  assert.equal((await udp.refresh(600)).error, undefined, 'the other one goes on');
});
