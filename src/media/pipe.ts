/**
 * A pipe between two routers, of the same worker or of two: tracks that are published on one are forwarded to the other,
 * all of their layers, once, however many receive them there. Key-frame requests come back through it, and the router that
 * the track was published on paces them.
 *
 * mediasoup's own `Router.pipeToRouter` leaves the ports open until a router closes, and where a worker dies while a
 * producer is paused it leaves a rejected promise behind, which ends the process.
 */
import type { PipeTransport, Router } from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import { PORTS } from './addresses.ts';

/** Bytes that either end may fall behind: a key frame of every track at once. The system may allow less. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/** Pipes stay within the machine. */
const OPTIONS = {
  listenInfo: {
    protocol: 'udp',
    ip: '127.0.0.1',
    portRange: { min: PORTS.from, max: PORTS.to - 1 },
    sendBufferSize: BUFFER_BYTES,
    recvBufferSize: BUFFER_BYTES,
  },
  enableSctp: false,
  // What a busy worker did not read in time is sent again; else it would be lost for everyone behind the pipe.
  enableRtx: true,
} as const;

/** A track at the far end of a pipe. */
export type PipedTrack = {
  /** The producer's id there. */
  readonly id: string;
  close(): void;
  /** Calls back when it ends: with its producer, with the pipe, or by `close`. */
  onClose(listener: () => void): void;
};

export class Pipe {
  readonly #ends: Promise<readonly [near: PipeTransport, far: PipeTransport]>;

  constructor(from: Router, to: Router) {
    this.#ends = openEnds(from, to);
    // Told to whoever wants something carried.
    this.#ends.catch(() => undefined);
  }

  /** Forwards `producerId` of the near router. Rejects as mediasoup does, and leaves nothing behind then. */
  async carry(producerId: string): Promise<PipedTrack> {
    const [near, far] = await this.#ends;
    const consumer = await near.consume({ producerId });
    const { kind, rtpParameters } = consumer;
    const producer = await far.produce({ kind, rtpParameters, paused: consumer.producerPaused }).catch((error) => {
      consumer.close();
      throw error;
    });
    consumer.observer.once('close', () => producer.close());
    producer.observer.once('close', () => consumer.close());
    // Closed while the other worker was asked.
    if (consumer.closed || producer.closed) {
      consumer.close();
      producer.close();
      throw new SluiceError('producer-not-found');
    }
    const follow = () => {
      const done = consumer.producerPaused ? producer.pause() : producer.resume();
      // It rejects where the worker is gone, of which the room is told.
      done.catch(() => undefined);
    };
    consumer.on('producerpause', follow);
    consumer.on('producerresume', follow);
    if (consumer.producerPaused !== producer.paused) follow();
    return {
      id: producer.id,
      close: () => consumer.close(),
      onClose(listener) {
        if (producer.closed) listener();
        else producer.observer.once('close', listener);
      },
    };
  }

  close(): void {
    this.#ends.then(
      (ends) => {
        for (const end of ends) end.close();
      },
      () => undefined,
    );
  }
}

async function openEnds(from: Router, to: Router): Promise<readonly [PipeTransport, PipeTransport]> {
  const opened = await Promise.allSettled([from.createPipeTransport(OPTIONS), to.createPipeTransport(OPTIONS)]);
  const [near, far] = opened;
  try {
    if (near.status === 'rejected') throw near.reason;
    if (far.status === 'rejected') throw far.reason;
    await Promise.all([connect(near.value, far.value), connect(far.value, near.value)]);
    return [near.value, far.value];
  } catch (error) {
    for (const end of opened) if (end.status === 'fulfilled') end.value.close();
    throw error;
  }
}

function connect(end: PipeTransport, { tuple }: PipeTransport): Promise<void> {
  return end.connect({ ip: tuple.localAddress, port: tuple.localPort });
}
