import type { ConsumerInfo, Doer, JoinedRoom, LeaveReason, MediaOffer, RoomInfo } from '../../src/rooms/events.ts';
import type { Grants } from '../../src/rooms/grants.ts';
import type { Joined, TickFrame, WireEvent } from '../../src/signaling/wire.ts';
import { type Adaptation, createAdaptation } from './adaptive/adaptation.ts';
import { createAdmin } from './admin.ts';
import type {
  Admin,
  CallHandler,
  CallOptions,
  ChatMessage,
  CloseReason,
  Doer as ApiDoer,
  E2eeOptions,
  Participant,
  QoeOptions,
  Payload,
  RemoteParticipant,
  Room,
  RoomEvents,
  RoomState,
  SendDataOptions,
} from './api.ts';
import { type Chat, createChat, requireOpenTopic } from './chat.ts';
import type { RoomContext } from './context.ts';
import { createRoomEncryption, type RoomEncryption } from './e2ee/room-encryption.ts';
import { createEmitter } from './emitter.ts';
import { toClientError } from './errors.ts';
import { createHearing, type Hearing } from './hearing.ts';
import { createLevels } from './levels.ts';
import type { Link } from './link.ts';
import { LocalParticipantView } from './local-participant.ts';
import { type RemoteParticipantView } from './remote-participant.ts';
import { createOthers, type Others } from './others.ts';
import { watchPage } from './page-events.ts';
import { createMessages, type Messages } from './messages.ts';
import { createPlayback } from './playback.ts';
import { createReporter, type Reporter } from './qoe/reporter.ts';
import { createRoomMedia, type RoomMedia, type Timings } from './room-media.ts';
import { createScope } from './scope.ts';

/** How long people and tracks may take to come back after the server has lost them, before they count as gone. */
const COMEBACK = 10_000;
/** How long the first announcement may wait for the connection, in milliseconds. */
const BEGIN_WITHIN = 1000;

export type RoomOptions = {
  link: Link;
  joined: Joined;
  /** Origin of the server. */
  url: string;
  /** What to join with; another one once one was moved. */
  credential: { token: string };
  subscribe: 'auto' | 'manual';
  iceTransportPolicy: RTCIceTransportPolicy;
  adaptiveStream: boolean;
  qoe: QoeOptions;
  e2ee: E2eeOptions | undefined;
  timings: Timings;
  /** Milliseconds since the call of `join`. */
  elapsed: () => number;
};

/** A room from its first join on: takes in what the link brings, and keeps what the application holds up to date. */
export class RoomSession implements Room {
  readonly self: LocalParticipantView;
  readonly admin: Admin;
  readonly #options: RoomOptions;
  readonly #scope = createScope();
  readonly #emitter = createEmitter<RoomEvents>((error) => reportError(error));
  readonly #hearing: Hearing;
  readonly #playback = createPlayback(() => this.#emitter.emit('playbackBlocked', this));
  readonly #adaptation: Adaptation;
  readonly #others: Others;
  /** Undefined where no quality is to be measured. */
  readonly #reporter: Reporter | undefined;
  /** Undefined where nothing is encrypted end to end. */
  readonly #encryption: RoomEncryption | undefined;
  readonly #messages: Messages;
  readonly #chat: Chat;
  readonly #media: RoomMedia;
  #info: RoomInfo;
  #state: RoomState = 'connected';
  #closeReason: CloseReason | undefined;
  /** What came before the first announcement, in order; undefined afterwards. */
  #early: (() => void)[] | undefined = [];

  constructor(options: RoomOptions) {
    const { joined } = options;
    this.#options = options;
    this.#info = joined.room;
    this.#adaptation = this.#createAdaptation();
    const context = this.#context();
    const levels = createLevels();
    this.self = new LocalParticipantView(context, levels, joined.self, joined.grants);
    const { subscribe: granted } = joined.grants;
    const { identity } = joined.self;
    this.#others = createOthers(context, levels, { subscribe: options.subscribe, granted, self: identity });
    this.#hearing = createHearing({ levels, self: this.self, others: this.#others, emit: context.emit });
    this.admin = createAdmin(context.request);
    const measured = joined.beacons && options.qoe.enabled !== false;
    this.#reporter = measured ? this.#createReporter(joined) : undefined;
    this.#encryption = this.#createEncryption(joined.participants);
    this.#messages = this.#createMessages();
    this.#chat = createChat({
      self: this.self,
      send: (payload, how) => this.#messages.send(payload, how),
      said: (message) => this.#emitter.emit('chat', message),
    });
    this.#media = this.#createMedia();
    const underWay = this.#media.open(joined.media, joined.consumers);
    // The caller's listeners come first: they are set when `join` has resolved. And what they do with elements waits for the
    // connection: Chromium's ICE asks the main thread, and a layout there costs a join more than all its packets.
    void underWay.then(() => this.#scope.after(0, () => this.#begin(joined)));
    this.#scope.after(BEGIN_WITHIN, () => this.#begin(joined));
    watchPage(this.#scope, {
      networkChanged: () => this.#networkChanged(),
      shown: () => options.link.retryNow(),
      hidden: () => this.#reporter?.sampleNow(),
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
    return this.#media.state;
  }
  get closeReason() {
    return this.#closeReason;
  }
  get participants() {
    return this.#others.participants;
  }
  get chat() {
    return this.#chat.messages;
  }
  get activeSpeaker(): Participant | undefined {
    return this.#hearing.speaker;
  }
  get playbackBlocked() {
    return this.#playback.blocked;
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
    return this.#messages.send(payload, options);
  }

  call(to: RemoteParticipant, method: string, payload: Payload = '', options: CallOptions = {}): Promise<Payload> {
    return this.#messages.call(to, method, payload, options);
  }

  onCall(method: string, handler: CallHandler): () => void {
    return this.#messages.handle(method, handler);
  }

  sendChat(text: string): Promise<ChatMessage> {
    return this.#chat.say(text);
  }

  startPlayback(): Promise<void> {
    return this.#playback.start();
  }

  setAudioOutput(deviceId: string): Promise<void> {
    return this.#playback.setOutput(deviceId);
  }

  leave(): Promise<void> {
    this.#reporter?.sampleNow();
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
      this.#reporter?.begin(joined.self.id);
      this.#take(joined, { until: comeback });
      this.#setState('connected');
    });
  }

  resumed(tick: TickFrame): void {
    // What broke the socket may have broken more.
    this.#media.checkNetwork();
    this.#inTurn(() => {
      this.#hearing.reset(tick);
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
    this.#inTurn(() => this.#hearing.take(frame));
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
    this.#hearing.begin(joined.tick, () => this.#others.reset(joined.participants));
    this.#encryption?.followPeople();
    for (const task of early) task();
  }

  #inTurn(task: () => void): void {
    if (this.#early === undefined) task();
    else this.#early.push(task);
  }

  #handle(event: WireEvent): void {
    switch (event.type) {
      case 'data':
        return this.#messages.take(event);
      case 'room-updated':
        this.#info = event.room;
        return this.#emitter.emit('roomUpdated', this);
      case 'quality': {
        const { level, up, down, cause } = event;
        this.self.connection = { level, up, down, cause: cause ?? undefined };
        return this.#hearing.tellQuality(this.self);
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
        return void this.#media.receive([event.consumer]);
      case 'producer-paused':
      case 'producer-resumed':
      case 'producer-removed':
        return event.participantId === this.self.id ? this.#ownTrackChanged(event) : this.#others.apply(event);
      case 'participant-updated':
        if (event.participantId !== this.self.id) return this.#others.apply(event);
        this.self.updated(event);
        return this.#emitter.emit('participantUpdated', this.self);
      case 'participant-joined':
      case 'participant-replaced':
        this.#others.apply(event);
        return this.#messages.arrived();
      case 'participant-left':
      case 'producer-added':
      case 'consumer-removed':
      case 'consumer-layers':
      case 'consumers-withheld':
      case 'consumers-forwarded':
        return this.#others.apply(event);
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
    this.#others.permit(grants.subscribe);
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
    this.#reporter?.begin(event.self.id);
    this.#take(event, { reason: 'moved' });
    this.#emitter.emit('moved', { from, room: this.name, token });
    this.#emitter.emit('roomUpdated', this);
  }

  /** All that there is, in a new session or in another room. */
  #take({ self, grants, tick, media, participants, consumers }: Omit<JoinedRoom, 'room'>, comeback: Comeback): void {
    this.#hearing.reset(tick, () => {
      this.self.renew(self, grants);
      this.#others.permit(grants.subscribe);
      this.#renewMedia(media, participants, consumers, comeback);
    });
  }

  #renewMedia(offer: MediaOffer, people: Joined['participants'], consumers: ConsumerInfo[], comeback: Comeback): void {
    this.#others.mediaLost();
    this.#messages.lost();
    void this.#media.open(offer, consumers);
    this.#others.reset(people, comeback.until, comeback.reason);
    this.#messages.arrived();
    this.self.sendAgain();
  }

  #createMedia(): RoomMedia {
    const { link, iceTransportPolicy, timings, elapsed } = this.#options;
    return createRoomMedia({
      ...{ link, scope: this.#scope, iceTransportPolicy, timings, elapsed },
      ...{ others: this.#others, adaptation: this.#adaptation, messages: this.#messages },
      ...{ reporter: this.#reporter, e2ee: this.#encryption?.media },
      emit: (event, value) => this.#emitter.emit(event, value),
    });
  }

  /** `present`: whose media may come before they are announced. */
  #createEncryption(present: Joined['participants']): RoomEncryption | undefined {
    const { e2ee: options } = this.#options;
    if (options === undefined) return undefined;
    return createRoomEncryption({
      ...{ options, scope: this.#scope, emitter: this.#emitter, self: this.self, others: this.#others, present },
      inTurn: (task) => this.#inTurn(task),
    });
  }

  #createAdaptation(): Adaptation {
    return createAdaptation({
      scope: this.#scope,
      request: (name, params) => this.#options.link.request(name, params),
      enabled: this.#options.adaptiveStream,
      problem: (error) => this.#emitter.emit('problem', toClientError(error, 'media-failed')),
    });
  }

  #createMessages(): Messages {
    return createMessages({
      ...{ scope: this.#scope, self: () => this.self.identity, cipher: this.#encryption?.messages },
      request: (name, params) => this.#options.link.request(name, params),
      inTurn: (task) => this.#inTurn(task),
      participant: (id) => this.#others.byId(id),
      idOf: (participant) => (participant as RemoteParticipantView).participantId,
      received: (message) => this.#chat.take(message) || this.#emitter.emit('data', message),
      problem: (error) => this.#emitter.emit('problem', error),
    });
  }

  #networkChanged(): void {
    this.#options.link.retryNow();
    this.#media.networkChanged();
  }

  #setState(state: RoomState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#reporter?.signaling(state);
    this.#emitter.emit('stateChanged', state);
  }

  #createReporter({ self }: Joined): Reporter {
    const { url, credential, qoe, timings } = this.#options;
    return createReporter({
      ...{ scope: this.#scope, url, credential, options: qoe, session: self.id, timings },
      reports: () => this.#media.reports(),
      received: () => this.#others.measured(),
      sent: () => this.self.measured(),
    });
  }

  #context(): RoomContext {
    return {
      scope: this.#scope,
      playback: this.#playback,
      adaptation: this.#adaptation,
      request: (name, params) => this.#options.link.request(name, params),
      emit: (event, value) => this.#emitter.emit(event, value),
      media: () => this.#media.current(),
      receive: (consumers) => this.#media.receive(consumers),
      firstFrame: () => (this.#options.timings.firstFrame ??= this.#options.elapsed()),
    };
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
