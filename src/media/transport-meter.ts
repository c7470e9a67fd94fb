import type { Producer, WebRtcTransport } from 'mediasoup/types';

import type { UsedBytes } from '../rooms/media-engine.ts';
import { SECOND, type Sampled } from './sampler.ts';
import type { WorkerProcess } from './worker-process.ts';

/** How often a transport's counts are read while it is open. */
const PERIOD = 30 * SECOND;

/**
 * Counts the media that one transport carries: RTP as it is before encryption, with its headers, retransmissions and
 * probes for bandwidth included. Each byte is told once: from time to time, and the rest when its producer or the transport
 * is closed.
 */
export class TransportMeter implements Sampled {
  readonly #transport: WebRtcTransport;
  readonly #host: WorkerProcess;
  readonly #onUsed: (bytes: UsedBytes) => void;
  /**
   * What was told of each producer. The transport's own count of what came in is of packets whose header extensions are
   * the server's already.
   */
  readonly #received = new Map<Producer, number>();
  #sent = 0;
  #runs = false;

  constructor(transport: WebRtcTransport, host: WorkerProcess, onUsed: (bytes: UsedBytes) => void) {
    this.#transport = transport;
    this.#host = host;
    this.#onUsed = onUsed;
    transport.observer.once('close', () => host.sampler.remove(this));
  }

  /** The transport is connected: from here on there is something to count. */
  start(): void {
    if (this.#runs || this.#transport.closed) return;
    this.#runs = true;
    this.#host.sampler.add(this);
  }

  produced(producer: Producer): void {
    this.#received.set(producer, 0);
  }

  /** To be called right before `producer` is closed: the worker answers in the order in which it is asked. */
  ending(producer: Producer): void {
    if (producer.closed) return;
    const asked = this.#runs ? this.#readProducer(producer) : Promise.resolve();
    this.#last(asked.finally(() => this.#received.delete(producer)));
  }

  /** To be called right before the transport is closed. */
  finish(): void {
    if (this.#runs && !this.#transport.closed) this.#last(this.ask());
  }

  async ask(): Promise<void> {
    await Promise.all([
      this.#readTransport(),
      ...[...this.#received.keys()].filter(({ closed }) => !closed).map((each) => this.#readProducer(each)),
    ]);
  }

  period(): number {
    return PERIOD;
  }

  urgent(): boolean {
    return false;
  }

  #last(asked: Promise<void>): void {
    const { readings } = this.#host;
    const reading = asked.finally(() => readings.delete(reading));
    readings.add(reading);
  }

  async #readTransport(): Promise<void> {
    const [stat] = await unlessGone(this.#transport.getStats());
    if (stat === undefined) return;
    const { rtpBytesSent, rtxBytesSent, probationBytesSent } = stat;
    const sent = rtpBytesSent + rtxBytesSent + probationBytesSent - this.#sent;
    if (sent <= 0) return;
    this.#sent += sent;
    this.#onUsed({ received: 0, sent });
  }

  async #readProducer(producer: Producer): Promise<void> {
    const stats = await unlessGone(producer.getStats());
    const before = this.#received.get(producer);
    if (before === undefined) return;
    const received = stats.reduce((sum, { byteCount }) => sum + byteCount, 0) - before;
    if (received <= 0) return;
    this.#received.set(producer, before + received);
    this.#onUsed({ received, sent: 0 });
  }
}

/** A worker that is gone has taken its counts with it. */
async function unlessGone<Stat>(asked: Promise<Stat[]>): Promise<Stat[]> {
  try {
    return await asked;
  } catch {
    return [];
  }
}
