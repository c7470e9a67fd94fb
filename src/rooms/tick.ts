/** The fast-changing facts of one room, gathered between ticks and sent as one small frame of what changed. */

import { QUALITY_LEVELS, type QualityLevel } from './media-view.ts';

/** Level of a participant that is not heard (RFC 6464 §3: -127 dBov is digital silence). */
export const SILENCE = -127;

/** Quality of a participant of whom nothing else is known: nobody is warned of what was not seen. */
const EXCELLENT = QUALITY_LEVELS.indexOf('excellent');

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
  /** The same for the quality of connections, as codes. */
  readonly #toldQuality = new Map<number, number>();
  readonly #changedQuality = new Map<number, number>();
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
    this.#changedQuality.set(index, QUALITY_LEVELS.indexOf(level));
  }

  /** The participant has left, and everyone hears of that anyway; its index may go to another one. */
  remove(index: number): void {
    this.#told.delete(index);
    this.#changed.delete(index);
    this.#toldQuality.delete(index);
    this.#changedQuality.delete(index);
    if (this.#dominant === index) this.#dominant = null;
    if (this.#toldSpeaker === index) this.#toldSpeaker = null;
  }

  /** The frame to send now as JSON, or undefined when nothing changed. Built by hand: it is made 20 times a second. */
  take(): string | undefined {
    const levels = changes(this.#changed, this.#told, SILENCE);
    const quality = changes(this.#changedQuality, this.#toldQuality, EXCELLENT);
    const speaker = this.#told.size > 0 ? (this.#dominant ?? this.#loudest()) : null;
    const speakerChanged = speaker !== this.#toldSpeaker;
    this.#toldSpeaker = speaker;

    let frame = '';
    if (levels !== '') frame = `"l":[${levels}]`;
    if (speakerChanged) frame += frame === '' ? `"s":${speaker}` : `,"s":${speaker}`;
    if (quality !== '') frame += frame === '' ? `"q":[${quality}]` : `,"q":[${quality}]`;
    return frame === '' ? undefined : `{${frame}}`;
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
    return { l: [...this.#told].flat(), s: this.#toldSpeaker, q: [...this.#toldQuality].flat() };
  }
}

/** What of `changed` differs from `told`, as pairs; it is told then, and `changed` is empty. `usual` needs no place in `told`. */
function changes(changed: Map<number, number>, told: Map<number, number>, usual: number): string {
  if (changed.size === 0) return '';
  let pairs = '';
  for (const [index, value] of changed) {
    const before = told.get(index) ?? usual;
    if (before === value) continue;
    if (value === usual) told.delete(index);
    else told.set(index, value);
    pairs += pairs === '' ? `${index},${value}` : `,${index},${value}`;
  }
  changed.clear();
  return pairs;
}
