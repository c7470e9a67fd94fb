import { QUALITY_LEVELS, type QualityLevel } from '../../src/rooms/media-view.ts';
import type { TickFrame } from '../../src/signaling/wire.ts';

/** dBov of somebody who is not heard. */
export const SILENCE = -127;

/** Levels, the active speaker and the quality of connections, by the small numbers by which ticks name participants. */
export type Levels = {
  level(index: number): number;
  /** `excellent` where nothing was said. */
  quality(index: number): QualityLevel;
  readonly speaker: number | undefined;
  /** Takes in what changed; says whose level did, whose quality did, and whether the speaker did. */
  apply(frame: TickFrame): { changed: number[]; qualityChanged: number[]; speakerChanged: boolean };
  /** Starts from `frame`, as after a join, and forgets everything else. */
  reset(frame: TickFrame): void;
  /** The number is free: whoever gets it next starts silent and excellent. */
  forget(index: number): void;
};

export function createLevels(): Levels {
  const levels = new Map<number, number>();
  const qualities = new Map<number, QualityLevel>();
  let speaker: number | undefined;

  const apply: Levels['apply'] = ({ l = [], s, q = [] }) => {
    const changed: number[] = [];
    for (let at = 0; at + 1 < l.length; at += 2) {
      const [index = 0, level = SILENCE] = l.slice(at, at + 2);
      if ((levels.get(index) ?? SILENCE) === level) continue;
      if (level === SILENCE) levels.delete(index);
      else levels.set(index, level);
      changed.push(index);
    }
    const qualityChanged: number[] = [];
    for (let at = 0; at + 1 < q.length; at += 2) {
      const [index = 0, code = 0] = q.slice(at, at + 2);
      const quality = QUALITY_LEVELS[code];
      // A level that this SDK does not know yet is no news.
      if (quality === undefined || (qualities.get(index) ?? 'excellent') === quality) continue;
      if (quality === 'excellent') qualities.delete(index);
      else qualities.set(index, quality);
      qualityChanged.push(index);
    }
    // Absent means unchanged; null means nobody.
    const next = s === undefined ? speaker : (s ?? undefined);
    const speakerChanged = next !== speaker;
    speaker = next;
    return { changed, qualityChanged, speakerChanged };
  };

  return {
    level: (index) => levels.get(index) ?? SILENCE,
    quality: (index) => qualities.get(index) ?? 'excellent',
    get speaker() {
      return speaker;
    },
    apply,
    reset(frame) {
      levels.clear();
      qualities.clear();
      speaker = undefined;
      apply(frame);
    },
    forget(index) {
      levels.delete(index);
      qualities.delete(index);
      if (speaker === index) speaker = undefined;
    },
  };
}
