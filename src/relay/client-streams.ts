/** TCP and TLS connections of clients: frames in, frames out, and bounds on both. */
import type { Socket } from 'node:net';

import { parseAddress, type TransportAddress } from '../stun/address.ts';
import { FrameReader, LONGEST_FRAME } from './framing.ts';
import { SendBuffer } from './send-buffer.ts';
import type { StreamLimits } from './stream-limits.ts';
import { descriptorOf, type TcpAddon } from './tcp-addon.ts';
import { THREAD_COUNTERS, type ThreadCounter } from './thread-counters.ts';

/** How long a connection that is being closed may take to read what was sent to it. */
const LINGER_MS = 2000;
/** No STUN message that a stranger has reason to send is longer. */
const STRANGERS_FRAME = 2048;
export type ClientTransport = 'tcp' | 'tls';

/** A client's connection. */
export type ClientStream = {
  readonly handle: number;
  readonly transport: ClientTransport;
  readonly address: TransportAddress;
};

type Stream = ClientStream & {
  readonly socket: Socket;
  readonly remote: string;
  readonly send: SendBuffer;
  /** By which the addon tells of what has come; undefined where Node reads. */
  readonly reads: number | undefined;
  reader: FrameReader;
  authenticated: boolean;
  heardAt: number;
  slowSince: number | undefined;
  dirty: boolean;
  /** Somebody else's from now on: what comes is left for them. */
  released: boolean;
};

export type StreamHandlers = {
  /** A whole frame, as `bytes` from `start` to `end`, valid during the call. */
  frame(stream: ClientStream, bytes: Buffer, start: number, end: number): void;
  /** All frames of a chunk that Node has read have been handed over. */
  readEnd(): void;
  /** The connection is gone, not by `close`. */
  closed(handle: number): void;
};

export type ClientStreams = {
  /** Takes a connection that was accepted; it may be refused, and is then destroyed. `raw`: what `socket` runs over. */
  adopt(socket: Socket, transport: ClientTransport, raw: Socket): void;
  has(handle: number): boolean;
  /** What the addon has read of a connection: `length` bytes of the slab, or 0 for its end, -1 for an error. */
  arrived(reads: number, offset: number, length: number): void;
  /**
   * Queues header, then payload, both of the slab. `droppable`: relayed data, which is dropped whole where the reader is
   * too slow. Nothing is sent before `flush`.
   */
  send(
    handle: number,
    headerOffset: number,
    headerLength: number,
    offset: number,
    length: number,
    droppable: boolean,
  ): void;
  flush(): void;
  authenticated(handle: number): void;
  /** Closes it once what was sent has been read, or soon. */
  close(handle: number): void;
  /** Takes the connection out of this table, for a bridge; undefined where it is not there. */
  release(handle: number): Socket | undefined;
  /** Closes what is too slow, idle or strange for too long. */
  sweep(now: number): void;
  end(): void;
};

export type StreamContext = {
  readonly limits: StreamLimits;
  readonly counters: Float64Array;
  readonly slab: Buffer;
  readonly now: () => number;
  readonly newHandle: () => number;
  readonly handlers: StreamHandlers;
  /** Undefined where there is none: Node does it all. */
  readonly addon: TcpAddon | undefined;
};

export function createClientStreams({
  limits,
  counters,
  slab,
  now,
  newHandle,
  handlers,
  addon,
}: StreamContext): ClientStreams {
  const streams = new Map<number, Stream>();
  /** Those that the addon reads. */
  const readByAddon = new Map<number, Stream>();
  /** In the order in which they came. */
  const strangers = new Map<number, { readonly stream: Stream; readonly since: number }>();
  const perAddress = new Map<string, number>();
  const lingering = new Map<Socket, number>();
  let dirty: Stream[] = [];

  const count = (name: ThreadCounter, by = 1) => {
    counters[THREAD_COUNTERS[name]]! += by;
  };

  function forget(stream: Stream): boolean {
    if (!streams.delete(stream.handle)) return false;
    if (stream.reads !== undefined && readByAddon.delete(stream.reads)) addon?.stopReading(stream.reads);
    if (strangers.delete(stream.handle)) count('gauge.strangers', -1);
    count(`gauge.streams.${stream.transport}`, -1);
    const left = (perAddress.get(stream.remote) ?? 1) - 1;
    if (left === 0) perAddress.delete(stream.remote);
    else perAddress.set(stream.remote, left);
    return true;
  }

  function lost(stream: Stream): void {
    if (forget(stream)) handlers.closed(stream.handle);
  }

  function cut(stream: Stream, why: ThreadCounter): void {
    if (!streams.has(stream.handle)) return;
    count(why);
    stream.socket.destroy();
    lost(stream);
  }

  function refuse(socket: Socket, why: ThreadCounter): void {
    count(why);
    socket.on('error', () => undefined);
    socket.destroy();
  }

  function read(stream: Stream, chunk: Buffer): void {
    // It is being closed.
    if (!streams.has(stream.handle)) return;
    stream.heardAt = now();
    const rest = stream.reader.read(chunk);
    if (rest === 'malformed') cut(stream, 'closed.malformed');
    // A bridge has taken the connection over in the middle of the chunk.
    else if (stream.released && rest !== undefined && rest.length > 0) stream.socket.unshift(Buffer.from(rest));
  }

  function watch(stream: Stream): void {
    const { socket } = stream;
    if (stream.reads !== undefined) readByAddon.set(stream.reads, stream);
    else {
      socket.on('data', (chunk: Buffer) => {
        read(stream, chunk);
        handlers.readEnd();
      });
      socket.resume();
    }
    // Nothing is learnt from an error that `close` does not say.
    socket.on('error', () => {
      if (stream.transport === 'tls' && !stream.authenticated && streams.has(stream.handle)) count('closed.tls-error');
    });
    socket.on('close', () => lost(stream));
  }

  function makeRoomForStranger(): void {
    if (strangers.size < limits.strangers) return;
    // The one that has taken longest already: a flood of connections that say nothing puts itself out.
    for (const { stream } of strangers.values()) return cut(stream, 'closed.stranger-cap');
  }

  function tooSlow(stream: Stream, droppable: boolean): boolean {
    const { waiting } = stream.send;
    if (waiting <= limits.softBacklog) {
      stream.slowSince = undefined;
      return false;
    }
    stream.slowSince ??= now();
    if (waiting > limits.hardBacklog) {
      cut(stream, 'closed.too-slow');
      return true;
    }
    if (droppable) count('dropped.slow-reader');
    return droppable;
  }

  function flush(): void {
    if (dirty.length === 0) return;
    const due = dirty;
    dirty = [];
    for (const stream of due) {
      stream.dirty = false;
      if (!stream.socket.destroyed) stream.send.flush();
    }
  }

  return {
    adopt(socket, transport, raw) {
      const remote = (raw.remoteAddress ?? '').replace(/%.*$/u, '');
      const address = parseAddress(remote, raw.remotePort ?? 0);
      const own = perAddress.get(remote) ?? 0;
      if (address === undefined || own >= limits.connectionsPerAddress || streams.size >= limits.connections) {
        return refuse(socket, 'closed.address-cap');
      }
      makeRoomForStranger();
      const descriptor = transport === 'tcp' ? descriptorOf(raw) : undefined;
      const stream: Stream = {
        ...{ handle: newHandle(), transport, address, socket, remote },
        send: new SendBuffer(socket, descriptor === undefined ? undefined : addon?.writeNow),
        reads: descriptor === undefined ? undefined : addon?.startReading(descriptor),
        reader: new FrameReader({
          frame(bytes, start, end) {
            handlers.frame(stream, bytes, start, end);
            return streams.has(stream.handle);
          },
          longest: () => (stream.authenticated ? LONGEST_FRAME : STRANGERS_FRAME),
        }),
        ...{ authenticated: false, heardAt: now(), slowSince: undefined, dirty: false, released: false },
      };
      streams.set(stream.handle, stream);
      strangers.set(stream.handle, { stream, since: stream.heardAt });
      perAddress.set(remote, own + 1);
      count(`gauge.streams.${transport}`);
      count('gauge.strangers');
      raw.setNoDelay(true);
      raw.setKeepAlive(true, 60_000);
      watch(stream);
    },
    has: (handle) => streams.has(handle),
    arrived(reads, offset, length) {
      const stream = readByAddon.get(reads);
      if (stream === undefined) return;
      if (length > 0) read(stream, slab.subarray(offset, offset + length));
      else if (length === 0) stream.socket.destroySoon();
      else stream.socket.destroy();
    },
    send(handle, headerOffset, headerLength, offset, length, droppable) {
      const stream = streams.get(handle);
      if (stream === undefined || tooSlow(stream, droppable)) return;
      if (headerLength > 0) stream.send.add(slab, headerOffset, headerLength);
      if (length > 0) stream.send.add(slab, offset, length);
      if (stream.dirty) return;
      stream.dirty = true;
      dirty.push(stream);
    },
    flush,
    authenticated(handle) {
      const stream = streams.get(handle);
      if (stream === undefined || stream.authenticated) return;
      stream.authenticated = true;
      if (strangers.delete(handle)) count('gauge.strangers', -1);
    },
    close(handle) {
      const stream = streams.get(handle);
      if (stream === undefined) return;
      stream.send.flush();
      forget(stream);
      lingering.set(stream.socket, now() + LINGER_MS);
      stream.socket.once('close', () => lingering.delete(stream.socket));
      // What still comes is thrown away: unread, it would keep the client from what was sent to it last.
      stream.socket.resume().destroySoon();
    },
    release(handle) {
      const stream = streams.get(handle);
      if (stream === undefined) return undefined;
      stream.send.flush();
      forget(stream);
      stream.released = true;
      stream.socket.removeAllListeners('data').removeAllListeners('close').pause();
      return stream.socket;
    },
    sweep(at) {
      for (const { stream, since } of strangers.values()) {
        if (at - since < limits.strangerTimeout) break;
        cut(stream, 'closed.stranger-timeout');
      }
      for (const stream of streams.values()) {
        if (stream.send.waiting <= limits.softBacklog) stream.slowSince = undefined;
        if (stream.slowSince !== undefined && at - stream.slowSince > limits.slowTimeout)
          cut(stream, 'closed.too-slow');
        else if (at - stream.heardAt > limits.idleTimeout) cut(stream, 'closed.idle');
      }
      for (const [socket, until] of lingering) if (at >= until) socket.destroy();
    },
    end() {
      for (const stream of streams.values()) {
        stream.socket.destroy();
        forget(stream);
      }
      for (const socket of lingering.keys()) socket.destroy();
    },
  };
}
