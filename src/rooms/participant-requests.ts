import { createMailbox } from '../kernel/mailbox.ts';
import type { ConsumerInfo, ProducerInfo } from './events.ts';
import type { Layers } from './media-engine.ts';
import type { Messaging } from './messaging.ts';
import type { DtlsParameters, IceParameters, RtpCapabilities } from './ortc.ts';
import type { ViewEntry } from './attention.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { SubscribeMode } from './participant-room.ts';
import type { ProduceRequest } from './publication.ts';
import type { Publishing } from './publishing.ts';
import type { Subscribing } from './subscribing.ts';
import type { Size } from './wanted-layers.ts';

/** Requests of one participant that may wait for each other; more is a flood. */
const MAILBOX_LIMIT = 64;

/** What a client's requests are about. */
export type RequestedParts = {
  readonly publishing: Publishing;
  readonly subscribing: Subscribing;
  readonly messaging: Messaging;
  /** Throws `media-unavailable` where there is none. */
  media(): ParticipantMedia;
};

/**
 * What a participant's client asks about its media. Requests run one at a time, in the order in which they came, and throw
 * a `SluiceError` where they are refused.
 */
export class ParticipantRequests {
  readonly #parts: RequestedParts;
  readonly #mailbox = createMailbox(MAILBOX_LIMIT);

  constructor(parts: RequestedParts) {
    this.#parts = parts;
  }

  connectTransport(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    return this.#request((media) => media.transport(transportId).connect(dtlsParameters));
  }

  restartIce(transportId: string): Promise<IceParameters> {
    return this.#request((media) => media.transport(transportId).restartIce());
  }

  subscribe(rtpCapabilities: RtpCapabilities, mode: SubscribeMode): Promise<ConsumerInfo[]> {
    return this.#request((media) => this.#parts.subscribing.change(media, { rtpCapabilities, mode }));
  }

  produce(request: ProduceRequest): Promise<ProducerInfo> {
    return this.#request((media) => this.#parts.publishing.produce(media, request));
  }

  pauseProducer(producerId: string): Promise<void> {
    return this.#request((media) => this.#parts.publishing.setPaused(media, producerId, true));
  }

  resumeProducer(producerId: string): Promise<void> {
    return this.#request((media) => this.#parts.publishing.setPaused(media, producerId, false));
  }

  closeProducer(producerId: string): Promise<void> {
    return this.#request((media) => this.#parts.publishing.close(media, producerId));
  }

  /** The picture has this size from now on, in pixels. Throws `producer-not-found` where it is not one's own video. */
  resizeProducer(producerId: string, size: Size): Promise<void> {
    return this.#request((media) => this.#parts.publishing.resize(media, producerId, size));
  }

  /** Throws `producer-not-found` where one of `producerIds` is not published by another participant. */
  consume(producerIds: readonly string[]): Promise<ConsumerInfo[]> {
    return this.#request((media) => this.#parts.subscribing.consume(media, producerIds));
  }

  pauseConsumers(consumerIds: readonly string[]): Promise<void> {
    return this.#request(async (media) => {
      await Promise.all(media.subscriptions(consumerIds).map((one) => one.setPaused(true)));
    });
  }

  resumeConsumers(consumerIds: readonly string[]): Promise<void> {
    return this.#request(async (media) => {
      await Promise.all(media.subscriptions(consumerIds).map((one) => one.setPaused(false)));
    });
  }

  closeConsumers(consumerIds: readonly string[]): Promise<void> {
    return this.#request((media) => {
      media.subscriptions(consumerIds);
      for (const id of new Set(consumerIds)) media.closeConsumer(id);
    });
  }

  setPreferredLayers(consumerId: string, layers: Layers): Promise<void> {
    return this.#request((media) =>
      Promise.all(media.subscriptions([consumerId]).map((one) => one.limitLayers(layers))),
    ).then(() => undefined);
  }

  /** What its page shows of these consumers. Workers follow as fast as they can; nobody waits for them. */
  view(entries: readonly ViewEntry[]): Promise<void> {
    return this.#request((media) => media.look(entries));
  }

  openData(): Promise<void> {
    return this.#request((media) => this.#parts.messaging.open(media));
  }

  /** Runs something that needs no media, in its turn. */
  inTurn<Result>(act: () => Promise<Result> | Result): Promise<Result> {
    return this.#mailbox.run(act);
  }

  /** Refuses what waits and what comes. */
  close(): void {
    this.#mailbox.close();
  }

  #request<Result>(act: (media: ParticipantMedia) => Promise<Result> | Result): Promise<Result> {
    return this.#mailbox.run(() => act(this.#parts.media()));
  }
}
