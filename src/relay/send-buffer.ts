import type { Socket } from 'node:net';

import { descriptorOf, type WriteNow } from './tcp-addon.ts';

/** Room for what a batch usually has for one reader. */
const CHUNK = 16 * 1024;

/**
 * What is to be written to one stream, gathered so that a batch of frames becomes one write: one system call for TCP,
 * one record for TLS. The memory is used again as soon as the socket has taken all of it.
 */
export class SendBuffer {
  readonly #socket: Socket;
  readonly #writeNow: WriteNow | undefined;
  #chunk: Buffer | undefined;
  #filled = 0;

  /** @param writeNow Past the socket, where nothing waits in it; undefined where that cannot be, as for TLS. */
  constructor(socket: Socket, writeNow?: WriteNow) {
    this.#socket = socket;
    this.#writeNow = writeNow;
  }

  /** Bytes that the reader has not taken yet, as far as this process knows. */
  get waiting(): number {
    return this.#socket.writableLength + this.#filled;
  }

  /** Adds `length` bytes of `slab` from `offset` on. */
  add(slab: Buffer, offset: number, length: number): void {
    let from = offset;
    let left = length;
    while (left > 0) {
      this.#chunk ??= Buffer.allocUnsafeSlow(CHUNK);
      const copied = slab.copy(this.#chunk, this.#filled, from, from + Math.min(left, CHUNK - this.#filled));
      this.#filled += copied;
      from += copied;
      left -= copied;
      if (this.#filled === CHUNK) this.flush();
    }
  }

  /** Hands what was gathered to the socket. */
  flush(): void {
    const chunk = this.#chunk;
    const filled = this.#filled;
    if (chunk === undefined || filled === 0) return;
    this.#filled = 0;
    const taken = this.#takenNow(chunk, filled);
    if (taken === filled) return;
    this.#socket.write(chunk.subarray(taken, filled));
    // What the socket has not written yet, it still reads.
    if (this.#socket.writableLength > 0) this.#chunk = undefined;
  }

  /** What the system has taken of it. Of an error the socket learns by itself, when it writes. */
  #takenNow(chunk: Buffer, length: number): number {
    if (this.#writeNow === undefined || this.#socket.writableLength > 0) return 0;
    const descriptor = descriptorOf(this.#socket);
    return descriptor === undefined ? 0 : Math.max(0, this.#writeNow(descriptor, chunk, length));
  }
}
