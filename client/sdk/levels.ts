import type { TickFrame } from '../../src/signaling/wire.ts';

/** dBov of somebody who is not heard. */
export const SILENCE = -127;

/** Levels and the active speaker, by the small numbers by which ticks name participants. */
export type Levels = {
  level(index: number): number;
  readonly speaker: number | undefined;
  /** Takes in what changed; says whose level did, and whether the speaker did. */
  apply(frame: TickFrame): { changed: number[]; speakerChanged: boolean };
  /** Starts from `frame`, as after a join, and forgets everything else. */
  reset(frame: TickFrame): void;
  /** The number is free: whoever gets it next starts silent. */
  forget(index: number): void;
};

export function createLevels(): Levels {
  const levels = new Map<number, number>();
  let speaker: number | undefined;

  const apply: Levels['apply'] = ({ l = [], s }) => {
    const changed: number[] = [];
    for (let at = 0; at + 1 < l.length; at += 2) {
      const [index = 0, level = SILENCE] = l.slice(at, at + 2);
      if ((levels.get(index) ?? SILENCE) === level) continue;
      if (level === SILENCE) levels.delete(index);
      else levels.set(index, level);
      changed.push(index);
    }
    // Absent means unchanged; null means nobody.
    const next = s === undefined ? speaker : (s ?? undefined);
    const speakerChanged = next !== speaker;
    speaker = next;
    return { changed, speakerChanged };
  };

  return {
    level: (index) => levels.get(index) ?? SILENCE,
    get speaker() {
      return speaker;
    },
    apply,
    reset(frame) {
      levels.clear();
      speaker = undefined;
      apply(frame);
    },
    forget(index) {
      levels.delete(index);
      if (speaker === index) speaker = undefined;
    },
  };
}
