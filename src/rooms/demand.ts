import { later, type Millis } from '../kernel/clock.ts';

/** For how long less must be wanted until the sender is told, in milliseconds: encoders take a while to start anew. */
export const FALL_AFTER = 1000;
/** The same until it is told that nobody wants any of it: who comes right after another one has gone is to see something at once. */
export const STOP_AFTER = 5000;

/** The highest spatial layer that is wanted, those below it with it; null: nothing at all. */
export type WantedLayer = number | null;

export type DemandOptions = {
  /** Spatial layers that are sent. */
  readonly layers: number;
  readonly now: () => Millis;
  /** Has `due` called at that time, in place of any before; undefined: not at all. */
  readonly wake: (at: Millis | undefined) => void;
  /** The sender is to send this from now on. */
  readonly tell: (wanted: WantedLayer) => void;
};

/**
 * What the receivers of one track want of it together. Its sender is told at once when it is more than it sends, and
 * when it has been less for a second, or nothing for five. At first it sends everything.
 */
export class Demand {
  readonly #options: DemandOptions;
  /** By layer: how many want it as their highest. */
  readonly #wanted: number[];
  #told: WantedLayer;
  /** The most that was wanted since it became less than was told. */
  #peak: WantedLayer | undefined;
  #closed = false;

  constructor(options: DemandOptions) {
    this.#options = options;
    this.#wanted = Array.from({ length: options.layers }, () => 0);
    this.#told = options.layers - 1;
  }

  /** What the sender was told last. */
  get told(): WantedLayer {
    return this.#told;
  }

  /** One receiver wants `after` instead of `before`. */
  change(before: WantedLayer, after: WantedLayer): void {
    if (before === after || this.#closed) return;
    if (before !== null) this.#wanted[before]! -= 1;
    if (after !== null) this.#wanted[after]! += 1;
    this.review();
  }

  /** Compares what is wanted with what was told: to be called once nobody may have wanted it yet. */
  review(): void {
    if (this.#closed) return;
    const wanted = this.#highest();
    if (!isLess(wanted, this.#told)) {
      if (this.#peak !== undefined) this.#options.wake(undefined);
      this.#peak = undefined;
      this.#tell(wanted);
      return;
    }
    if (this.#peak === undefined) {
      this.#peak = wanted;
      this.#options.wake(later(this.#options.now(), wanted === null ? STOP_AFTER : FALL_AFTER));
    } else if (isLess(this.#peak, wanted)) {
      // Somebody has come who wants something, and less than is sent: that is told as soon as ever.
      if (this.#peak === null) this.#options.wake(later(this.#options.now(), FALL_AFTER));
      this.#peak = wanted;
    }
  }

  /** The time has come that `wake` was asked for. */
  due(): void {
    if (this.#peak === undefined || this.#closed) return;
    const peak = this.#peak;
    this.#peak = undefined;
    this.#tell(peak);
    this.review();
  }

  /** The track has ended. */
  close(): void {
    this.#closed = true;
    if (this.#peak !== undefined) this.#options.wake(undefined);
    this.#peak = undefined;
  }

  #tell(wanted: WantedLayer): void {
    if (wanted === this.#told) return;
    this.#told = wanted;
    this.#options.tell(wanted);
  }

  #highest(): WantedLayer {
    for (let layer = this.#wanted.length - 1; layer >= 0; layer -= 1) if (this.#wanted[layer]! > 0) return layer;
    return null;
  }
}

function isLess(one: WantedLayer, other: WantedLayer): boolean {
  return (one ?? -1) < (other ?? -1);
}
