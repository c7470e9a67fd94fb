import type { Consumer, TransportTraceEventData, WebRtcTransport } from 'mediasoup/types';

import type { AdoptedConsumer } from './consumer.ts';
import { Narrowing } from './narrowing.ts';
import { WayLoss } from './way-loss.ts';

/**
 * The way down to a client as far as pictures use it. Where it becomes narrow at once, they start anew with what it still
 * carries, and nothing of what was lost is sent again: sound has the way for itself within a second, and a small picture
 * follows.
 */
export class Downlink {
  readonly #transport: WebRtcTransport;
  readonly #pictures = new Set<AdoptedConsumer>();
  readonly #narrowing = new Narrowing();
  readonly #loss = new WayLoss();
  #followed = false;

  constructor(transport: WebRtcTransport) {
    this.#transport = transport;
  }

  /**
   * A picture that goes this way; `shrinks`: it can be sent smaller. One that cannot goes on as it is: the key frame that
   * it would begin with is more than a narrow way carries at once.
   */
  add(consumer: Consumer, adopted: AdoptedConsumer, shrinks: boolean): void {
    if (shrinks) {
      this.#pictures.add(adopted);
      consumer.observer.once('close', () => this.#pictures.delete(adopted));
    }
    if (this.#followed) return;
    this.#followed = true;
    this.#transport.on('trace', (trace) => void this.#estimated(trace));
    // Once a second, and at once where it falls by a quarter. Where this fails, the transport or its worker is gone.
    this.#transport.enableTraceEvent(['bwe']).catch(() => undefined);
  }

  async #estimated({ type, info }: TransportTraceEventData): Promise<void> {
    const { availableBitrate } = info as Partial<Record<string, unknown>>;
    if (type !== 'bwe' || typeof availableBitrate !== 'number') return;
    const now = performance.now();
    if (this.#narrowing.isOver(now)) {
      this.#rely(0);
      for (const picture of this.#pictures) picture.goOn();
    }
    if (!this.#narrowing.estimated(availableBitrate, now)) return;
    const [stat] = await this.#transport.getStats().catch(() => []);
    const loss = this.#loss.told(stat?.rtpPacketLossSent);
    const cut = this.#narrowing.seen(availableBitrate, loss, performance.now());
    if (cut === undefined) return;
    this.#rely(cut.floor);
    for (const picture of this.#pictures) picture.startAnew();
  }

  /** Lets the worker's estimate fall no further than this, bit/s. */
  #rely(floor: number): void {
    this.#transport.setMinOutgoingBitrate(floor).catch(() => undefined);
  }
}
