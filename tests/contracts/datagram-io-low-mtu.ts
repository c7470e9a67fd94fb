/** Sends in a network whose loopback carries 1,500 bytes, and prints what became of it. See datagram-io-mtu.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises';

import { installedUdpAddon } from '../../src/package.ts';
import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { DATAGRAM_COUNTERS, RX_STRIDE } from '../../src/relay/datagram-io.ts';
import { parseAddress } from '../../src/stun/address.ts';

const [host = ''] = process.argv.slice(2);
const arrived: number[] = [];
const { io } = createDatagramIo({
  addon: 'on',
  addonPath: installedUdpAddon(),
  handlers: {
    onBatch(count) {
      for (let at = 0; at < count * RX_STRIDE; at += RX_STRIDE) arrived.push(io.rx[at + 2]!);
    },
    onError: () => {},
  },
});
const address = parseAddress(host, 0)!;
const [from, to] = [io.open(address), io.open(address)];
const { a, b, c, d } = address;

await report('fits', [1000, 1000, 1000], false);
await report('too long for a run', [2000, 2000, 2000, 900], false);
await report('too long for DF', [1000, 2000, 1000], true);
await report('after DF', [2000], false);
io.end();

async function report(what: string, lengths: readonly number[], dontFragment: boolean): Promise<void> {
  const before = Float64Array.from(io.counters);
  arrived.length = 0;
  for (const length of lengths) io.send(from, 0, 0, io.scratch.offset, length, a, b, c, d, io.portOf(to), dontFragment);
  io.flush();
  await sleep(100);
  const since = (name: keyof typeof DATAGRAM_COUNTERS) =>
    io.counters[DATAGRAM_COUNTERS[name]]! - before[DATAGRAM_COUNTERS[name]]!;
  const counted = {
    sent: since('sent'),
    runs: since('segmentedRuns'),
    refused: since('segmentationRefused'),
    tooLong: since('sendTooLong'),
  };
  process.stdout.write(`${JSON.stringify({ what, arrived, ...counted })}\n`);
}
