/** The fast-changing facts of one room, gathered between ticks and sent as one small frame of what changed. */

/** Level of a participant that is not heard (RFC 6464 §3: -127 dBov is digital silence). */
export const SILENCE = -127;

/** What changed since the last tick; see signaling's `tick`. */
export type TickFrame = {
  /** Audio levels as index, dBov pairs: `[3, -42, 5, -127]`. */
  l?: number[];
  /** Index of the active speaker; null when nobody speaks. */
  s?: number | null;
};

export class Tick {
  /** What the receivers have been told. */
  readonly #told = new Map<number, number>();
  /** What they have not been told yet. */
  readonly #changed = new Map<number, number>();
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

  /** The participant has left, and everyone hears of that anyway; its index may go to another one. */
  remove(index: number): void {
    this.#told.delete(index);
    this.#changed.delete(index);
    if (this.#dominant === index) this.#dominant = null;
    if (this.#toldSpeaker === index) this.#toldSpeaker = null;
  }

  /** The frame to send now as JSON, or undefined when nothing changed. Built by hand: it is made 20 times a second. */
  take(): string | undefined {
    let levels = '';
    for (const [index, dBov] of this.#changed) {
      const before = this.#told.get(index) ?? SILENCE;
      if (before === dBov) continue;
      if (dBov === SILENCE) this.#told.delete(index);
      else this.#told.set(index, dBov);
      levels += levels === '' ? `${index},${dBov}` : `,${index},${dBov}`;
    }
    this.#changed.clear();

    const speaker = this.#told.size > 0 ? (this.#dominant ?? this.#loudest()) : null;
    const speakerChanged = speaker !== this.#toldSpeaker;
    this.#toldSpeaker = speaker;
    if (levels !== '') return speakerChanged ? `{"l":[${levels}],"s":${speaker}}` : `{"l":[${levels}]}`;
    return speakerChanged ? `{"s":${speaker}}` : undefined;
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
    return { l: [...this.#told].flat(), s: this.#toldSpeaker };
  }
}
