/** The fast-changing facts of one room, gathered between ticks and sent as one small frame of what changed. */

import { QUALITY_LEVELS, type QualityLevel } from './media-view.ts';

/** Level of a participant that is not heard (RFC 6464 §3: -127 dBov is digital silence). */
export const SILENCE = -127;

/** Quality of a participant of whom nothing else is known: nobody is warned of what was not seen. */
const EXCELLENT = QUALITY_LEVELS.indexOf('excellent');

const CODES = Object.fromEntries(QUALITY_LEVELS.map((level, code) => [level, code])) as Record<QualityLevel, number>;

/** What changed since the last tick; see signaling's `tick`. */
export type TickFrame = {
  /** Audio levels as index, dBov pairs: `[3, -42, 5, -127]`. */
  l?: number[];
  /** Index of the active speaker; null when nobody speaks. */
  s?: number | null;
  /** Connection quality as index, code pairs: 0 lost, 1 poor, 2 good, 3 excellent, which is also what is not told. */
  q?: number[];
};

export class Tick {
  /** What the receivers have been told. */
  readonly #told = new Map<number, number>();
  /** What they have not been told yet. */
  readonly #changed = new Map<number, number>();
  readonly #quality = new Qualities();
  #dominant: number | null = null;
  #toldSpeaker: number | null = null;

  /** The participants that are heard now, by index; whoever is not among them is silent. */
  setLevels(levels: ReadonlyMap<number, number>): void {
    for (const index of this.#told.keys()) {
      if (!levels.has(index)) this.#changed.set(index, SILENCE);
    }
    for (const index of this.#changed.keys()) {
      if (!levels.has(index)) this.#changed.set(index, SILENCE);
    }
    for (const [index, dBov] of levels) this.#changed.set(index, dBov);
  }

  /** Who dominates while anybody is heard. */
  setDominant(index: number): void {
    this.#dominant = index;
  }

  /** The participant has muted itself. It would dominate until another one has spoken for long enough. */
  mute(index: number): void {
    if (this.#dominant === index) this.#dominant = null;
  }

  /** How good the participant's connection is now. */
  setQuality(index: number, level: QualityLevel): void {
    this.#quality.set(index, CODES[level]);
  }

  /** The participant has left, and everyone hears of that anyway; its index may go to another one. */
  remove(index: number): void {
    this.#told.delete(index);
    this.#changed.delete(index);
    this.#quality.forget(index);
    if (this.#dominant === index) this.#dominant = null;
    if (this.#toldSpeaker === index) this.#toldSpeaker = null;
  }

  /** The frame to send now as JSON, or undefined when nothing changed. Built by hand: it is made 20 times a second. */
  take(): string | undefined {
    const levels = this.#levels();
    const quality = this.#quality.changes();
    const speaker = this.#told.size > 0 ? (this.#dominant ?? this.#loudest()) : null;
    const speakerChanged = speaker !== this.#toldSpeaker;
    this.#toldSpeaker = speaker;

    let frame = '';
    if (levels !== '') frame = `"l":[${levels}]`;
    if (speakerChanged) frame += frame === '' ? `"s":${speaker}` : `,"s":${speaker}`;
    if (quality !== '') frame += frame === '' ? `"q":[${quality}]` : `,"q":[${quality}]`;
    return frame === '' ? undefined : `{${frame}}`;
  }

  /** Levels that changed, as pairs; they count as told from here on. */
  #levels(): string {
    if (this.#changed.size === 0) return '';
    let pairs = '';
    for (const [index, dBov] of this.#changed) {
      const before = this.#told.get(index) ?? SILENCE;
      if (before === dBov) continue;
      if (dBov === SILENCE) this.#told.delete(index);
      else this.#told.set(index, dBov);
      pairs += pairs === '' ? `${index},${dBov}` : `,${index},${dBov}`;
    }
    this.#changed.clear();
    return pairs;
  }

  /** Who is taken for the speaker while nobody dominates: the last one for as long as it is heard, then the loudest. */
  #loudest(): number | null {
    if (this.#toldSpeaker !== null && this.#told.has(this.#toldSpeaker)) return this.#toldSpeaker;
    let loudest: number | null = null;
    let most = SILENCE;
    for (const [index, dBov] of this.#told) {
      if (dBov > most) [loudest, most] = [index, dBov];
    }
    return loudest;
  }

  /** Everything that the receivers have been told, for somebody who has just come. */
  snapshot(): TickFrame {
    return { l: [...this.#told].flat(), s: this.#toldSpeaker, q: this.#quality.told() };
  }
}

/** The quality of connections as codes, by index: what the receivers have been told, and what not yet. */
class Qualities {
  readonly #told: number[] = [];
  readonly #now: number[] = [];
  /** The first `#count` are the indices that were set since the last look, some more than once. */
  readonly #set: number[] = [];
  #count = 0;

  set(index: number, code: number): void {
    this.#now[index] = code;
    this.#set[this.#count] = index;
    this.#count += 1;
  }

  /** Nobody has the index any more. */
  forget(index: number): void {
    if (index < this.#now.length) this.#now[index] = EXCELLENT;
    if (index < this.#told.length) this.#told[index] = EXCELLENT;
  }

  /** What is to be told now, as pairs; it counts as told from here on. */
  changes(): string {
    if (this.#count === 0) return '';
    let pairs = '';
    for (let at = 0; at < this.#count; at += 1) {
      const index = this.#set[at]!;
      const code = this.#now[index]!;
      if (code === (this.#told[index] ?? EXCELLENT)) continue;
      this.#told[index] = code;
      pairs += pairs === '' ? `${index},${code}` : behind(index, code);
    }
    // Emptied, the list would be made anew for each tick.
    this.#count = 0;
    return pairs;
  }

  told(): number[] {
    return this.#told.flatMap((code, index) => (code === EXCELLENT ? [] : [index, code]));
  }
}

/** Pairs as they stand behind another one, by code and index: the same few are told again and again. */
const pairTexts: string[][] = QUALITY_LEVELS.map(() => []);

function behind(index: number, code: number): string {
  return (pairTexts[code]![index] ??= `,${index},${code}`);
}
