/**
 * Echoes UDP on 127.0.0.1, for loadtest/udp-echo.ts. Tells its parent its port; asked, tells how many datagrams it has
 * echoed, the bytes on its heap, and how often that was collected.
 */
import { createSocket } from 'node:dgram';
import { PerformanceObserver } from 'node:perf_hooks';

import { installedUdpAddon } from '../../src/package.ts';
import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { DATAGRAM_COUNTERS, RX_STRIDE } from '../../src/relay/datagram-io.ts';
import { parseAddress } from '../../src/stun/address.ts';

export type EchoKind = 'addon' | 'addon, no GSO' | 'dgram' | 'node:dgram alone';
export type EchoReport = { echoed: number; perBatch: number; heap: number; collections: number };

const BUFFER = 4 * 1024 * 1024;
const kind = process.argv[2] as EchoKind;
let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });

const { port, counts } = kind === 'node:dgram alone' ? await plainEcho() : echo();
process.send?.({ port });
process.on('message', () => {
  process.send?.({ ...counts(), heap: process.memoryUsage().heapUsed, collections } satisfies EchoReport);
});
process.on('disconnect', () => process.exit());

function echo() {
  const { io } = createDatagramIo({
    addon: kind === 'dgram' ? 'off' : 'on',
    addonPath: installedUdpAddon(),
    handlers: { onBatch, onError: () => {} },
  });
  const { rx, counters } = io;
  function onBatch(count: number): void {
    for (let at = 0; at < count * RX_STRIDE; at += RX_STRIDE) {
      const [socket, offset, length] = [rx[at]!, rx[at + 1]!, rx[at + 2]!];
      io.send(socket, 0, 0, offset, length, rx[at + 3]!, rx[at + 4]!, rx[at + 5]!, rx[at + 6]!, rx[at + 7]!, false);
    }
  }
  const socket = io.open({
    ...parseAddress('127.0.0.1', 0)!,
    receiveBuffer: BUFFER,
    sendBuffer: BUFFER,
    segmentation: kind !== 'addon, no GSO',
  });
  const counted = (name: keyof typeof DATAGRAM_COUNTERS) => counters[DATAGRAM_COUNTERS[name]]!;
  return {
    port: io.portOf(socket),
    counts: () => ({ echoed: counted('sent'), perBatch: counted('received') / counted('batches') }),
  };
}

/** What Node offers with nothing around it: what the dgram implementation is measured by. */
async function plainEcho() {
  let echoed = 0;
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: BUFFER,
    sendBufferSize: BUFFER,
    lookup: (host, _, done) => done(null, host, 4),
  });
  socket.on('message', (message, from) => {
    echoed += 1;
    socket.send(message, 0, message.length, from.port, from.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return { port: socket.address().port, counts: () => ({ echoed, perBatch: 1 }) };
}
