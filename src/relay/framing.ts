/** A byte stream cut into STUN and ChannelData messages, as src/stun/stream-framing.ts tells them apart. */
import { CHANNEL_DATA_HEADER_LENGTH, channelDataLength } from '../stun/channel-data.ts';
import { HEADER_LENGTH } from '../stun/header.ts';
import { frameLength } from '../stun/stream-framing.ts';

/** The longest frame that there is: a STUN message of 65,532 bytes behind its header. */
export const LONGEST_FRAME: number = HEADER_LENGTH + 0xfffc;

/** Bytes that say how long any frame is. */
const HEAD = 8;

/** What a frame may be, and who takes it. */
export type FrameSink = {
  /** The longest frame that may come, with padding. */
  longest(): number;
  /**
   * One whole frame without padding, as `bytes` from `start` to `end`, which are valid during the call. `false` ends the
   * reading: what follows belongs to somebody else.
   */
  frame(bytes: Buffer, start: number, end: number): boolean;
};

/**
 * Cuts a stream into frames. A frame that comes in parts is collected in memory of its own, as long as the frame and
 * no longer, so that a peer which sends byte by byte costs no more than one which does not.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** A frame that has come in part, and how much of it: as much as is needed to say how long it is, then all of it. */
  #partial: Buffer | undefined;
  #filled = 0;
  #needed = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /**
   * Takes what has come. Returns what the sink did not want any more (an empty buffer where nothing has followed yet),
   * `undefined` where it goes on, and 'malformed' where the stream holds what is no frame, or none that may come.
   */
  read(chunk: Buffer): Buffer | 'malformed' | undefined {
    const view = viewOf(chunk);
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial === undefined) {
        const size = frameLength(view, at, chunk.length - at, this.#sink.longest());
        if (typeof size !== 'number') return 'malformed';
        if (size > 0 && chunk.length - at >= size) {
          const start = at;
          at += size;
          if (!this.#sink.frame(chunk, start, start + withoutPadding(view, start, size))) return chunk.subarray(at);
          continue;
        }
      }
      at += this.#collect(chunk, at);
      const done = this.#completed();
      if (done === 'malformed') return done;
      if (done !== undefined && !this.#sink.frame(done, 0, withoutPadding(viewOf(done), 0, done.length))) {
        return chunk.subarray(at);
      }
    }
    return undefined;
  }

  /** Adds to the frame that has come in part. Returns how many bytes that took. */
  #collect(chunk: Buffer, at: number): number {
    if (this.#partial === undefined) {
      this.#partial = Buffer.allocUnsafe(HEAD);
      this.#needed = CHANNEL_DATA_HEADER_LENGTH;
    }
    const taken = chunk.copy(this.#partial, this.#filled, at, at + this.#needed - this.#filled);
    this.#filled += taken;
    return taken;
  }

  /** The frame, where all of it has come. */
  #completed(): Buffer | 'malformed' | undefined {
    const partial = this.#partial;
    if (partial === undefined || this.#filled < this.#needed) return undefined;
    const size = frameLength(viewOf(partial), 0, this.#filled, this.#sink.longest());
    if (typeof size !== 'number') return 'malformed';
    if (size === this.#filled) {
      this.#partial = undefined;
      this.#filled = 0;
      return partial.subarray(0, size);
    }
    this.#needed = size === 0 ? HEAD : size;
    if (this.#needed > partial.length) {
      this.#partial = Buffer.allocUnsafe(this.#needed);
      partial.copy(this.#partial, 0, 0, this.#filled);
    }
    return undefined;
  }
}

function withoutPadding(view: DataView, at: number, size: number): number {
  return view.getUint8(at) < 0x40 ? size : CHANNEL_DATA_HEADER_LENGTH + channelDataLength(view, at);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
