import type { Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import { Activity } from './activity.ts';
import { type Arrival, replace } from './arrival.ts';
import { ChangedProfiles } from './changed-profiles.ts';
import { DataExchange } from './data-exchange.ts';
import type {
  ConsumerInfo,
  IceServer,
  JoinedRoom,
  LeaveReason,
  ParticipantLink,
  RoomEvent,
  RoomInfo,
} from './events.ts';
import type { Actor, RoomCloseReason, RoomFact } from './facts.ts';
import type { Identity, ParticipantId, RoomId, RoomName } from './ids.ts';
import type { UsedBytes } from './media-engine.ts';
import type { ConnectionQuality, MediaObserver } from './media-view.ts';
import { Moderation } from './moderation.ts';
import type { DataSettings } from './messaging.ts';
import { Participant } from './participant.ts';
import type { FactOfParticipant, RoomOfParticipant, SubscribeWish } from './participant-room.ts';
import type { Profile } from './profile.ts';
import type { Publication } from './publication.ts';
import { RoomAttention } from './room-attention.ts';
import type { DuplicateIdentity, Due, RoomContext, RoomSettings } from './room-context.ts';
import { RoomMedia } from './room-media.ts';
import { Seats } from './seats.ts';
import type { Pump } from './steering.ts';
import type { TickFrame } from './tick.ts';

/** A room and who is in it. Its media is opened with the first join, and opened anew when its worker dies. */
export class Room implements RoomOfParticipant {
  readonly id: RoomId;
  readonly name: RoomName;
  readonly createdAt: Millis;
  readonly exchange: DataExchange;
  readonly attention: RoomAttention;

  readonly #context: RoomContext;
  readonly #seats = new Seats();
  readonly #activity: Activity;
  readonly #changed = new ChangedProfiles();
  readonly #media: RoomMedia;
  #settings: RoomSettings;
  #version = 1;
  #closed = false;
  /** When it became empty; undefined while somebody is in it. */
  #emptySince: Millis | undefined;
  #wasJoined = false;

  constructor(context: RoomContext, name: RoomName, settings: RoomSettings) {
    this.#context = context;
    this.id = context.newId() as RoomId;
    this.name = name;
    this.createdAt = context.now();
    this.#emptySince = this.createdAt;
    this.#settings = settings;
    this.exchange = new DataExchange(this);
    this.#activity = new Activity(() => context.onTickDue(this));
    this.attention = new RoomAttention(settings, () => this.#seats.media());
    this.#media = new RoomMedia(context.engine, {
      lost: () => void this.#rebuildMedia(),
      levels: (levels) => {
        const speaker = this.#activity.levels(levels);
        this.attention.levels(levels);
        if (speaker !== undefined) this.attention.spoke(speaker.id);
      },
      activeSpeaker: (producerId) => {
        const speaker = this.#activity.activeSpeaker(producerId);
        if (speaker !== undefined) this.attention.spoke(speaker.id);
      },
      publicationsVisibleTo: (participant) => this.#seats.publicationsVisibleTo(participant),
    });
    this.#announce({ type: 'room-started' });
  }

  get settings(): RoomSettings {
    return this.#settings;
  }

  /** Goes up with each change of settings: the resource's ETag. */
  get version(): number {
    return this.#version;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get info(): RoomInfo {
    const { maxParticipants, metadata } = this.#settings;
    return { id: this.id, name: this.name, createdAt: this.createdAt, maxParticipants, metadata };
  }

  get tick(): TickFrame {
    return this.#activity.snapshot();
  }

  /** Everyone who has joined, hidden ones included. */
  participants(): Participant[] {
    return this.#seats.joined();
  }

  /** How many have joined, hidden ones included. */
  get occupancy(): number {
    return this.#seats.occupied;
  }

  /** The presences of `identity` that have joined, the oldest first: several only where the room allows them. */
  presences(identity: Identity): Participant[] {
    return this.#seats.joinedAs(identity);
  }

  /** Whether anybody has ever joined. */
  get everJoined(): boolean {
    return this.#wasJoined;
  }

  /** When the room closes by itself if nothing changes. */
  get closesAt(): Millis | undefined {
    if (this.#emptySince === undefined) return undefined;
    const { emptyTimeout, departureTimeout } = this.#settings;
    return (this.#emptySince + (this.#wasJoined ? departureTimeout : emptyTimeout)) as Millis;
  }

  /** Changes settings and tells everyone who is in the room. */
  update(change: Partial<RoomSettings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#version += 1;
    this.attention.resize(this.#settings);
    this.broadcast({ type: 'room-updated', room: this.info });
    this.#context.onOccupancy(this);
  }

  /**
   * Lets somebody in. The seat is taken at once, so that the limit holds however many join together; the others learn
   * of it when its media is ready. What becomes of an identity that is in the room already is a setting.
   * Throws `room-full`, `room-closed`, `identity-in-use`, `replaced`, `kicked`, `media-unavailable`.
   */
  async join(
    profile: Profile,
    link: ParticipantLink,
    subscribe: SubscribeWish,
    arrival?: Arrival,
  ): Promise<{ participant: Participant; joined: JoinedRoom }> {
    const participant = this.#seat(profile, link, subscribe);
    // As it was when the seat was given: who counts on another one's seat has to take it.
    const { duplicateIdentity } = this.#settings;
    try {
      return await this.#media.prepare(participant, (consumers) => ({
        participant,
        joined: this.#admit(participant, consumers, { duplicateIdentity, arrival }),
      }));
    } catch (error) {
      if (participant.state === 'left') throw participant.refusal;
      participant.leave('media-unavailable');
      throw error;
    }
  }

  /** The application's control over who is in it. */
  get control(): Moderation {
    return new Moderation(this);
  }

  /** Everyone out, and the media closed. Idempotent. */
  close(reason: RoomCloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    const why: LeaveReason = reason === 'draining' || reason === 'media-unavailable' ? reason : 'room-closed';
    for (const participant of this.#seats.all()) participant.leave(why);
    this.#closeMedia();
    this.#announce({ type: 'room-closed', reason });
    this.#context.onClosed(this);
  }

  /** How good a participant's connection is: the next tick tells the others, an event itself. Unknown ids are ignored. */
  setQuality(id: ParticipantId, quality: ConnectionQuality): void {
    const participant = this.present(id);
    if (participant === undefined) return;
    this.#activity.quality(participant, quality.level);
    participant.tell({ type: 'quality', ...quality });
  }

  /** What changed since the last tick as JSON, or undefined. */
  takeTick(): string | undefined {
    return this.#activity.take();
  }

  // What moderation asks of the room.

  seated(identity: Identity): Participant[] {
    return this.#seats.of(identity);
  }

  /** `presences` are of one identity. */
  putOut(presences: readonly [Participant, ...Participant[]], reason: string | undefined, actor: Actor): void {
    const [{ identity }] = presences;
    const tokenIds = presences.map(({ profile }) => profile.tokenId);
    const staying = this.seated(identity).filter((presence) => !presences.includes(presence));
    // First: who is put out must not come back before its token is refused.
    for (const tokenId of tokenIds) this.#changed.forget(tokenId);
    this.#context.onKicked(this.name, identity, {
      tokenIds,
      presences: presences.filter(({ apart }) => apart).map(({ id }) => id),
      all: staying.every(({ apart }) => apart),
    });
    for (const participant of presences) participant.leave('kicked', { text: reason, actor });
  }

  move(participant: Participant, to: RoomName, actor: Actor): Promise<Participant> {
    return this.#context.move(this, participant, to, actor);
  }

  // What participants ask of their room.

  get profileLimit(): number {
    return this.#context.profileLimit;
  }

  isVisible(identity: Identity): boolean {
    return this.presences(identity).some(({ hidden }) => !hidden);
  }

  moderation(self: Participant): Moderation {
    return new Moderation(this, self);
  }

  remember(profile: Profile): void {
    this.#changed.remember(profile);
  }

  disappeared(participant: Participant): void {
    this.#activity.departed(participant);
  }

  get observer(): MediaObserver | undefined {
    return this.#context.observer;
  }

  usedBy({ profile: { keyId } }: Participant): ((bytes: UsedBytes) => void) | undefined {
    const { onUsed } = this.#context;
    return onUsed && ((bytes) => onUsed(this.name, keyId, bytes));
  }

  now(): Millis {
    return this.#context.now();
  }

  iceServers({ id, apart, profile }: Participant): IceServer[] {
    return this.#context.iceServers(this.name, profile, apart ? id : undefined);
  }

  get data(): DataSettings {
    return this.#context.data;
  }

  present(id: string): Participant | undefined {
    const participant = this.#seats.get(id as ParticipantId);
    return participant?.state === 'joined' ? participant : undefined;
  }

  /** In a room that closes everyone goes, and nobody is told so of the others. */
  broadcast(event: RoomEvent, except?: Participant): void {
    if (this.#closed) return;
    for (const participant of this.#seats.all()) if (participant !== except) participant.tell(event);
  }

  visibleTo(participant: Participant): Iterable<Participant> {
    return this.#seats.visibleTo(participant);
  }

  published(publication: Publication): void {
    const owner = this.#seats.get(publication.participantId);
    if (owner === undefined) return;
    this.#activity.published(publication, owner);
    this.attention.published(publication);
    for (const participant of this.#seats.all()) if (participant !== owner) participant.offer(publication);
  }

  unpublished(publication: Publication): void {
    const { id } = publication.producer;
    this.#activity.unpublished(id);
    this.attention.unpublished(publication);
    for (const participant of this.#seats.all()) participant.producerEnded(id);
  }

  resized({ producer }: Publication): void {
    for (const viewer of this.#seats.media()) viewer.resized(producer.id);
  }

  get pump(): Pump {
    return this.#context.pump;
  }

  wake(whom: Due, at: Millis | undefined): void {
    this.#context.wake(whom, at);
  }

  requirePublishable(participant: Participant): void {
    this.#seats.requirePublishable(participant, this.#settings);
  }

  muted(participant: Participant): void {
    this.#activity.muted(participant);
  }

  announce(fact: FactOfParticipant, { id, identity }: Participant): void {
    this.#announce({ ...fact, participantId: id, identity });
  }

  departed(participant: Participant): void {
    this.#seats.free(participant);
    this.#activity.departed(participant);
    this.attention.departed(participant.id);
    this.exchange.departed(participant);
    if (this.#seats.size > 0 || this.#closed) return;
    this.#emptySince = this.now();
    // Nobody is left to hear a worker's silence: the media costs nothing until somebody comes.
    this.#closeMedia();
    this.#context.onOccupancy(this);
  }

  #seat(profile: Profile, link: ParticipantLink, subscribe: SubscribeWish): Participant {
    if (this.#closed) throw new SluiceError('room-closed');
    this.#seats.requireSeat(profile.identity, this.#settings);
    const current = this.#changed.current(profile);
    const seat = {
      ...{ id: this.#context.newId() as ParticipantId, index: this.#seats.freeIndex(), joinedAt: this.now() },
      apart: this.#settings.duplicateIdentity === 'allow',
    };
    const participant = new Participant(this, link, seat, current, subscribe);
    this.#seats.take(participant);
    this.#emptySince = undefined;
    this.#context.onOccupancy(this);
    return participant;
  }

  #admit(
    participant: Participant,
    consumers: ConsumerInfo[],
    { duplicateIdentity, arrival }: { duplicateIdentity: DuplicateIdentity; arrival: Arrival | undefined },
  ): JoinedRoom {
    const earlier = this.#seats.replacedBy(participant, duplicateIdentity);
    arrival?.depart();
    const known = replace(earlier, participant);
    this.#wasJoined = true;
    const joined = participant.admitted(consumers);
    const { hidden, info } = participant;
    const { name, keyId } = participant.profile;
    const from = arrival === undefined ? {} : { from: arrival.from };
    this.announce({ type: 'participant-joined', name, hidden, keyId, ...from }, participant);
    if (known !== undefined) {
      this.broadcast({ type: 'participant-replaced', participantId: known.id, participant: info }, participant);
    } else if (!hidden) {
      this.broadcast({ type: 'participant-joined', participant: info }, participant);
    }
    arrival?.admitted(participant, joined);
    return joined;
  }

  #closeMedia(): void {
    this.#media.close();
    this.#activity.mediaClosed();
    this.attention.mediaClosed();
  }

  /** The worker under the room has died: everyone gets new transports, and only then is anyone told. */
  async #rebuildMedia(): Promise<void> {
    const since = this.now();
    this.#activity.mediaClosed();
    this.attention.mediaClosed();
    this.#announce({ type: 'room-media-lost' });
    const affected = this.participants();
    for (const participant of affected) participant.mediaLost();
    if (affected.length === 0) return;

    await this.#media.prepareAll(affected, (rebuilt) => {
      if (this.#closed) return;
      if (rebuilt === 'failed') {
        this.close('media-unavailable');
        return;
      }
      affected.forEach((participant, at) => {
        const outcome = rebuilt[at]!;
        if (outcome.status === 'rejected') participant.leave('media-unavailable');
        else if (participant.state === 'joined') participant.mediaRebuilt(outcome.value);
      });
      this.#announce({ type: 'room-media-rebuilt', milliseconds: this.now() - since });
    });
  }

  #announce(fact: DistributiveOmit<RoomFact, 'at' | 'room' | 'roomId'>): void {
    this.#context.onFact({ ...fact, at: this.now(), room: this.name, roomId: this.id });
  }
}

type DistributiveOmit<Fact, Key extends PropertyKey> = Fact extends unknown ? Omit<Fact, Key> : never;
