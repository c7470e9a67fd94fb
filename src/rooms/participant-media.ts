import { SluiceError } from '../kernel/errors.ts';
import { Attention, shownAs, type ViewEntry } from './attention.ts';
import type { ConsumerInfo, MediaOffer, RoomEvent, SingleTransport } from './events.ts';
import { KIND_OF_SOURCE } from './grants.ts';
import type { ConsumerId, ParticipantId, ProducerId, TransportId } from './ids.ts';
import type {
  MediaData,
  MediaDataListener,
  MediaProducer,
  MediaRoom,
  MediaTransport,
  MediaTransportListener,
  TransportState,
  UsedBytes,
} from './media-engine.ts';
import { MediaReport, type TrackIdentity } from './media-report.ts';
import { shareOf } from './wanted-layers.ts';
import type { MediaObserver } from './media-view.ts';
import type { RtpCapabilities } from './ortc.ts';
import type { ProduceRequest, Publication } from './publication.ts';
import type { RoomAttention } from './room-attention.ts';
import type { Pump } from './steering.ts';
import { type Shown, Subscription } from './subscription.ts';

/** Whose media it is, and who hears of it. */
export type MediaOwner = {
  readonly id: ParticipantId;
  tell(event: RoomEvent): void;
  readonly observer: MediaObserver | undefined;
  /** Told of the media that it sends and receives, also after it has gone. */
  readonly onUsed: ((bytes: UsedBytes) => void) | undefined;
  /** Where there is one transport for both directions. */
  readonly single?: SingleTransport | undefined;
  readonly attention: RoomAttention;
  readonly pump: Pump;
};

/**
 * One participant's transports, producers and consumers, for as long as the media of its room lives. When that is
 * lost, the participant gets a new one of these.
 */
export class ParticipantMedia {
  readonly publications = new Map<ProducerId, Publication>();
  readonly attention: Attention;
  rtpCapabilities: RtpCapabilities | undefined;

  readonly #room: MediaRoom;
  readonly #send: MediaTransport;
  readonly #recv: MediaTransport;
  readonly #subscriptions = new Map<ConsumerId, Subscription>();
  readonly #byProducer = new Map<ProducerId, Subscription>();
  /** Producers that are forwarded already or are about to be, each with the attempt by which it is. */
  readonly #subscribed = new Map<ProducerId, object>();
  readonly #owner: MediaOwner;
  readonly #report: MediaReport | undefined;
  #closed = false;

  private constructor(
    room: MediaRoom,
    [send, recv]: readonly [MediaTransport, MediaTransport],
    owner: MediaOwner,
    report: MediaReport | undefined,
  ) {
    this.#room = room;
    this.#send = send;
    this.#recv = recv;
    this.#owner = owner;
    this.#report = report;
    this.attention = new Attention({
      lastN: owner.attention.lastN,
      spokeAt: (id) => owner.attention.spokeAt(id),
      tell: (event) => owner.tell(event),
    });
  }

  /** Opens both transports, or the single one. Throws what the engine throws, and then leaves nothing open. */
  static async open(room: MediaRoom, owner: MediaOwner): Promise<ParticipantMedia> {
    let media: ParticipantMedia | undefined;
    const { id, observer, single, onUsed } = owner;
    const report =
      observer &&
      new MediaReport(id, observer, {
        produced: (track) => identify(media?.publications.get(track)),
        consumed: (track) => identify(media && media.#subscriptions.get(track)?.publication),
      });
    const receiving: MediaTransportListener = { state: (now) => media && media.#receivingIs(now) };
    const open = (data: boolean) => {
      const [reported, seen] = report?.listeners() ?? [];
      const receives = data || single !== undefined;
      return room.openTransport(heardBy(reported, single, receives ? receiving : undefined), {
        observer: seen,
        onUsed,
        data,
        payloadTypes: single?.payloadTypes,
      });
    };
    const first = open(false);
    const [send, recv] = await Promise.allSettled([first, single === undefined ? open(true) : first]);
    if (send.status === 'fulfilled' && recv.status === 'fulfilled') {
      media = new ParticipantMedia(room, [send.value, recv.value], owner, report);
      return media;
    }
    for (const outcome of [send, recv]) if (outcome.status === 'fulfilled') outcome.value.close();
    throw send.status === 'rejected' ? send.reason : (recv as PromiseRejectedResult).reason;
  }

  offer(iceServers: MediaOffer['iceServers']): MediaOffer {
    return {
      rtpCapabilities: this.#room.rtpCapabilities,
      send: this.#send.parameters,
      recv: this.#recv.parameters,
      iceServers,
    };
  }

  transport(id: string): MediaTransport {
    for (const transport of [this.#send, this.#recv]) if (transport.id === (id as TransportId)) return transport;
    throw new SluiceError('transport-not-found');
  }

  /** Opens what `publish` then makes a publication. */
  async openProducer({ kind, source, rtpParameters, paused = false }: ProduceRequest): Promise<MediaProducer> {
    if (KIND_OF_SOURCE[source] !== kind) {
      throw new SluiceError('invalid-request', {
        detail: `The source ${source} is ${KIND_OF_SOURCE[source]}, not ${kind}.`,
      });
    }
    for (const publication of this.publications.values()) {
      if (publication.source === source)
        throw new SluiceError('source-in-use', { detail: `${source} is published already.` });
    }
    return this.#send.produce({ kind, rtpParameters, paused });
  }

  /** In one step with its announcement: what ends a publication tells of all that are in `publications`. */
  publish(publication: Publication): void {
    const { producer } = publication;
    if (this.#closed) {
      endPublication(publication);
      throw new SluiceError('session-gone');
    }
    this.publications.set(producer.id, publication);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Opens the data channels, which share the receiving transport: one more is not worth its set-up. */
  openData(number: number, listener: MediaDataListener): Promise<MediaData> {
    return this.#recv.openData(number, listener);
  }

  /** See `MediaRoom.sendData`. */
  sendData(...args: Parameters<MediaRoom['sendData']>): void {
    this.#room.sendData(...args);
  }

  /** One's own publication, else `producer-not-found`. */
  publication(id: string): Publication {
    const publication = this.publications.get(id as ProducerId);
    if (publication === undefined) throw new SluiceError('producer-not-found');
    return publication;
  }

  /** Ends one's own publication. */
  unpublish(id: ProducerId): void {
    const publication = this.publications.get(id);
    if (publication === undefined) return;
    endPublication(publication);
    this.publications.delete(id);
    this.#report?.removed(id);
  }

  /**
   * Forwards `publication` to this participant, who is to be told of what `disclose` leaves. Undefined where it is
   * forwarded already, cannot be received by this client, or ended meanwhile. Nothing flows until the client says that
   * it is ready: what comes before that is lost.
   */
  async consume(publication: Publication): Promise<ConsumerInfo | undefined> {
    const { producer, participantId, source } = publication;
    if (this.rtpCapabilities === undefined || this.#subscribed.has(producer.id)) return undefined;
    const attempt = {};
    this.#subscribed.set(producer.id, attempt);
    let id: ConsumerId | undefined;
    try {
      const consumer = await this.#recv.consume(
        { producerId: producer.id, rtpCapabilities: this.rtpCapabilities, paused: true },
        {
          layersChanged: (layers) => {
            if (id !== undefined) this.#owner.tell({ type: 'consumer-layers', consumerId: id, layers: layers ?? null });
          },
        },
      );
      // Closed, its producer gone, or not to be received any more, while the worker was asked.
      if (this.#closed || this.#subscribed.get(producer.id) !== attempt) {
        consumer.close();
        return undefined;
      }
      id = consumer.id;
      const { attention, pump } = this.#owner;
      const subscription = new Subscription(publication, consumer, pump, {
        audible: attention.isAudible(producer.id),
        speaking: attention.hasFloor(participantId),
      });
      this.#subscriptions.set(consumer.id, subscription);
      this.#byProducer.set(producer.id, subscription);
      subscription.update();
      this.attention.opened(subscription);
      subscription.prepare();
      return {
        id: consumer.id,
        producerId: producer.id,
        participantId,
        kind: producer.kind,
        source,
        rtpParameters: consumer.rtpParameters,
        paused: true,
        producerPaused: publication.paused,
        withheld: null,
      };
    } catch (error) {
      if (this.#subscribed.get(producer.id) === attempt) this.#subscribed.delete(producer.id);
      if (error instanceof SluiceError && (error.code === 'unsupported-codec' || error.code === 'producer-not-found')) {
        return undefined;
      }
      throw error;
    }
  }

  /** Those of `consumers` that are still open, for telling the client at once: their end is told from here on. */
  disclose(consumers: readonly ConsumerInfo[]): ConsumerInfo[] {
    return consumers.flatMap((info) => {
      const subscription = this.#subscriptions.get(info.id);
      if (subscription === undefined) return [];
      subscription.disclosed = true;
      return { ...info, withheld: subscription.withheld ? 'last-n' : null };
    });
  }

  /** Stops forwarding a producer that has ended, and says so to a participant who knows of it. */
  producerEnded(id: ProducerId): void {
    if (!this.#subscribed.delete(id)) return;
    const subscription = this.#byProducer.get(id);
    if (subscription !== undefined) this.#end(subscription);
  }

  /** Forwards nothing any more, and says so of each that the client knows. */
  closeConsumers(): void {
    this.#subscribed.clear();
    for (const subscription of [...this.#subscriptions.values()]) this.#end(subscription);
  }

  closeConsumer(id: string): void {
    const subscription = this.#subscription(id);
    this.#subscribed.delete(subscription.publication.producer.id);
    this.#forget(subscription);
  }

  /** Every one of `ids`, or `consumer-not-found` and none. */
  subscriptions(ids: readonly string[]): Subscription[] {
    return ids.map((id) => this.#subscription(id));
  }

  /** What the client's page shows of its consumers. Of those that have just ended nothing needs to be known. */
  look(entries: readonly ViewEntry[]): void {
    const seen = new Map<Subscription, Shown>();
    for (const entry of entries) {
      const subscription = this.#subscriptions.get(entry.consumerId as ConsumerId);
      if (subscription !== undefined) seen.set(subscription, shownAs(entry));
    }
    this.attention.look(seen);
  }

  /** The floor has passed from the owner of one camera to that of another one, as far as they have any. */
  floorPassed(from: ProducerId | undefined, to: ProducerId | undefined): void {
    const before = from === undefined ? undefined : this.#byProducer.get(from);
    if (before !== undefined) before.speaking = false;
    const now = to === undefined ? undefined : this.#byProducer.get(to);
    if (now === undefined) return;
    now.speaking = true;
    this.attention.spoke(now);
  }

  setAudible(id: ProducerId, audible: boolean): void {
    const subscription = this.#byProducer.get(id);
    if (subscription !== undefined) subscription.audible = audible;
  }

  /** The picture of a track that it may receive is another one. */
  resized(id: ProducerId): void {
    this.#byProducer.get(id)?.update();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#send.close();
    this.#recv.close();
    for (const [id, publication] of this.publications) {
      endPublication(publication);
      this.#report?.removed(id);
    }
    for (const [id, subscription] of this.#subscriptions) {
      subscription.close();
      this.#report?.removed(id);
    }
    this.publications.clear();
    this.#subscriptions.clear();
    this.#byProducer.clear();
    this.#subscribed.clear();
  }

  /** ICE and DTLS are followed by the client, which restarts them. What was prepared when it joined may be too old by now. */
  #receivingIs(state: TransportState): void {
    if (state === 'connecting') for (const subscription of this.#subscriptions.values()) subscription.prepare();
  }

  /** As `#forget`; a client that knows of it is told. */
  #end(subscription: Subscription): void {
    this.#forget(subscription);
    if (!subscription.disclosed) return;
    this.#owner.tell({ type: 'consumer-removed', consumerId: subscription.consumer.id });
  }

  #forget(subscription: Subscription): void {
    const { consumer, publication } = subscription;
    this.#subscriptions.delete(consumer.id);
    this.#byProducer.delete(publication.producer.id);
    subscription.close();
    this.#report?.removed(consumer.id);
    this.attention.closed(subscription);
  }

  #subscription(id: string): Subscription {
    const subscription = this.#subscriptions.get(id as ConsumerId);
    if (subscription === undefined) throw new SluiceError('consumer-not-found');
    return subscription;
  }
}

function endPublication({ producer, video }: Publication): void {
  video?.demand.close();
  producer.close();
}

function heardBy(...listeners: (MediaTransportListener | undefined)[]): MediaTransportListener {
  return {
    state(now) {
      for (const listener of listeners) listener?.state(now);
    },
  };
}

function identify(publication: Publication | undefined): TrackIdentity | undefined {
  if (publication === undefined) return undefined;
  const { source, producer, video } = publication;
  const wantedShare = video === undefined ? 1 : shareOf(video.picture, video.demand.told);
  return { producerId: producer.id, kind: producer.kind, source, wantedShare };
}
