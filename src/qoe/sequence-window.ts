/**
 * Which sequence numbers of a session were seen: the newest and a bitmap of those before it, as IPsec's anti-replay
 * window has it (RFC 4303 §3.4.3). What comes late and in disorder is taken once; what is older than the window counts as seen.
 */

/** Numbers behind the newest that are remembered: a beacon holds 100, so some are still on their way in disorder. */
export const SEQUENCE_WINDOW = 512;

const WORDS = SEQUENCE_WINDOW / 32;

export type Arrival = 'new' | 'seen' | 'old';

export class SequenceWindow {
  readonly #bits = new Uint32Array(WORDS);
  #newest = -1;

  /** What `sequence` is; nothing changes. An integer from 0 to 2^40. */
  look(sequence: number): Arrival {
    if (sequence > this.#newest) return 'new';
    if (sequence <= this.#newest - SEQUENCE_WINDOW) return 'old';
    return this.#has(sequence) ? 'seen' : 'new';
  }

  /** Remembers `sequence`, which was `new`. */
  add(sequence: number): void {
    if (sequence > this.#newest) this.#advance(sequence);
    const place = sequence % SEQUENCE_WINDOW;
    this.#bits[place >>> 5] = this.#bits[place >>> 5]! | (1 << (place & 31));
  }

  #has(sequence: number): boolean {
    const place = sequence % SEQUENCE_WINDOW;
    return (this.#bits[place >>> 5]! & (1 << (place & 31))) !== 0;
  }

  /** The places of the numbers that were skipped held much older ones. */
  #advance(to: number): void {
    if (to - this.#newest >= SEQUENCE_WINDOW) this.#bits.fill(0);
    else {
      for (let skipped = this.#newest + 1; skipped <= to; skipped += 1) {
        const place = skipped % SEQUENCE_WINDOW;
        this.#bits[place >>> 5] = this.#bits[place >>> 5]! & ~(1 << (place & 31));
      }
    }
    this.#newest = to;
  }
}
