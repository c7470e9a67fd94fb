import type { Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type {
  ConsumerInfo,
  IceServer,
  JoinedRoom,
  LeaveReason,
  ParticipantInfo,
  ParticipantLink,
  RoomEvent,
} from './events.ts';
import type { DataHeader, DataMode } from './data-header.ts';
import { type Actor, doerOf } from './facts.ts';
import type { Source } from './grants.ts';
import type { Identity, ParticipantId, ProducerId } from './ids.ts';
import { CODE_OF_REASON, type Leaving, refusalOf } from './leaving.ts';
import type { MediaRoom } from './media-engine.ts';
import type { Moderation } from './moderation.ts';
import { ParticipantMedia } from './participant-media.ts';
import { ParticipantRequests } from './participant-requests.ts';
import { Messaging } from './messaging.ts';
import type { RoomOfParticipant, SubscribeWish } from './participant-room.ts';
import { changeProfile, type ChangedProfile, type Profile, type ProfileDelta } from './profile.ts';
import { producerInfo, type Publication } from './publication.ts';
import { Publishing } from './publishing.ts';
import { Standing } from './standing.ts';
import { Subscribing } from './subscribing.ts';

/** One presence of an identity in a room. It is silent towards the others until it has joined. */
export class Participant {
  readonly id: ParticipantId;
  /** By which ticks name it. */
  readonly index: number;
  readonly joinedAt: Millis;
  /** Whether its ICE servers are its own, and not its identity's. */
  readonly apart: boolean;
  readonly identity: Identity;
  /** What its client asks about its media. */
  readonly requests: ParticipantRequests;

  readonly #room: RoomOfParticipant;
  readonly #link: ParticipantLink;
  readonly #publishing: Publishing;
  readonly #subscribing: Subscribing;
  readonly #messaging: Messaging;
  readonly #standing: Standing;
  #state: 'joining' | 'joined' | 'left' = 'joining';
  #leftFor: LeaveReason | undefined;
  #leftWith: string | undefined;
  #connected = true;
  #media: ParticipantMedia | undefined;

  /** `seat.apart`: there may be others of its identity, with which it is to have nothing in common. */
  constructor(
    room: RoomOfParticipant,
    link: ParticipantLink,
    seat: { id: ParticipantId; index: number; joinedAt: Millis; apart: boolean },
    profile: Profile,
    subscribe: SubscribeWish,
  ) {
    this.#room = room;
    this.#link = link;
    this.id = seat.id;
    this.index = seat.index;
    this.joinedAt = seat.joinedAt;
    this.apart = seat.apart;
    this.identity = profile.identity;
    this.#standing = new Standing(room, this, profile);
    this.#publishing = new Publishing(room, this);
    this.#subscribing = new Subscribing(room, this, subscribe);
    this.#messaging = new Messaging(room, this);
    this.requests = new ParticipantRequests({
      publishing: this.#publishing,
      subscribing: this.#subscribing,
      messaging: this.#messaging,
      media: () => this.#openMedia(),
    });
  }

  /** As its token said, and as it was changed since. */
  get profile(): Profile {
    return this.#standing.profile;
  }

  /** Goes up with each change of the profile: with the id, the resource's ETag. */
  get version(): number {
    return this.#standing.version;
  }

  /** What is sent to it. */
  get link(): ParticipantLink {
    return this.#link;
  }

  /** What its client wants to receive. */
  get wish(): SubscribeWish {
    return this.#subscribing.wish;
  }

  get state(): 'joining' | 'joined' | 'left' {
    return this.#state;
  }

  /** Why it is out, for a join that was overtaken by a kick or by the end of the room. */
  get refusal(): SluiceError {
    return refusalOf(this.#leftFor ?? 'disconnected', this.#leftWith);
  }

  /** Whether its signaling is connected; while it is not, it may come back. */
  get connected(): boolean {
    return this.#connected;
  }

  get hidden(): boolean {
    return this.profile.grants.hidden;
  }

  /** With credentials as of now. */
  get iceServers(): IceServer[] {
    return this.#room.iceServers(this);
  }

  /** Undefined before it joins, after it has left, and while the room's media is lost. */
  get media(): ParticipantMedia | undefined {
    return this.#media;
  }

  get publications(): Iterable<Publication> {
    return this.#media?.publications.values() ?? [];
  }

  /** How many tracks it publishes, those that are being opened included. */
  get tracks(): number {
    return (this.#media?.publications.size ?? 0) + this.#publishing.opening;
  }

  get info(): ParticipantInfo {
    const { id, index, identity, joinedAt } = this;
    const { name, metadata, attributes } = this.profile;
    const producers = [...this.publications].map(producerInfo);
    return { id, index, identity, name, metadata, attributes, joinedAt, producers };
  }

  // Joining, in two steps: what takes time, then what the others see.

  /** Opens the media in `room` and subscribes to `publications`. */
  async prepare(room: MediaRoom, publications: Iterable<Publication>): Promise<ConsumerInfo[]> {
    const { observer, attention, pump } = this.#room;
    const tell = (event: RoomEvent) => this.tell(event);
    const { id } = this;
    const onUsed = this.#room.usedBy(this);
    const owner = { id, observer, onUsed, tell, single: this.#link.transport, attention, pump };
    const media = await ParticipantMedia.open(room, owner);
    if (this.#state === 'left') {
      media.close();
      throw this.refusal;
    }
    this.#media?.close();
    this.#media = media;
    return this.#subscribing.begin(media, publications);
  }

  /** From here on it is in the room. Returns all that its client needs; what happens later comes as events. */
  admitted(consumers: ConsumerInfo[]): JoinedRoom {
    this.#state = 'joined';
    return {
      room: this.#room.info,
      self: this.info,
      grants: this.profile.grants,
      ...this.#mediaState(consumers),
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
    this.#messaging.mediaLost();
    this.#media?.close();
    this.#media = undefined;
    for (const { producer, source } of publications) {
      this.#room.announce({ type: 'track-unpublished', producerId: producer.id, source }, this);
    }
  }

  // What its client asks besides `requests`.

  /** Over what it receives data; undefined: over its signaling. */
  get dataChannels(): Pick<MediaRoom, 'sendData'> | undefined {
    return this.#messaging.channels;
  }

  sendData(mode: DataMode, header: DataHeader, payload: Uint8Array): Promise<void> {
    return this.requests.inTurn(() => this.#messaging.send(mode, header, payload));
  }

  /** Changes who it is for the others. Throws `forbidden` without the grant, and `invalid-request`. */
  async changeOwnProfile(change: ProfileDelta): Promise<void> {
    if (!this.profile.grants.profile)
      throw new SluiceError('forbidden', { detail: 'Changing the profile is not granted.' });
    this.change(changeProfile(this.profile, change, this.#room.profileLimit), { by: 'self' });
  }

  /** Control over the others, for as long as it has the grant. */
  get moderation(): Moderation {
    return this.#room.moderation(this);
  }

  // What others do to it: at once, and past whatever its client keeps it busy with.

  /** Mutes those of `sources` (undefined: all) that it publishes; resolves with how many there are. */
  async mute(sources: readonly Source[] | undefined, actor: Actor): Promise<number> {
    return this.#publishing.mute(this.#openMedia(), sources, actor);
  }

  mayPublish(source: Source): boolean {
    return this.#publishing.allows(source);
  }

  askToUnmute(source: Source, actor: Actor): void {
    this.tell({ type: 'unmute-requested', source, ...doerOf(actor, this.#room) });
    this.#room.announce({ type: 'unmute-requested', source, ...actor }, this);
  }

  change(changed: ChangedProfile, actor: Actor): void {
    const [media, publishing, subscribing] = [this.#media, this.#publishing, this.#subscribing];
    this.#standing.change(changed, actor, { media, publishing, subscribing });
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
    if (this.#state === 'joined' && this.#media !== undefined) this.#subscribing.catchUp(this.#media, [publication]);
  }

  producerEnded(id: ProducerId): void {
    this.#media?.producerEnded(id);
  }

  /** An event for this participant alone. */
  tell(event: RoomEvent): void {
    if (this.#state === 'joined') this.#link.send(event);
  }

  /** As `tell`, but rather not at all than late. */
  tellLossy(event: Extract<RoomEvent, { type: 'data' }>): void {
    if (this.#state === 'joined' && this.#connected) this.#link.sendLossy(event);
  }

  /** Out, at once and for good: children first, then the others learn of it, then its own client. Idempotent. */
  leave(reason: LeaveReason, { told = reason, text, actor, to }: Leaving = {}): void {
    if (this.#state === 'left') return;
    const wasJoined = this.#state === 'joined';
    this.#state = 'left';
    this.#leftFor = reason;
    this.#leftWith = text;
    this.requests.close();
    // Those who receive a track let go of it before it ends: the worker ends what still hangs on it by itself.
    for (const publication of this.publications) {
      const { producer, source } = publication;
      this.#room.unpublished(publication);
      this.#room.announce({ type: 'track-unpublished', producerId: producer.id, source }, this);
    }
    this.#media?.close();
    this.#media = undefined;
    this.#room.departed(this);
    // One that had not joined yet is unknown to the others, and its client learns of it by its join's refusal.
    if (!wasJoined) {
      this.#room.announce({ type: 'participant-aborted', reason }, this);
      return;
    }
    const more = { ...(text === undefined ? {} : { text }), ...(to === undefined ? {} : { to }), ...actor };
    this.#room.announce({ type: 'participant-left', reason, ...more }, this);
    if (!this.hidden && told !== null) {
      const { id: participantId, identity } = this;
      this.#room.broadcast({ type: 'participant-left', participantId, identity, reason: told });
    }
    // Its client goes on, and hears of it from where it is now.
    if (reason !== 'moved') this.#link.end(CODE_OF_REASON[reason], text);
  }

  /** Everything about media as of now; what was published while `consumers` were opened follows as events. */
  #mediaState(consumers: ConsumerInfo[]): Pick<JoinedRoom, 'media' | 'participants' | 'consumers'> {
    const media = this.#openMedia();
    const others = [...this.#room.visibleTo(this)];
    this.#subscribing.catchUp(
      media,
      others.flatMap((other) => [...other.publications]),
    );
    return {
      media: media.offer(this.iceServers),
      participants: others.map((other) => other.info),
      consumers: media.disclose(consumers),
    };
  }

  #openMedia(): ParticipantMedia {
    if (this.#media === undefined) throw new SluiceError('media-unavailable', { retryAfter: 1 });
    return this.#media;
  }
}
