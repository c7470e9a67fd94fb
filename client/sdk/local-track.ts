import type { Producer } from 'mediasoup-client/types';

import { KIND_OF_SOURCE } from '../../src/rooms/grants.ts';
import type { LocalTrack, PublishOptions } from './api.ts';
import { type Attachments, createAttachments } from './attachments.ts';
import type { RoomContext } from './context.ts';
import { createEncodingSwitch, type EncodingSwitch, type WantedLayer } from './dynacast.ts';
import { layerCount, type Size } from './encodings.ts';
import { clientError, toClientError } from './errors.ts';
import type { SentTrack } from './qoe/collector.ts';
import { createSequence } from './sequence.ts';

/** How often, and after how many ms, a server whose media is just being rebuilt is asked again. */
const SEND_ATTEMPTS = 8;
const SEND_PAUSE = 500;
/** Milliseconds between two looks at the size of the picture, which no event tells: windows grow, telephones are turned. */
const SIZE_LOOK = 1000;
/** Of producers that are about to be made there are never so many. */
const MOST_EARLY = 8;

/**
 * A track of one's own: outlives the producers through which it is sent. What the person asks for (mute, stop) takes
 * effect on this machine at once; the server is told in order.
 */
export class LocalTrackView implements LocalTrack {
  readonly source: LocalTrack['source'];
  readonly kind: LocalTrack['kind'];
  readonly #context: RoomContext;
  readonly #options: PublishOptions;
  readonly #attachments: Attachments;
  /** Talk with the server about this track, one thing at a time. */
  readonly #talk = createSequence();
  readonly #onEnded: () => void;
  #track: MediaStreamTrack;
  #muted: boolean;
  /** Whether the server believes it to be muted. */
  #told = false;
  #stopped = false;
  #producer: Producer | undefined;
  #encodings: EncodingSwitch | undefined;
  /** What is wanted of the producer, and of those that the server knows already and this side does not yet. */
  readonly #wanted = new Map<string, WantedLayer>();
  /** With how many layers the producer was made. */
  #layers = 1;
  /** Of the picture, as the server knows it. */
  #size: Size = {};
  #breaks = 0;

  /** `onEnded`: the track ended by itself. */
  constructor(context: RoomContext, track: MediaStreamTrack, options: PublishOptions, onEnded: () => void) {
    this.#context = context;
    this.#options = options;
    this.source = options.source;
    this.kind = KIND_OF_SOURCE[options.source];
    this.#attachments = createAttachments(this.kind, context.playback, { silent: true });
    this.#onEnded = onEnded;
    this.#muted = options.muted ?? false;
    this.#track = this.#adopt(track);
  }

  get muted() {
    return this.#muted;
  }
  get mediaStreamTrack() {
    return this.#track;
  }
  get deviceId() {
    return this.#track.getSettings().deviceId;
  }
  get producerId() {
    return this.#producer?.id;
  }

  /** What is to be measured of it; undefined where nothing is sent. */
  get measured(): SentTrack | undefined {
    const producer = this.#producer;
    if (producer === undefined || producer.closed || this.#muted || this.#isUnwanted(producer.id)) return undefined;
    const { id, rtpParameters } = producer;
    const ssrc = rtpParameters.encodings?.[0]?.ssrc;
    return { id, mid: rtpParameters.mid, ssrc, breaks: this.#breaks, trackId: this.#track.id };
  }

  attach(): HTMLMediaElement;
  attach<Element extends HTMLMediaElement>(element: Element): Element;
  attach(element?: HTMLMediaElement): HTMLMediaElement {
    return this.#attachments.attach(element);
  }

  detach(element?: HTMLMediaElement): HTMLMediaElement[] {
    return this.#attachments.detach(element);
  }

  async getStats(): Promise<RTCStatsReport | undefined> {
    return this.#producer?.rtpSender?.getStats();
  }

  /** Sends it, or sends it again over new media. */
  send(): Promise<void> {
    return this.#talk.run(async () => {
      if (this.#stopped || (this.#producer !== undefined && !this.#producer.closed)) return;
      await this.#start();
    });
  }

  /** Returns whether that was a change. `byServer`: it has been muted or unmuted there already. */
  setMuted(muted: boolean, byServer = false): boolean {
    if (byServer) this.#told = muted;
    if (this.#muted === muted || this.#stopped) return false;
    this.#muted = muted;
    this.#breaks += 1;
    this.#track.enabled = !muted;
    this.#inBackground(() => this.#bringInLine());
    return true;
  }

  /** What of this producer's picture anybody wants from now on. */
  encodingsWanted(producerId: string, layer: WantedLayer): void {
    const wasUnwanted = this.#isUnwanted(producerId);
    this.#wanted.delete(producerId);
    this.#wanted.set(producerId, layer);
    if (producerId === this.#producer?.id) {
      if (wasUnwanted !== this.#isUnwanted(producerId)) this.#breaks += 1;
      this.#encodings?.set(layer);
      return;
    }
    for (const other of this.#wanted.keys()) {
      if (this.#wanted.size <= MOST_EARLY) break;
      if (other !== this.#producer?.id) this.#wanted.delete(other);
    }
  }

  /** Goes on with `track` in the place of the present one, which is stopped. Rejects where it cannot be sent. */
  async replace(track: MediaStreamTrack): Promise<void> {
    this.#release();
    this.#breaks += 1;
    this.#track = this.#adopt(track);
    await this.#talk.run(async () => {
      // A sender's number of layers is fixed: a picture that is worth more, or fewer, needs another sender.
      const fits = this.#producer === undefined || this.#layersOf(this.#track) === this.#layers;
      if (fits || this.#stopped) return this.#bringInLine();
      await this.#retract();
      await this.#start();
    });
  }

  /** Stops device and sending, and tells the server; the promise waits for that and never rejects. */
  stop(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#stopped = true;
    this.#release();
    this.#attachments.show(undefined);
    return this.#talk.run(() => this.#retract()).catch(() => undefined);
  }

  async #start(): Promise<void> {
    this.#told = this.#muted;
    this.#layers = this.#layersOf(this.#track);
    this.#size = sizeOf(this.#track);
    const producer = (this.#producer = await this.#produce(this.#told));
    if (this.#stopped) return this.#retract();
    this.#encodings = this.#switchOf(producer);
    const wanted = this.#wanted.get(producer.id);
    if (wanted !== undefined) this.#encodings?.set(wanted);
    if (this.kind === 'video') this.#watchSize(producer);
    await this.#bringInLine();
  }

  #switchOf(producer: Producer): EncodingSwitch | undefined {
    const { rtpSender } = producer;
    if (this.kind !== 'video' || rtpSender === undefined) return undefined;
    const { scope } = this.#context;
    return createEncodingSwitch(rtpSender, {
      closed: () => producer.closed || scope.closed,
      pause: (milliseconds) => scope.pause(milliseconds),
      problem: (error) => this.#context.emit('problem', toClientError(error, 'media-failed')),
    });
  }

  #isUnwanted(producerId: string): boolean {
    return this.#wanted.get(producerId) === null;
  }

  #watchSize(producer: Producer): void {
    this.#context.scope.after(SIZE_LOOK, () => {
      if (producer.closed || producer !== this.#producer) return;
      const { width = 0, height = 0 } = sizeOf(this.#track);
      if (width > 0 && height > 0 && (width !== this.#size.width || height !== this.#size.height)) {
        this.#size = { width, height };
        this.#inBackground(() => this.#tellSize(producer.id, { width, height }));
      }
      this.#watchSize(producer);
    });
  }

  async #tellSize(producerId: string, size: { width: number; height: number }): Promise<void> {
    await this.#context.request('producer-size', { producerId, ...size });
  }

  #layersOf(track: MediaStreamTrack): number {
    const { contentHint } = track;
    return layerCount(this.source, { ...track.getSettings(), contentHint }, this.#options);
  }

  #adopt(track: MediaStreamTrack): MediaStreamTrack {
    track.enabled = !this.#muted;
    track.addEventListener('ended', this.#onEnded);
    this.#attachments.show(track);
    return track;
  }

  #release(): void {
    this.#track.removeEventListener('ended', this.#onEnded);
    this.#track.stop();
  }

  /** Through lost connections and rebuilt media, until it is sent, refused, or the room is closed. */
  async #produce(paused: boolean): Promise<Producer> {
    for (let attempt = 1; ; attempt += 1) {
      const media = await this.#context.media();
      if (this.#stopped || this.#track.readyState === 'ended') throw clientError('track-ended');
      try {
        return await media.send({ ...this.#options, track: this.#track, paused });
      } catch (error) {
        const { code } = toClientError(error, 'media-failed');
        if (this.#context.scope.closed) throw clientError('closed');
        const passing = media.closed || code === 'connection-lost' || code === 'media-unavailable';
        if (!passing || attempt >= SEND_ATTEMPTS) throw error;
        if (!media.closed) await this.#context.scope.pause(SEND_PAUSE);
      }
    }
  }

  /** Makes producer and server as this track is now. */
  async #bringInLine(): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined || producer.closed || this.#stopped) return;
    const muted = this.#muted;
    // Without a track the sender sends nothing at all, and takes it back without a negotiation.
    await producer.replaceTrack({ track: muted ? null : this.#track });
    if (this.#told === muted) return;
    this.#told = muted;
    await this.#context.request(muted ? 'producer-pause' : 'producer-resume', { producerId: producer.id });
  }

  async #retract(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer === undefined) return;
    this.#wanted.delete(producer.id);
    if (producer.closed) return;
    producer.close();
    await this.#context.request('producer-close', { producerId: producer.id });
  }

  #inBackground(task: () => Promise<void>): void {
    this.#talk.run(task).catch((error: unknown) => {
      // With the media gone, the track is sent anew as it is now.
      if (this.#context.scope.closed || this.#producer === undefined || this.#producer.closed) return;
      this.#context.emit('problem', toClientError(error, 'media-failed'));
    });
  }
}

function sizeOf(track: MediaStreamTrack): Size {
  const { width, height } = track.getSettings();
  return { width, height };
}
