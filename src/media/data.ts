import type { DataConsumer, DataProducer, DirectTransport, Router, WebRtcTransport } from 'mediasoup/types';

import type { DataMode } from '../rooms/data-header.ts';
import type { MediaData, MediaDataListener } from '../rooms/media-engine.ts';

/** The SCTP streams of a participant's two channels, both ways. RFC 8831 §6.5: negotiated by the application. */
const STREAMS = {
  reliable: { streamId: 0, ordered: true },
  lossy: { streamId: 1, ordered: false, maxRetransmits: 0 },
} as const satisfies Record<DataMode, object>;

/** Bytes that wait for one receiver; beyond it messages are lost. */
export const SEND_BUFFER = 1 << 20;
/** The largest message on a channel, in bytes. Rooms allow less. */
export const MAX_MESSAGE = 1 << 18;

type Hub = { readonly direct: DirectTransport; readonly out: Record<DataMode, DataProducer> };

/**
 * The data channels of one room on one worker. All that comes in is handed to the room, and what the room sends leaves
 * once for each worker, however many receive it there: the worker multiplies it. Opened with the first channel.
 */
export class RoomData {
  readonly #router: Router;
  #hub: Promise<Hub> | undefined;
  #opened: Hub | undefined;
  /** Whose channels are here, by their numbers. */
  readonly #numbers = new Map<number, WebRtcTransport>();

  constructor(router: Router) {
    this.#router = router;
  }

  /** Opens both channels of `transport`. Rejects as mediasoup does. */
  async open(transport: WebRtcTransport, number: number, listener: MediaDataListener): Promise<MediaData> {
    const { direct, out } = await (this.#hub ??= this.#openHub());
    // mediasoup numbers the streams that it sends on in the order of these calls: 0, then 1.
    const [toReliable, toLossy, ...from] = await Promise.all([
      ...[out.reliable, out.lossy].map(({ id }, stream) =>
        transport.consumeData({
          dataProducerId: id,
          subchannels: [number],
          paused: true,
          ...(stream === 0 ? { ordered: true } : { maxRetransmits: 0 }),
        }),
      ),
      transport.produceData({ sctpStreamParameters: STREAMS.reliable }),
      transport.produceData({ sctpStreamParameters: STREAMS.lossy }),
    ] as [Promise<DataConsumer>, Promise<DataConsumer>, Promise<DataProducer>, Promise<DataProducer>]);
    await Promise.all(
      from.map(async ({ id }, stream) => {
        const arriving = await direct.consumeData({ dataProducerId: id });
        arriving.on('message', (message) => listener.message(stream === 0 ? 'reliable' : 'lossy', message));
      }),
    );
    toReliable.on('sctpsendbufferfull', () => listener.overflowed());
    this.#numbers.set(number, transport);
    const forget = () => {
      if (this.#numbers.get(number) === transport) this.#numbers.delete(number);
    };
    if (transport.closed) forget();
    else transport.observer.once('close', forget);
    return {
      start() {
        // The worker takes requests in order: what is sent after this call is let through, what was sent before is not.
        for (const consumer of [toReliable, toLossy]) consumer.resume().catch(() => undefined);
      },
    };
  }

  /** Sends to those of `to` who are here. */
  send(mode: DataMode, message: Uint8Array, to: readonly number[] | { readonly except: number }): void {
    const here = 'except' in to ? to : to.filter((number) => this.#numbers.has(number));
    if (this.#numbers.size === 0 || ('length' in here && here.length === 0)) return;
    const producer = this.#opened?.out[mode];
    if (producer === undefined || producer.closed) return;
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    if ('except' in here) producer.send(bytes, undefined, undefined, undefined, here.except);
    else producer.send(bytes, undefined, [...here]);
  }

  async #openHub(): Promise<Hub> {
    try {
      const sizes = { maxSendMessageSize: MAX_MESSAGE, maxReceiveMessageSize: MAX_MESSAGE };
      const direct = await this.#router.createDirectTransport(sizes);
      const [reliable, lossy] = await Promise.all([direct.produceData(), direct.produceData()]);
      return (this.#opened = { direct, out: { reliable, lossy } });
    } catch (error) {
      this.#hub = undefined;
      throw error;
    }
  }
}
