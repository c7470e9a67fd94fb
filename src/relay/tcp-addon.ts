/** What native/udp does for TCP connections: it reads along with datagrams, and writes past `net.Socket`. */
import type { Socket } from 'node:net';

import { type UdpAddon, writeNow } from './datagram-addon.ts';
import type { DatagramIo, SocketHandle } from './datagram-io.ts';

/** Writes at once as many of the first `length` bytes as a descriptor takes: their number, or a negative errno. */
export type WriteNow = (descriptor: number, bytes: Uint8Array, length: number) => number;

/** Connections are named by their file descriptor, which remains the owner's. */
export type TcpAddon = {
  readonly writeNow: WriteNow;
  /** A handle by which `DatagramIo`'s batches name it from now on; undefined where it cannot be had. */
  startReading(descriptor: number): SocketHandle | undefined;
  stopReading(reads: SocketHandle): void;
};

/** @param watched Is told of each handle that is a connection's, and of when it is nobody's again. */
export function createTcpAddon(
  addon: UdpAddon,
  io: Pick<DatagramIo, 'readStream' | 'close'>,
  watched: (reads: SocketHandle, open: boolean) => void,
): TcpAddon {
  return {
    writeNow: (descriptor, bytes, length) => writeNow(addon, descriptor, bytes, length),
    startReading(descriptor) {
      const reads = io.readStream?.(descriptor) ?? -1;
      if (reads < 0) return undefined;
      watched(reads, true);
      return reads;
    },
    stopReading(reads) {
      watched(reads, false);
      io.close(reads);
    },
  };
}

/** The file descriptor of a TCP connection. Node has it, and has no other name for it. */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: unknown } | null };
  const fd = handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
