import type { ConsumerInfo, Doer, JoinedRoom, LeaveReason, MediaOffer, RoomInfo } from '../../src/rooms/events.ts';
import type { Grants } from '../../src/rooms/grants.ts';
import type { Joined, TickFrame, WireEvent } from '../../src/signaling/wire.ts';
import type {
  Admin,
  CallHandler,
  CallOptions,
  ChatMessage,
  CloseReason,
  Doer as ApiDoer,
  Participant,
  Payload,
  RemoteParticipant,
  Room,
  RoomEvents,
  RoomState,
  SendDataOptions,
} from './api.ts';
import { requireOpenTopic } from './chat.ts';
import { createEmitter } from './emitter.ts';
import type { LocalParticipantView } from './local-participant.ts';
import { watchPage } from './page-events.ts';
import { createRoomParts, type RoomOptions, type RoomParts } from './room-parts.ts';
import { createScope } from './scope.ts';

/** How long people and tracks may take to come back after the server has lost them, before they count as gone. */
const COMEBACK = 10_000;
/** How long the first announcement may wait for ICE to begin, in milliseconds. */
const BEGIN_WITHIN = 1000;

/** A room from its first join on: takes in what the link brings, and keeps what the application holds up to date. */
export class RoomSession implements Room {
  readonly self: LocalParticipantView;
  readonly admin: Admin;
  readonly #options: RoomOptions;
  readonly #scope = createScope();
  readonly #emitter = createEmitter<RoomEvents>((error) => reportError(error));
  readonly #parts: RoomParts;
  #info: RoomInfo;
  #state: RoomState = 'connected';
  #closeReason: CloseReason | undefined;
  /** What came before the first announcement, in order; undefined afterwards. */
  #early: (() => void)[] | undefined = [];

  constructor(options: RoomOptions) {
    const { joined } = options;
    this.#options = options;
    this.#info = joined.room;
    this.#parts = createRoomParts(options, {
      ...{ room: this, scope: this.#scope, emitter: this.#emitter },
      inTurn: (task) => this.#inTurn(task),
    });
    const { self, admin, media, reporter } = this.#parts;
    this.self = self;
    this.admin = admin;
    const underWay = media.open(joined.media, joined.consumers);
    // The caller's listeners come first: they are set when `join` has resolved. And what they do with elements waits until
    // Chromium's ICE has its candidates, for which it asks the main thread: a layout there costs a join more than all its
    // packets. From then on the page has a handshake's time, in which nothing else can be done here.
    void underWay.then(() => this.#scope.after(0, () => this.#begin(joined)));
    this.#scope.after(BEGIN_WITHIN, () => this.#begin(joined));
    watchPage(this.#scope, {
      networkChanged: () => this.#networkChanged(),
      shown: () => options.link.retryNow(),
      hidden: () => reporter?.sampleNow(),
      going: () => options.link.leaveNow(),
    });
  }

  get name(): string {
    return this.#info.name;
  }
  get metadata() {
    return this.#info.metadata;
  }
  get maxParticipants() {
    return this.#info.maxParticipants;
  }
  get state() {
    return this.#state;
  }
  get mediaState() {
    return this.#parts.media.state;
  }
  get closeReason() {
    return this.#closeReason;
  }
  get participants() {
    return this.#parts.others.participants;
  }
  get chat() {
    return this.#parts.chat.messages;
  }
  get activeSpeaker(): Participant | undefined {
    return this.#parts.hearing.speaker;
  }
  get playbackBlocked() {
    return this.#parts.playback.blocked;
  }
  get timings() {
    return this.#options.timings;
  }

  on<Name extends keyof RoomEvents>(event: Name, listener: (value: RoomEvents[Name]) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  once<Name extends keyof RoomEvents>(event: Name, listener: (value: RoomEvents[Name]) => void): () => void {
    return this.#emitter.once(event, listener);
  }

  async sendData(payload: Payload, options: SendDataOptions = {}): Promise<void> {
    requireOpenTopic(options);
    return this.#parts.messages.send(payload, options);
  }

  call(to: RemoteParticipant, method: string, payload: Payload = '', options: CallOptions = {}): Promise<Payload> {
    return this.#parts.messages.call(to, method, payload, options);
  }

  onCall(method: string, handler: CallHandler): () => void {
    return this.#parts.messages.handle(method, handler);
  }

  sendChat(text: string): Promise<ChatMessage> {
    return this.#parts.chat.say(text);
  }

  startPlayback(): Promise<void> {
    return this.#parts.playback.start();
  }

  setAudioOutput(deviceId: string): Promise<void> {
    return this.#parts.playback.setOutput(deviceId);
  }

  leave(): Promise<void> {
    this.#parts.reporter?.sampleNow();
    // Devices go off at once, whatever the server says.
    this.self.stop();
    return this.#options.link.leave();
  }

  // What the link brings. `RoomEvents` before the first announcement wait for it.

  /** In a new session. People and tracks may be late only where the room itself is a new one. */
  rejoined(joined: Joined): void {
    this.#inTurn(() => {
      const comeback = joined.room.id === this.#info.id ? undefined : Date.now() + COMEBACK;
      this.#info = joined.room;
      this.#parts.reporter?.begin(joined.self.id);
      this.#take(joined, { until: comeback });
      this.#setState('connected');
    });
  }

  resumed(tick: TickFrame): void {
    // What broke the socket may have broken more.
    this.#parts.media.checkNetwork();
    this.#inTurn(() => {
      this.#parts.hearing.reset(tick);
      this.#setState('connected');
    });
  }

  lost(): void {
    this.#inTurn(() => this.#setState('reconnecting'));
  }

  event(event: WireEvent): void {
    this.#inTurn(() => this.#handle(event));
  }

  tick(frame: TickFrame): void {
    this.#inTurn(() => this.#parts.hearing.take(frame));
  }

  closed(reason: CloseReason): void {
    this.#closeReason = reason;
    this.#early = undefined;
    this.self.stop();
    this.#scope.close();
    for (const { tracks } of this.participants.values()) for (const track of tracks.values()) track.removed();
    this.#setState('closed');
    if (reason.code === 'kicked') this.#emitter.emit('kicked', { reason: reason.reason });
    this.#emitter.emit('closed', reason);
    this.#emitter.clear();
  }

  /** Announces what there is, and what has happened since. Once. */
  #begin(joined: Joined): void {
    const early = this.#early;
    if (early === undefined) return;
    this.#early = undefined;
    this.#parts.hearing.begin(joined.tick, () => this.#parts.others.reset(joined.participants));
    this.#parts.encryption?.followPeople();
    for (const task of early) task();
  }

  #inTurn(task: () => void): void {
    if (this.#early === undefined) task();
    else this.#early.push(task);
  }

  #handle(event: WireEvent): void {
    switch (event.type) {
      case 'data':
        return this.#parts.messages.take(event);
      case 'room-updated':
        this.#info = event.room;
        return this.#emitter.emit('roomUpdated', this);
      case 'quality': {
        const { level, up, down, cause } = event;
        this.self.connection = { level, up, down, cause: cause ?? undefined };
        return this.#parts.hearing.tellQuality(this.self);
      }
      case 'grants-changed':
        return this.#permitted(event.grants);
      case 'unmute-requested':
        return this.#emitter.emit('unmuteRequested', { source: event.source, by: doerOf(event) });
      case 'moved':
        return this.#moved(event);
      case 'draining':
        return this.#emitter.emit('draining', { seconds: event.seconds });
      case 'media-reset':
        return this.#renewMedia(event.media, event.participants, event.consumers, { until: Date.now() + COMEBACK });
      case 'consumer-added':
        return void this.#parts.media.receive([event.consumer]);
      case 'producer-paused':
      case 'producer-resumed':
      case 'producer-removed':
        return event.participantId === this.self.id ? this.#ownTrackChanged(event) : this.#parts.others.apply(event);
      case 'participant-updated':
        if (event.participantId !== this.self.id) return this.#parts.others.apply(event);
        this.self.updated(event);
        return this.#emitter.emit('participantUpdated', this.self);
      case 'participant-joined':
      case 'participant-replaced':
        this.#parts.others.apply(event);
        return this.#parts.messages.arrived();
      case 'participant-left':
      case 'producer-added':
      case 'consumer-removed':
      case 'consumer-layers':
      case 'consumers-withheld':
      case 'consumers-forwarded':
        return this.#parts.others.apply(event);
      case 'encodings-wanted':
        return this.self.encodingsWanted(event.producerId, event.maxSpatialLayer);
    }
  }

  #ownTrackChanged(event: Extract<WireEvent, { type: keyof typeof CHANGES }>): void {
    const track = this.self.serverChanged(event.producerId, CHANGES[event.type]);
    if (track === undefined || event.type !== 'producer-paused') return;
    this.#emitter.emit('mutedByOther', { track, by: doerOf(event) });
  }

  #permitted(grants: Grants): void {
    const before = this.self.grants;
    this.self.permit(grants);
    this.#parts.others.permit(grants.subscribe);
    // Who could have no media has no credentials for the relay: an ICE restart brings them.
    if (!hasMedia(before) && hasMedia(grants)) this.#networkChanged();
    this.#emitter.emit('grantsChanged', this.self);
  }

  /** In another room, in the same session. */
  #moved(event: Extract<WireEvent, { type: 'moved' }>): void {
    const from = this.name;
    const { token } = event;
    this.#options.credential.token = token;
    this.#info = event.room;
    this.#parts.reporter?.begin(event.self.id);
    this.#take(event, { reason: 'moved' });
    this.#emitter.emit('moved', { from, room: this.name, token });
    this.#emitter.emit('roomUpdated', this);
  }

  /** All that there is, in a new session or in another room. */
  #take({ self, grants, tick, media, participants, consumers }: Omit<JoinedRoom, 'room'>, comeback: Comeback): void {
    this.#parts.hearing.reset(tick, () => {
      this.self.renew(self, grants);
      this.#parts.others.permit(grants.subscribe);
      this.#renewMedia(media, participants, consumers, comeback);
    });
  }

  #renewMedia(offer: MediaOffer, people: Joined['participants'], consumers: ConsumerInfo[], comeback: Comeback): void {
    this.#parts.others.mediaLost();
    this.#parts.messages.lost();
    void this.#parts.media.open(offer, consumers);
    this.#parts.others.reset(people, comeback.until, comeback.reason);
    this.#parts.messages.arrived();
    this.self.sendAgain();
  }

  #networkChanged(): void {
    this.#options.link.retryNow();
    this.#parts.media.networkChanged();
  }

  #setState(state: RoomState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.reporter?.signaling(state);
    this.#emitter.emit('stateChanged', state);
  }
}

/** Whom a renewal does not name may come back `until` then, or has left for `reason`. */
type Comeback = { until?: number | undefined; reason?: LeaveReason };

function hasMedia({ publish, subscribe }: Grants): boolean {
  return subscribe || publish.length > 0;
}

function doerOf({ by = 'application', admin }: Doer): ApiDoer {
  return { kind: by, ...(admin === undefined ? {} : { identity: admin }) };
}

const CHANGES = { 'producer-paused': 'muted', 'producer-resumed': 'unmuted', 'producer-removed': 'removed' } as const;
