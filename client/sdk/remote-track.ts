import type { Consumer } from 'mediasoup-client/types';

import type { ConsumerInfo } from '../../src/rooms/events.ts';
import type { FollowedTrack } from './adaptive/adaptation.ts';
import type { Layers, RemoteParticipant, RemoteTrack } from './api.ts';
import { type Attachments, createAttachments } from './attachments.ts';
import type { RoomContext } from './context.ts';
import { toClientError } from './errors.ts';
import type { ReceivedTrack } from './qoe/collector.ts';
import type { Published } from './roster.ts';

/** A track of somebody else: outlives the consumers through which it is received. */
export class RemoteTrackView implements RemoteTrack {
  readonly participant: RemoteParticipant;
  readonly #context: RoomContext;
  readonly #published: Published;
  readonly #attachments: Attachments;
  /** Undefined for sound, which is not seen. */
  readonly #followed: FollowedTrack | undefined;
  #consumer: Consumer | undefined;
  #subscribed: boolean;
  #paused = false;
  #wanted: Layers | undefined;
  #layers: Layers | undefined;
  #withheld = false;
  #breaks = 0;

  constructor(context: RoomContext, participant: RemoteParticipant, published: Published, subscribed: boolean) {
    this.#context = context;
    this.participant = participant;
    this.#published = published;
    this.#subscribed = subscribed;
    this.#followed =
      published.kind === 'video' ? context.adaptation.follow(published.id, () => this.interrupted()) : undefined;
    this.#attachments = createAttachments(published.kind, context.playback, {
      onFrame: (at) => context.firstFrame(at),
      watch: this.#followed,
    });
  }

  get id() {
    return this.#published.id;
  }
  get kind() {
    return this.#published.kind;
  }
  get source() {
    return this.#published.source;
  }
  get muted() {
    return this.#published.muted;
  }
  get availableLayers() {
    return this.#published.layers;
  }
  get mediaStreamTrack() {
    return this.#consumer?.track;
  }
  get subscribed() {
    return this.#subscribed;
  }
  get paused() {
    return this.#paused;
  }
  get layers() {
    return this.#layers;
  }
  get withheld() {
    return this.#withheld;
  }
  get adaptive() {
    return this.#followed?.adaptive ?? false;
  }
  get pinned() {
    return this.#followed?.pinned ?? false;
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
    return this.#consumer?.rtpReceiver?.getStats();
  }

  async setLayers(layers: Layers): Promise<void> {
    this.#wanted = layers;
    if (this.#consumer !== undefined) await this.#ask('consumer-layers', { consumerId: this.#consumer.id, ...layers });
  }

  async pause(): Promise<void> {
    this.#paused = true;
    this.interrupted();
    if (this.#consumer !== undefined) await this.#ask('consumer-pause', { consumerIds: [this.#consumer.id] });
  }

  async resume(): Promise<void> {
    this.#paused = false;
    if (this.#consumer !== undefined) await this.#ask('consumer-resume', { consumerIds: [this.#consumer.id] });
  }

  setAdaptive(adaptive: boolean): void {
    this.#followed?.setAdaptive(adaptive);
  }

  setPinned(pinned: boolean): void {
    this.#followed?.setPinned(pinned);
  }

  async subscribe(): Promise<void> {
    if (this.#subscribed) return;
    this.#subscribed = true;
    try {
      await this.#consume();
    } catch (error) {
      // A lost connection is not the end of it: it is asked for again after the next join.
      if (toClientError(error, 'media-failed').code === 'connection-lost') return;
      this.#subscribed = false;
      throw error;
    }
  }

  async #consume(): Promise<void> {
    const { consumers } = await this.#context.request('consume', { producerIds: [this.#published.producerId] });
    await this.#context.receive(consumers);
  }

  async unsubscribe(): Promise<void> {
    this.#subscribed = false;
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    this.#drop();
    this.#attachments.show(undefined);
    this.#context.emit('trackMediaChanged', this);
    await this.#ask('consumer-close', { consumerIds: [consumer.id] });
  }

  // What the room does with it.

  get consumerId(): string | undefined {
    return this.#consumer?.id;
  }

  /** What is to be measured of it; undefined where nothing is to come. */
  get measured(): ReceivedTrack | undefined {
    const consumer = this.#consumer;
    if (consumer === undefined || this.muted || this.#paused || this.#withheld) return undefined;
    if (this.#followed?.hidden === true) return undefined;
    const { id, rtpParameters } = consumer;
    const ssrc = rtpParameters.encodings?.[0]?.ssrc;
    return { id, mid: rtpParameters.mid, ssrc, breaks: this.#breaks, shown: this.#attachments.shownSize() };
  }

  /** It does not flow, or not yet: no fault of the network. */
  interrupted(): void {
    this.#breaks += 1;
  }

  /** The consumer of `info` is about to bring it: the server can be told how it is seen. */
  coming({ id }: ConsumerInfo): void {
    this.#followed?.comesBy(id);
  }

  /** `consumer` brings it from now on, and elements switch over. The receiver's own wishes are said again. */
  received(info: ConsumerInfo, consumer: Consumer): void {
    this.#consumer?.close();
    this.#layers = undefined;
    this.#withheld = false;
    this.#consumer = consumer;
    this.#followed?.comesBy(consumer.id);
    this.#attachments.show(consumer.track);
    this.#context.emit('trackMediaChanged', this);
    if (this.#paused && !info.paused) this.#background(this.pause());
    if (this.#wanted !== undefined) this.#background(this.setLayers(this.#wanted));
  }

  /** Whether one may receive has changed: without it there is no picture, and with it the server sends by itself, in `auto`. */
  permit(granted: boolean, subscribe: 'auto' | 'manual'): void {
    if (subscribe === 'auto') this.#subscribed = granted;
    if (granted) return;
    this.#drop();
    this.#attachments.show(undefined);
    this.#context.emit('trackMediaChanged', this);
  }

  /** The server knows nothing of this subscription any more: it is asked anew. */
  subscribeAgain(): void {
    this.#background(this.#consume());
  }

  /** The consumer is gone. Elements keep the last picture, as the track may come back by another one. */
  lost(): void {
    if (this.#consumer === undefined) return;
    this.#drop();
    this.#context.emit('trackMediaChanged', this);
  }

  forwarded(layers: Layers | undefined): void {
    this.#layers = layers;
    this.#context.emit('trackLayersChanged', this);
  }

  /** Whether the server forwards it to others rather than to this client. */
  setWithheld(withheld: boolean): void {
    if (this.#withheld === withheld) return;
    this.#withheld = withheld;
    this.interrupted();
    this.#context.emit('trackWithheldChanged', this);
  }

  /** Its owner does not publish it any more, or the room is over. */
  removed(): void {
    this.#drop();
    this.#attachments.show(undefined);
    this.#followed?.end();
  }

  #drop(): void {
    this.#consumer?.close();
    this.#consumer = undefined;
    this.#layers = undefined;
    this.#withheld = false;
    this.#followed?.comesBy(undefined);
  }

  /** Asks; where the consumer is gone meanwhile, the next one is told in `received`. */
  async #ask(...[name, params]: Parameters<RoomContext['request']>): Promise<void> {
    try {
      await this.#context.request(name, params);
    } catch (error) {
      const { code } = toClientError(error, 'media-failed');
      if (code !== 'consumer-not-found' && code !== 'connection-lost' && code !== 'media-unavailable') throw error;
    }
  }

  #background(task: Promise<void>): void {
    task.catch((error: unknown) => {
      const problem = toClientError(error, 'media-failed');
      if (!this.#context.scope.closed && problem.code !== 'connection-lost') this.#context.emit('problem', problem);
    });
  }
}
