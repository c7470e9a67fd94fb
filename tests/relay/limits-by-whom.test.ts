import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RelayLimits } from '../../src/relay/options.ts';
import { openEcho } from '../support/turn-client.ts';
import { eventually, startRelay } from './start-relay.ts';

/** No more than a burst of 24,000 bytes passes in the time of a test. */
const NARROW = 3000;
const PACKET = Buffer.alloc(1000);

for (const [limit, counter] of [
  ['permissions', 'quota.user'],
  ['permissionsPerAddress', 'quota.address'],
  ['permissionsTotal', 'quota.total'],
  ['channels', 'quota.user'],
  ['channelsPerAddress', 'quota.address'],
  ['channelsTotal', 'quota.total'],
] as const satisfies readonly (readonly [keyof RelayLimits, string])[]) {
  test(`${limit}: who would be above it is refused with 508, and what is given back can be had again`, async (t) => {
    const relay = await startRelay(t, { limits: { [limit]: 1 } });
    const ada = await relay.client('udp');
    // A limit of the user is met by the same one, through another allocation.
    const other = await relay.client('udp', counter === 'quota.user' ? {} : { identity: 'lab/bob' });
    const peer = await openEcho('127.0.0.1');
    t.after(() => peer.close());
    for (const client of [ada, other]) await client.allocate();
    const take = (client: typeof ada) =>
      limit.startsWith('permissions') ? client.permit(peer.address) : client.bind(0x4000, peer.address);

    assert.equal((await take(ada)).error, undefined);
    assert.equal((await take(other)).error, 508);
    assert.equal(relay.counters().turn[counter], 1);
    await ada.refresh(0);
    assert.equal((await take(other)).error, undefined);
  });
}

for (const limit of ['bandwidth', 'bandwidthPerUser', 'bandwidthPerAddress', 'bandwidthTotal'] as const) {
  test(`${limit}: what is above it is dropped and counted, and who does not share it goes on`, async (t) => {
    const relay = await startRelay(t, { limits: { [limit]: NARROW } });
    const ada = await relay.client('udp');
    const bob = await relay.client('udp', { identity: 'lab/bob' });
    const peer = await openEcho('127.0.0.1');
    t.after(() => peer.close());
    for (const client of [ada, bob]) {
      await client.allocate();
      await client.bind(0x4000, peer.address);
    }
    for (let sent = 0; sent < 100; sent += 1) ada.sendOn(0x4000, PACKET);
    const dropped = () => relay.counters().turn['drops.bandwidth'];
    await eventually(() => dropped() + relay.counters().turn['packets.up'] >= 100, 'all have come');
    assert.ok(dropped() >= 50, `${dropped()} of them were dropped`);

    const before = relay.counters().turn['packets.up'];
    const droppedBefore = dropped();
    for (let sent = 0; sent < 3; sent += 1) bob.sendOn(0x4000, PACKET);
    const relayed = () => relay.counters().turn['packets.up'] - before;
    await eventually(() => relayed() + dropped() - droppedBefore >= 3, 'those have come too');
    const shares = limit === 'bandwidthPerAddress' || limit === 'bandwidthTotal';
    assert.equal(relayed() >= 3, !shares);
  });
}
