import type { ParticipantInfo } from '../../src/rooms/events.ts';
import type { ProfileDelta } from '../../src/rooms/profile.ts';
import { KIND_OF_SOURCE } from '../../src/rooms/grants.ts';
import type {
  CameraOptions,
  ConnectionQuality,
  Grants,
  LocalParticipant,
  LocalTrack,
  MicrophoneOptions,
  ProfileChange,
  PublishOptions,
  ScreenOptions,
} from './api.ts';
import { openCamera, openMicrophone, openScreen } from './capture.ts';
import type { RoomContext } from './context.ts';
import type { WantedLayer } from './dynacast.ts';
import { clientError, SluiceClientError, toClientError } from './errors.ts';
import type { Levels } from './levels.ts';
import { LocalTrackView } from './local-track.ts';
import type { SentTrack } from './qoe/collector.ts';
import { updated } from './roster.ts';
import { createSequence, type Sequence } from './sequence.ts';

type Source = LocalTrack['source'];

const EXCELLENT: ConnectionQuality = { level: 'excellent', up: 'excellent', down: 'excellent', cause: undefined };

/** Oneself: opens devices, publishes tracks, and publishes them again whenever the media is set up anew. */
export class LocalParticipantView implements LocalParticipant {
  readonly isLocal = true;
  readonly tracks = new Map<Source, LocalTrackView>();
  readonly #context: RoomContext;
  readonly #levels: Levels;
  /** What is done about one source happens in order: a camera that is switched off while it opens ends up off. */
  readonly #orders = new Map<Source, Sequence>();
  /** How good one's connection is; excellent before the server has said anything. */
  connection: ConnectionQuality = EXCELLENT;
  #info: ParticipantInfo;
  #grants: Grants;

  constructor(context: RoomContext, levels: Levels, info: ParticipantInfo, grants: Grants) {
    this.#context = context;
    this.#levels = levels;
    this.#info = info;
    this.#grants = grants;
  }

  get key(): string {
    return this.#info.identity;
  }
  get id(): string {
    return this.#info.id;
  }
  get identity(): string {
    return this.#info.identity;
  }
  get name() {
    return this.#info.name;
  }
  get metadata() {
    return this.#info.metadata;
  }
  get attributes() {
    return this.#info.attributes;
  }
  get joinedAt(): number {
    return this.#info.joinedAt;
  }
  get grants() {
    return this.#grants;
  }
  get level() {
    return this.#levels.level(this.#info.index);
  }
  get quality() {
    return this.connection.level;
  }
  get speaking() {
    return this.#levels.speaker === this.#info.index;
  }
  get index() {
    return this.#info.index;
  }

  publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalTrackView> {
    return this.#inOrder(options.source, () => this.#publish(track, options));
  }

  unpublish(source: Source): Promise<void> {
    return this.#inOrder(source, () => this.#unpublish(source));
  }

  setCamera(on: boolean | CameraOptions): Promise<LocalTrack | undefined> {
    return this.#switch('camera', on, async (options: CameraOptions) => {
      const { simulcast, maxBitrate } = options;
      return this.#publish(await openCamera(options), {
        source: 'camera',
        ...(simulcast === undefined ? {} : { simulcast }),
        ...(maxBitrate === undefined ? {} : { maxBitrate }),
      });
    });
  }

  setMicrophone(on: boolean | MicrophoneOptions): Promise<LocalTrack | undefined> {
    return this.#switch('microphone', on, async (options: MicrophoneOptions) =>
      this.#publish(await openMicrophone(options), { source: 'microphone' }),
    );
  }

  async setScreen(on: boolean | ScreenOptions): Promise<LocalTrack | undefined> {
    if (on === false) {
      await Promise.all([this.unpublish('screen'), this.unpublish('screen-audio')]);
      return undefined;
    }
    return this.#switch('screen', on, async (options: ScreenOptions) => {
      const { video, audio } = await openScreen(options);
      if (audio !== undefined) this.#shareSound(audio);
      const { maxBitrate } = options;
      return this.#publish(video, { source: 'screen', ...(maxBitrate === undefined ? {} : { maxBitrate }) });
    });
  }

  mute(source: Source): Promise<void> {
    return this.#setMuted(source, true);
  }

  unmute(source: Source): Promise<void> {
    return this.#setMuted(source, false);
  }

  switchDevice(source: 'camera' | 'microphone', deviceId: string): Promise<void> {
    return this.#inOrder(source, () => this.#switchDevice(source, deviceId));
  }

  async update(change: ProfileChange): Promise<void> {
    await this.#context.request('update-self', change);
  }

  // What the room does with it.

  /** The server has said so. */
  updated(delta: ProfileDelta): void {
    this.#info = { ...this.#info, ...updated(this.#info, delta) };
  }

  permit(grants: Grants): void {
    this.#grants = grants;
  }

  /** Joined again: a new presence of the same identity. */
  renew(info: ParticipantInfo, grants: Grants): void {
    this.#info = info;
    this.#grants = grants;
    // A new session, which the server judges anew.
    this.connection = EXCELLENT;
  }

  /** The media is a new one: everything is sent again. A track that is refused now is given up. */
  sendAgain(): void {
    for (const track of this.tracks.values()) {
      track.send().catch((error: unknown) => {
        if (this.#context.scope.closed || this.tracks.get(track.source) !== track) return;
        this.#context.emit('problem', toClientError(error, 'media-failed'));
        void this.unpublish(track.source);
      });
    }
  }

  /** The tracks that are sent, to be measured. */
  measured(): SentTrack[] {
    return [...this.tracks.values()].map((track) => track.measured).filter((track) => track !== undefined);
  }

  /** The server has muted, unmuted or ended one of the tracks. Returns that track, where it is another than before. */
  serverChanged(producerId: string, change: 'muted' | 'unmuted' | 'removed'): LocalTrack | undefined {
    const track = [...this.tracks.values()].find((candidate) => candidate.producerId === producerId);
    if (track === undefined) return undefined;
    if (change === 'removed') void this.unpublish(track.source);
    else if (track.setMuted(change === 'muted', true)) this.#changed();
    else return undefined;
    return track;
  }

  /** What anybody wants of a picture of one's own; the tracks know whose producer that is, or is about to be. */
  encodingsWanted(producerId: string, layer: WantedLayer): void {
    for (const track of this.tracks.values()) {
      if (track.kind === 'video') track.encodingsWanted(producerId, layer);
    }
  }

  /** The room is over. */
  stop(): void {
    for (const track of this.tracks.values()) void track.stop();
    this.tracks.clear();
  }

  async #publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalTrackView> {
    const { source } = options;
    try {
      this.#check(source, track);
    } catch (error) {
      // It was handed over: whoever gave it need not think of it any more.
      track.stop();
      throw error;
    }
    const published = new LocalTrackView(this.#context, track, options, () => this.#ended(published));
    this.tracks.set(source, published);
    this.#changed();
    try {
      await published.send();
    } catch (error) {
      await this.#unpublish(source);
      throw toClientError(error, 'media-failed');
    }
    return published;
  }

  #check(source: Source, track?: MediaStreamTrack): void {
    if (this.#context.scope.closed) throw clientError('closed');
    if (!this.#grants.publish.includes(source)) {
      throw new SluiceClientError('forbidden', `The token does not grant publishing ${source}.`);
    }
    if (track === undefined) return;
    if (this.tracks.has(source)) throw new SluiceClientError('source-in-use', `${source} is published already.`);
    if (track.readyState === 'ended') throw clientError('track-ended');
    if (track.kind !== KIND_OF_SOURCE[source]) {
      throw new SluiceClientError('invalid-media', `A track of kind ${track.kind} cannot be published as ${source}.`);
    }
  }

  async #unpublish(source: Source): Promise<void> {
    const track = this.tracks.get(source);
    if (track === undefined) return;
    this.tracks.delete(source);
    const stopped = track.stop();
    this.#changed();
    await stopped;
  }

  #switch<Options extends object>(
    source: Source,
    on: boolean | Options,
    open: (options: Options) => Promise<LocalTrackView>,
  ): Promise<LocalTrackView | undefined> {
    return this.#inOrder(source, async () => {
      if (on === false) {
        await this.#unpublish(source);
        return undefined;
      }
      const options = on === true ? ({} as Options) : on;
      const present = this.tracks.get(source);
      if (present === undefined) {
        this.#check(source);
        return open(options);
      }
      const { deviceId } = options as { deviceId?: string };
      if ((source === 'camera' || source === 'microphone') && deviceId !== undefined) {
        await this.#switchDevice(source, deviceId);
      }
      await this.#setMuted(source, false);
      return present;
    });
  }

  #setMuted(source: Source, muted: boolean): Promise<void> {
    if (this.tracks.get(source)?.setMuted(muted) === true) this.#changed();
    return Promise.resolve();
  }

  async #switchDevice(source: 'camera' | 'microphone', deviceId: string): Promise<void> {
    const present = this.tracks.get(source);
    if (present === undefined || present.deviceId === deviceId) return;
    const open = () => (source === 'camera' ? openCamera({ deviceId }) : openMicrophone({ deviceId }));
    let track: MediaStreamTrack;
    try {
      track = await open();
    } catch (error) {
      if (toClientError(error, 'device-failed').code !== 'device-in-use') throw error;
      // Phones open one camera at a time: the present one has to go first.
      present.mediaStreamTrack.stop();
      track = await open().catch(async (second: unknown) => {
        await this.#unpublish(source);
        throw second;
      });
    }
    if (this.tracks.get(source) !== present) {
      track.stop();
      return;
    }
    try {
      await present.replace(track);
    } catch (error) {
      // Nothing is sent of it any more: what the application sees must say so.
      if (this.tracks.get(source) === present) await this.#unpublish(source);
      throw toClientError(error, 'media-failed');
    }
    this.#changed();
  }

  /** The sound of a shared screen comes along if it can; the picture does not depend on it. */
  #shareSound(audio: MediaStreamTrack): void {
    this.publish(audio, { source: 'screen-audio' }).catch((error: unknown) => {
      if (!this.#context.scope.closed) this.#context.emit('problem', toClientError(error, 'media-failed'));
    });
  }

  #ended(track: LocalTrackView): void {
    this.#context.emit('localTrackEnded', track);
    if (this.tracks.get(track.source) !== track) return;
    void this.unpublish(track.source);
    if (track.source === 'screen') void this.unpublish('screen-audio');
  }

  #changed(): void {
    if (!this.#context.scope.closed) this.#context.emit('localTracksChanged', this);
  }

  #inOrder<T>(source: Source, task: () => Promise<T>): Promise<T> {
    let order = this.#orders.get(source);
    if (order === undefined) this.#orders.set(source, (order = createSequence()));
    return order.run(task);
  }
}
