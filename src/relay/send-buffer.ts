import type { Socket } from 'node:net';

/** Room for what a batch usually has for one reader. */
const CHUNK = 16 * 1024;

/**
 * What is to be written to one stream, gathered so that a batch of frames becomes one write: one system call for TCP,
 * one record for TLS. The memory is used again as soon as the socket has taken all of it.
 */
export class SendBuffer {
  readonly #socket: Socket;
  #chunk: Buffer | undefined;
  #filled = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
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
    if (this.#chunk === undefined || this.#filled === 0) return;
    this.#socket.write(this.#chunk.subarray(0, this.#filled));
    this.#filled = 0;
    // What the socket has not written yet, it still reads.
    if (this.#socket.writableLength > 0) this.#chunk = undefined;
  }
}
