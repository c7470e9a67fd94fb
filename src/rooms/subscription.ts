import type { WantedLayer } from './demand.ts';
import type { Layers, MediaConsumer } from './media-engine.ts';
import type { Publication } from './publication.ts';
import { type Course, type Pump, Steering } from './steering.ts';
import { layerFor, type Size } from './wanted-layers.ts';

/** What a viewer's page shows of a track. */
export type Shown = {
  /** Not at all. */
  readonly hidden: boolean;
  /** Somebody chose to see it whatever happens. */
  readonly pinned: boolean;
  /** In device pixels, as it is drawn; undefined: the page does not say, and wants all of it. */
  readonly size: Size | undefined;
};

/** Until the client says anything. */
export const SHOWN_IN_FULL: Shown = { hidden: false, pinned: false, size: undefined };

/**
 * Who comes first where the way to a viewer is too narrow for everything. The lowest layer of each picture comes before a
 * higher one of any; from then on a picture with this many steps gets all of its layers before the next one.
 */
const PRIORITY = { screen: 40, pinned: 30, speaker: 20, other: 1 } as const;

/** A track on its way to one viewer: what all that have a say in it come to. */
export class Subscription {
  readonly publication: Publication;
  readonly consumer: MediaConsumer;
  /** Whether the client has heard of it. */
  disclosed = false;

  readonly #steering: Steering;
  /** `fresh`: the client has not said yet that it is ready. */
  #client: 'fresh' | 'ready' | 'paused' = 'fresh';
  #cap: Layers | undefined;
  #shown = SHOWN_IN_FULL;
  #withheld = false;
  #audible: boolean;
  #speaking: boolean;
  #wanted: WantedLayer = null;
  #closed = false;

  /** `consumer` is paused. `audible`: whether it is one of those that are forwarded, as far as it is a microphone. */
  constructor(
    publication: Publication,
    consumer: MediaConsumer,
    pump: Pump,
    { audible, speaking }: { audible: boolean; speaking: boolean },
  ) {
    this.publication = publication;
    this.consumer = consumer;
    this.#audible = audible;
    this.#speaking = speaking;
    this.#steering = new Steering(consumer, pump, this.#course());
  }

  get shown(): Shown {
    return this.#shown;
  }

  /** Whether the server holds it back because others are more relevant. */
  get withheld(): boolean {
    return this.#withheld;
  }

  set shown(shown: Shown) {
    this.#shown = shown;
    this.update();
  }

  set withheld(withheld: boolean) {
    this.#withheld = withheld;
    this.update();
  }

  set audible(audible: boolean) {
    this.#audible = audible;
    this.update();
  }

  set speaking(speaking: boolean) {
    this.#speaking = speaking;
    this.update();
  }

  /** The client will be ready soon: the key frame with which its picture begins is asked for, so that it is there by then. */
  prepare(): void {
    const { video, paused } = this.publication;
    if (video === undefined || paused || this.#client !== 'fresh' || !this.#allowed) return;
    // Where it fails, the consumer or its worker is gone.
    this.consumer.requestKeyFrame().catch(() => undefined);
  }

  /** The client is ready for it, or wants a pause. Resolves when that is done. */
  async setPaused(paused: boolean): Promise<void> {
    this.#client = paused ? 'paused' : 'ready';
    this.update();
    await this.#steering.settled();
  }

  /** The client wants no more than these. */
  async limitLayers(cap: Layers): Promise<void> {
    this.#cap = cap;
    this.update();
    await this.#steering.settled();
  }

  /** Brings the consumer, and what is asked of the sender, in line with all that was said. */
  update(): void {
    if (this.#closed) return;
    this.#steering.steer(this.#course());
    this.#want(this.#wantedLayer());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#want(null);
    this.consumer.close();
  }

  get #allowed(): boolean {
    return !this.#shown.hidden && !this.#withheld && this.#audible;
  }

  #course(): Course {
    const temporal = this.#cap?.temporalLayer;
    const layers = { spatialLayer: this.#layer(), ...(temporal === undefined ? {} : { temporalLayer: temporal }) };
    return { flows: this.#client === 'ready' && this.#allowed, layers, priority: this.#priority() };
  }

  #layer(): number {
    const { producer, video } = this.publication;
    const capped = Math.min(this.#cap?.spatialLayer ?? Infinity, producer.layers.spatial - 1);
    const { size } = this.#shown;
    return video === undefined || size === undefined ? capped : Math.min(capped, layerFor(video.picture, size));
  }

  #priority(): number {
    const { source } = this.publication;
    if (source === 'screen') return PRIORITY.screen;
    if (source !== 'camera') return PRIORITY.other;
    if (this.#shown.pinned) return PRIORITY.pinned;
    return this.#speaking ? PRIORITY.speaker : PRIORITY.other;
  }

  /** One that is not ready yet wants the least that makes a picture: what more it wants, it says when it is. */
  #wantedLayer(): WantedLayer {
    if (!this.#allowed || this.#client === 'paused') return null;
    return this.#client === 'fresh' ? 0 : this.#layer();
  }

  #want(wanted: WantedLayer): void {
    this.publication.video?.demand.change(this.#wanted, wanted);
    this.#wanted = wanted;
  }
}
