/** A thread that echoes on one socket: a descriptor of bindShared, or its own on a shared port. See the threads test. */
import { parentPort, workerData } from 'node:worker_threads';

import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { RX_STRIDE } from '../../src/relay/datagram-io.ts';
import { installedUdpAddon } from '../../src/package.ts';
import type { TransportAddress } from '../../src/stun/address.ts';

export type EchoThread = {
  addon: 'on' | 'off';
  address: TransportAddress;
  shared?: number;
  /** A datagram that begins with this byte makes the handler throw. */
  throwOn?: number;
};

const { addon, address, shared, throwOn } = workerData as EchoThread;
const { io } = createDatagramIo({
  addon,
  addonPath: installedUdpAddon(),
  handlers: {
    onBatch(count) {
      const { rx, slab } = io;
      for (let at = 0; at < count * RX_STRIDE; at += RX_STRIDE) {
        const offset = rx[at + 1]!;
        io.send(
          rx[at]!,
          0,
          0,
          offset,
          rx[at + 2]!,
          rx[at + 3]!,
          rx[at + 4]!,
          rx[at + 5]!,
          rx[at + 6]!,
          rx[at + 7]!,
          false,
        );
        if (slab[offset] === throwOn) throw new Error('asked to');
      }
    },
    onError: () => {},
  },
});
const socket = io.open({ ...address, reusePort: true, ...(shared === undefined ? {} : { shared }) });
// Idle relay sockets that nobody closes.
for (let n = 0; n < 20; n += 1) io.open({ ...address, port: 0 });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage({ socket, port: io.portOf(socket) });
parentPort?.once('message', () => {
  io.end();
  parentPort?.close();
});
