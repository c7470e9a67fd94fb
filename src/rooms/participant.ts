import type { Millis } from '../kernel/clock.ts';
import { type ErrorCode, SluiceError } from '../kernel/errors.ts';
import { createMailbox } from '../kernel/mailbox.ts';
import type {
  ChatMessage,
  ConsumerInfo,
  IceServer,
  JoinedRoom,
  LeaveReason,
  MediaOffer,
  Metadata,
  ParticipantInfo,
  ParticipantLink,
  ProducerInfo,
  RoomEvent,
  RoomInfo,
} from './events.ts';
import type { RoomFact } from './facts.ts';
import type { Grants } from './grants.ts';
import type { Identity, ParticipantId, ProducerId } from './ids.ts';
import type { Layers, MediaRoom } from './media-engine.ts';
import type { DtlsParameters, IceParameters, RtpCapabilities } from './ortc.ts';
import { ParticipantMedia, type ProduceRequest, producerInfo, type Publication } from './participant-media.ts';
import type { TickFrame } from './tick.ts';

/** Requests of one participant that may wait for each other; more is a flood. */
const MAILBOX_LIMIT = 64;

export type SubscribeMode = 'auto' | 'manual';

/** Who joins, as its token says. */
export type Profile = {
  readonly identity: Identity;
  readonly name: string;
  readonly metadata: Metadata;
  readonly grants: Grants;
  /** The token's `jti`, so that removing the participant can revoke it. */
  readonly tokenId: string;
};

/** What a participant needs of the room that it is in. */
export type RoomOfParticipant = {
  readonly info: RoomInfo;
  readonly tick: TickFrame;
  now(): Millis;
  newId(): string;
  iceServers(identity: Identity): IceServer[];
  /** To everyone who has joined, but not to `except`. */
  broadcast(event: RoomEvent, except?: Participant): void;
  /** The others who have joined and may be seen. */
  visibleTo(participant: Participant): Iterable<Participant>;
  /** Offers a new publication to everyone who subscribes by itself. */
  published(publication: Publication): void;
  /** The producer is gone: nobody receives it any more. */
  unpublished(id: ProducerId): void;
  /** The participant is not heard any more, by its own choice. */
  muted(participant: Participant): void;
  announce(fact: FactOfParticipant, participant: Participant): void;
  departed(participant: Participant): void;
};

type OmitEach<Fact, Key extends PropertyKey> = Fact extends unknown ? Omit<Fact, Key> : never;
/** A fact without what the room adds to it: who, where and when. */
export type FactOfParticipant = OmitEach<
  Extract<RoomFact, { participantId: ParticipantId }>,
  'at' | 'room' | 'roomId' | 'identity' | 'participantId'
>;

/** The code by which a participant's client learns why it is out. */
const CODE_OF_REASON = {
  left: 'left',
  disconnected: 'session-gone',
  kicked: 'kicked',
  replaced: 'replaced',
  'room-closed': 'room-closed',
  'too-slow': 'too-slow',
  'media-unavailable': 'media-unavailable',
  draining: 'draining',
} as const satisfies Record<LeaveReason, ErrorCode | 'left'>;

/**
 * One presence of an identity in a room. Its requests run one at a time, and throw a `SluiceError` where they are
 * refused. It is silent towards the others until it has joined.
 */
export class Participant {
  readonly id: ParticipantId;
  /** By which ticks name it. */
  readonly index: number;
  readonly profile: Profile;
  readonly joinedAt: Millis;

  readonly #room: RoomOfParticipant;
  readonly #link: ParticipantLink;
  readonly #mailbox = createMailbox(MAILBOX_LIMIT);
  #state: 'joining' | 'joined' | 'left' = 'joining';
  #leftFor: LeaveReason | undefined;
  #connected = true;
  #mode: SubscribeMode;
  #rtpCapabilities: RtpCapabilities | undefined;
  #media: ParticipantMedia | undefined;

  constructor(
    room: RoomOfParticipant,
    link: ParticipantLink,
    seat: { id: ParticipantId; index: number; joinedAt: Millis },
    profile: Profile,
    subscribe: { mode: SubscribeMode; rtpCapabilities?: RtpCapabilities | undefined },
  ) {
    this.#room = room;
    this.#link = link;
    this.id = seat.id;
    this.index = seat.index;
    this.joinedAt = seat.joinedAt;
    this.profile = profile;
    this.#mode = subscribe.mode;
    this.#rtpCapabilities = subscribe.rtpCapabilities;
  }

  get identity(): Identity {
    return this.profile.identity;
  }

  get state(): 'joining' | 'joined' | 'left' {
    return this.#state;
  }

  /** Why it is out, for a join that was overtaken by a kick or by the end of the room. */
  get refusal(): SluiceError {
    const code = CODE_OF_REASON[this.#leftFor ?? 'disconnected'];
    return new SluiceError(code === 'left' ? 'session-gone' : code);
  }

  /** Whether its signaling is connected; while it is not, it may come back. */
  get connected(): boolean {
    return this.#connected;
  }

  get hidden(): boolean {
    return this.profile.grants.hidden;
  }

  get publications(): Iterable<Publication> {
    return this.#media?.publications.values() ?? [];
  }

  get info(): ParticipantInfo {
    const { identity, name, metadata } = this.profile;
    const producers = [...this.publications].map(producerInfo);
    return { id: this.id, index: this.index, identity, name, metadata, joinedAt: this.joinedAt, producers };
  }

  // Joining, in two steps: what takes time, then what the others see.

  /** Opens the media in `room` and subscribes to `publications`. */
  async prepare(room: MediaRoom, publications: Iterable<Publication>): Promise<ConsumerInfo[]> {
    const media = await ParticipantMedia.open(room, (event) => this.tell(event));
    if (this.#state === 'left') {
      media.close();
      throw this.refusal;
    }
    this.#media?.close();
    this.#media = media;
    media.rtpCapabilities = this.#rtpCapabilities;
    if (this.#mode === 'manual') return [];
    return this.#consumeAll(publications, false);
  }

  /** From here on it is in the room. Returns all that its client needs; what happens later comes as events. */
  admitted(consumers: ConsumerInfo[]): JoinedRoom {
    this.#state = 'joined';
    const others = [...this.#room.visibleTo(this)];
    this.#catchUp(others.flatMap((other) => [...other.publications]));
    return {
      room: this.#room.info,
      self: this.info,
      grants: this.profile.grants,
      participants: others.map((other) => other.info),
      media: this.#openMedia().offer(this.#room.iceServers(this.identity)),
      // What ended while the others were asked is not handed out.
      consumers: consumers.filter(({ producerId }) =>
        others.some((other) => other.#media?.publications.has(producerId)),
      ),
      tick: this.#room.tick,
    };
  }

  /** The media was lost and `prepare` has opened it anew: the client starts over with these transports. */
  mediaRebuilt(consumers: ConsumerInfo[]): void {
    this.tell({ type: 'media-reset', ...this.#mediaState(consumers) });
  }

  /** The room's media is gone; requests are refused until there is a new one. */
  mediaLost(): void {
    const publications = [...this.publications];
    this.#media?.close();
    this.#media = undefined;
    for (const { producer, source } of publications) {
      this.#room.announce({ type: 'track-unpublished', producerId: producer.id, source }, this);
    }
  }

  // Requests of its client.

  connectTransport(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    return this.#request((media) => media.transport(transportId).connect(dtlsParameters));
  }

  restartIce(transportId: string): Promise<IceParameters> {
    return this.#request((media) => media.transport(transportId).restartIce());
  }

  subscribe(rtpCapabilities: RtpCapabilities, mode: SubscribeMode): Promise<ConsumerInfo[]> {
    return this.#request((media) => {
      this.#rtpCapabilities = rtpCapabilities;
      this.#mode = mode;
      media.rtpCapabilities = rtpCapabilities;
      if (mode === 'manual') return [];
      return this.#consumeAll(this.#publicationsOfOthers(), !media.answersFlowAtOnce);
    });
  }

  produce(request: ProduceRequest): Promise<ProducerInfo> {
    return this.#request(async (media) => {
      const { publish, hidden } = this.profile.grants;
      if (hidden) throw new SluiceError('forbidden', { detail: 'A hidden participant cannot publish.' });
      if (!publish.includes(request.source)) {
        throw new SluiceError('forbidden', { detail: `The token does not grant publishing ${request.source}.` });
      }
      const publication = await media.produce(this.id, request);
      const producer = producerInfo(publication);
      this.#room.announce(
        { type: 'track-published', producerId: producer.id, kind: producer.kind, source: producer.source },
        this,
      );
      this.#room.broadcast({ type: 'producer-added', participantId: this.id, producer }, this);
      this.#room.published(publication);
      return producer;
    });
  }

  pauseProducer(producerId: string): Promise<void> {
    return this.#setPaused(producerId, true);
  }

  resumeProducer(producerId: string): Promise<void> {
    return this.#setPaused(producerId, false);
  }

  closeProducer(producerId: string): Promise<void> {
    return this.#request((media) => {
      const { producer, source } = media.publication(producerId);
      this.#room.unpublished(producer.id);
      if (source === 'microphone') this.#room.muted(this);
      media.unpublish(producer.id);
      this.#room.announce({ type: 'track-unpublished', producerId: producer.id, source }, this);
      this.#room.broadcast({ type: 'producer-removed', participantId: this.id, producerId: producer.id }, this);
    });
  }

  /** Throws `producer-not-found` where one of `producerIds` is not published by another participant. */
  consume(producerIds: readonly string[]): Promise<ConsumerInfo[]> {
    return this.#request((media) => {
      if (!this.profile.grants.subscribe) throw new SluiceError('forbidden');
      if (media.rtpCapabilities === undefined) {
        throw new SluiceError('out-of-order', { detail: 'Send rtpCapabilities with `subscribe` first.' });
      }
      const published = new Map([...this.#publicationsOfOthers()].map((one) => [one.producer.id as string, one]));
      const wanted = producerIds.map((id) => {
        const publication = published.get(id);
        if (publication === undefined) throw new SluiceError('producer-not-found');
        return publication;
      });
      return this.#consumeAll(wanted, !media.answersFlowAtOnce);
    });
  }

  pauseConsumers(consumerIds: readonly string[]): Promise<void> {
    return this.#request(async (media) => {
      await Promise.all(media.consumers(consumerIds).map((consumer) => consumer.pause()));
    });
  }

  resumeConsumers(consumerIds: readonly string[]): Promise<void> {
    return this.#request(async (media) => {
      await Promise.all(media.consumers(consumerIds).map((consumer) => consumer.resume()));
    });
  }

  closeConsumers(consumerIds: readonly string[]): Promise<void> {
    return this.#request((media) => {
      media.consumers(consumerIds);
      for (const id of new Set(consumerIds)) media.closeConsumer(id);
    });
  }

  setPreferredLayers(consumerId: string, layers: Layers): Promise<void> {
    return this.#request((media) => media.setPreferredLayers(consumerId, layers));
  }

  chat(text: string): Promise<ChatMessage> {
    return this.#mailbox.run(() => {
      if (!this.profile.grants.data) throw new SluiceError('forbidden', { detail: 'The token does not grant data.' });
      const { identity, name } = this.profile;
      const at = this.#room.now();
      const message: ChatMessage = { id: this.#room.newId(), participantId: this.id, identity, name, text, at };
      this.#room.broadcast({ type: 'chat', message }, this);
      return message;
    });
  }

  // Its connection, and its end.

  /** Its socket is lost; the room waits a while for it. */
  disconnected(): void {
    this.#connected = false;
  }

  reconnected(): void {
    this.#connected = true;
  }

  /** Forwards `publication`, where this participant subscribes by itself. */
  offer(publication: Publication): void {
    if (this.#state === 'joined') this.#catchUp([publication]);
  }

  producerEnded(id: ProducerId): void {
    this.#media?.producerEnded(id);
  }

  /** An event for this participant alone. */
  tell(event: RoomEvent): void {
    if (this.#state === 'joined') this.#link.send(event);
  }

  /** Out, at once and for good: children first, then the others learn of it, then its own client. Idempotent. */
  leave(reason: LeaveReason): void {
    if (this.#state === 'left') return;
    const wasJoined = this.#state === 'joined';
    this.#state = 'left';
    this.#leftFor = reason;
    this.#mailbox.close();
    // Those who receive a track let go of it before it ends: the worker ends what still hangs on it by itself.
    for (const { producer, source } of this.publications) {
      this.#room.unpublished(producer.id);
      this.#room.announce({ type: 'track-unpublished', producerId: producer.id, source }, this);
    }
    this.#media?.close();
    this.#media = undefined;
    this.#room.departed(this);
    // One that had not joined yet is unknown to the others, and its client learns of it by its join's refusal.
    if (!wasJoined) return;
    this.#room.announce({ type: 'participant-left', reason }, this);
    if (!this.hidden) {
      this.#room.broadcast({ type: 'participant-left', participantId: this.id, identity: this.identity, reason });
    }
    this.#link.end(CODE_OF_REASON[reason]);
  }

  /** Everything about media as of now; what was published while `consumers` were opened follows as events. */
  #mediaState(consumers: ConsumerInfo[]): {
    media: MediaOffer;
    participants: ParticipantInfo[];
    consumers: ConsumerInfo[];
  } {
    const others = [...this.#room.visibleTo(this)];
    this.#catchUp(others.flatMap((other) => [...other.publications]));
    return {
      media: this.#openMedia().offer(this.#room.iceServers(this.identity)),
      participants: others.map((other) => other.info),
      // What ended meanwhile is not handed out.
      consumers: consumers.filter(({ producerId }) =>
        others.some((other) => other.#media?.publications.has(producerId)),
      ),
    };
  }

  #request<Result>(act: (media: ParticipantMedia) => Promise<Result> | Result): Promise<Result> {
    return this.#mailbox.run(() => act(this.#openMedia()));
  }

  #openMedia(): ParticipantMedia {
    if (this.#media === undefined) throw new SluiceError('media-unavailable', { retryAfter: 1 });
    return this.#media;
  }

  #setPaused(producerId: string, paused: boolean): Promise<void> {
    return this.#request(async (media) => {
      const publication = media.publication(producerId);
      if (publication.paused === paused) return;
      await (paused ? publication.producer.pause() : publication.producer.resume());
      publication.paused = paused;
      const { producer, source } = publication;
      if (paused && source === 'microphone') this.#room.muted(this);
      this.#room.announce({ type: paused ? 'track-muted' : 'track-unmuted', producerId: producer.id, source }, this);
      this.#room.broadcast(
        { type: paused ? 'producer-paused' : 'producer-resumed', participantId: this.id, producerId: producer.id },
        this,
      );
    });
  }

  *#publicationsOfOthers(): Iterable<Publication> {
    for (const other of this.#room.visibleTo(this)) yield* other.publications;
  }

  async #consumeAll(publications: Iterable<Publication>, paused: boolean): Promise<ConsumerInfo[]> {
    const media = this.#openMedia();
    if (!this.profile.grants.subscribe) return [];
    const infos = await Promise.all([...publications].map((publication) => media.consume(publication, paused)));
    return infos.filter((info) => info !== undefined);
  }

  /** Subscribes to what came up since, and tells the client of each as it is ready. */
  #catchUp(publications: Publication[]): void {
    const media = this.#media;
    if (this.#mode === 'manual' || media === undefined || !this.profile.grants.subscribe) return;
    for (const publication of publications) {
      media.consume(publication, true).then(
        (consumer) => {
          if (consumer !== undefined) this.tell({ type: 'consumer-added', consumer });
        },
        // The worker has died or the room is closing: the room itself hears of both and acts.
        () => undefined,
      );
    }
  }
}
