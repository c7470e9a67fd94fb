/** When trouble has lasted long enough to be told of: for each threshold and direction, raised and ended. Pure. */
import type { Millis } from '../kernel/clock.ts';
import { type Level, LEVELS } from './level.ts';

/** In `level`, or below it, for `for` ms. */
export type Threshold = { readonly level: Level; readonly for: number };

export const DIRECTIONS = ['up', 'down'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** A threshold was passed, or is so no more. */
export type Crossing = {
  readonly state: 'raised' | 'ended';
  readonly threshold: Threshold;
  readonly direction: Direction;
  /** The level as it is now. */
  readonly level: Level;
  /** Since when it is as bad as the threshold says, or was until now. */
  readonly since: Millis;
};

type Trouble = { readonly since: Millis; raised: boolean };

/** The thresholds of one session. Holds nothing while all is well. */
export class Thresholds {
  readonly #thresholds: readonly Threshold[];
  readonly #troubles = new Map<number, Trouble>();

  constructor(thresholds: readonly Threshold[]) {
    this.#thresholds = thresholds;
  }

  /** Takes the levels as of `now`, and calls `cross` for each threshold that they cross. Call it once a second. */
  update(levels: Readonly<Record<Direction, Level>>, now: Millis, cross: (crossing: Crossing) => void): void {
    for (let index = 0; index < this.#thresholds.length; index += 1) {
      for (let way = 0; way < DIRECTIONS.length; way += 1) {
        this.#follow(index * DIRECTIONS.length + way, levels[DIRECTIONS[way]!], now, cross);
      }
    }
  }

  /** The session is over, and so is all that was raised. */
  end(levels: Readonly<Record<Direction, Level>>, cross: (crossing: Crossing) => void): void {
    for (const [place, trouble] of this.#troubles) {
      if (trouble.raised) cross(this.#crossing('ended', place, levels, trouble));
    }
    this.#troubles.clear();
  }

  #follow(place: number, level: Level, now: Millis, cross: (crossing: Crossing) => void): void {
    const threshold = this.#thresholds[Math.floor(place / DIRECTIONS.length)]!;
    const trouble = this.#troubles.get(place);
    const bad = LEVELS.indexOf(level) <= LEVELS.indexOf(threshold.level);
    const levels = { up: level, down: level };
    if (!bad) {
      if (trouble === undefined) return;
      this.#troubles.delete(place);
      if (trouble.raised) cross(this.#crossing('ended', place, levels, trouble));
      return;
    }
    const current = trouble ?? { since: now, raised: false };
    if (trouble === undefined) this.#troubles.set(place, current);
    if (current.raised || now - current.since < threshold.for) return;
    current.raised = true;
    cross(this.#crossing('raised', place, levels, current));
  }

  #crossing(
    state: Crossing['state'],
    place: number,
    levels: Readonly<Record<Direction, Level>>,
    { since }: Trouble,
  ): Crossing {
    const direction = DIRECTIONS[place % DIRECTIONS.length]!;
    const threshold = this.#thresholds[Math.floor(place / DIRECTIONS.length)]!;
    return { state, threshold, direction, level: levels[direction], since };
  }
}
