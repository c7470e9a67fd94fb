import type { ConsumerInfo, RoomEvent } from './events.ts';
import type { ParticipantId } from './ids.ts';
import { Relevance } from './relevance.ts';
import { type Shown, SHOWN_IN_FULL, type Subscription } from './subscription.ts';

export type AttentionOptions = {
  /** Cameras that are forwarded at most; null: all. */
  readonly lastN: number | null;
  /** When somebody took the floor: see `Rank`. */
  readonly spokeAt: (id: ParticipantId) => number;
  readonly tell: (event: RoomEvent) => void;
};

/** What one viewer looks at, and which cameras it is sent. Screens are not counted as cameras. */
export class Attention {
  readonly #options: AttentionOptions;
  readonly #cameras: Relevance<Subscription>;
  #places = 0;

  constructor(options: AttentionOptions) {
    this.#options = options;
    this.#cameras = new Relevance(options.lastN);
  }

  opened(subscription: Subscription): void {
    if (subscription.publication.source === 'camera') this.#apply(this.#enter(subscription));
  }

  closed(subscription: Subscription): void {
    this.#apply(this.#cameras.delete(subscription).filter((one) => one !== subscription));
  }

  /** The viewer's page has changed: what it shows of each of these. */
  look(at: ReadonlyMap<Subscription, Shown>): void {
    const touched: Subscription[] = [];
    for (const [subscription, shown] of at) {
      subscription.shown = shown;
      if (subscription.publication.source !== 'camera') continue;
      touched.push(subscription);
      if (shown.hidden) touched.push(...this.#cameras.delete(subscription));
      else touched.push(...this.#enter(subscription));
    }
    this.#apply(touched);
  }

  /** The owner of this camera has taken the floor. */
  spoke(camera: Subscription): void {
    if (this.#cameras.rank(camera) !== undefined) this.#apply(this.#enter(camera));
  }

  /** Another number of cameras is forwarded from now on. */
  resize(lastN: number | null): void {
    this.#apply(this.#cameras.resize(lastN));
  }

  #enter(subscription: Subscription): Subscription[] {
    const { pinned, size } = subscription.shown;
    const spokeAt = this.#options.spokeAt(subscription.publication.participantId);
    const place = this.#cameras.rank(subscription)?.place ?? (this.#places += 1);
    return this.#cameras.set(subscription, { pinned, shown: size !== undefined, spokeAt, place });
  }

  /** What has come of all that changed in one step. */
  #apply(touched: readonly Subscription[]): void {
    const withheld: ConsumerInfo['id'][] = [];
    const forwarded: ConsumerInfo['id'][] = [];
    for (const subscription of new Set(touched)) {
      const holdBack = !subscription.shown.hidden && !this.#cameras.has(subscription);
      if (holdBack === subscription.withheld) continue;
      subscription.withheld = holdBack;
      if (subscription.disclosed) (holdBack ? withheld : forwarded).push(subscription.consumer.id);
    }
    if (withheld.length > 0)
      this.#options.tell({ type: 'consumers-withheld', consumerIds: withheld, reason: 'last-n' });
    if (forwarded.length > 0) this.#options.tell({ type: 'consumers-forwarded', consumerIds: forwarded });
  }
}

/** What a client says of one consumer; what it leaves out is as if it had never said anything. */
export type ViewEntry = {
  readonly consumerId: string;
  readonly hidden?: true;
  readonly width?: number;
  readonly height?: number;
  readonly pinned?: true;
};

export function shownAs({ hidden, width, height, pinned }: ViewEntry): Shown {
  return {
    ...SHOWN_IN_FULL,
    hidden: hidden ?? false,
    pinned: pinned ?? false,
    size: width === undefined || height === undefined ? undefined : { width, height },
  };
}
