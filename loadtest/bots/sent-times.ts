import type { Clip } from './clip.ts';

/**
 * When a sender has sent what a receiver in the same process gets: servers change sequence numbers, SSRCs and times, but
 * not payloads. A payload is known by its last bytes; those of a clip that look alike are left out.
 */
export class SentTimes {
  readonly #indexes = new Map<number, number>();
  readonly #sentAt: Float64Array;

  constructor(clip: Clip) {
    this.#sentAt = new Float64Array(clip.packets);
    const seen = new Set<number>();
    for (const { first, payloads } of clip.frames) {
      for (const [offset, payload] of payloads.entries()) {
        const key = keyOf(payload);
        if (key < 0) continue;
        if (seen.has(key)) this.#indexes.delete(key);
        else this.#indexes.set(key, first + offset);
        seen.add(key);
      }
    }
  }

  /** The `index`th payload of the clip leaves now. */
  sent(index: number, now: number): void {
    this.#sentAt[index] = now;
  }

  /** Milliseconds since this packet's payload was sent the last time; NaN where it is not known. */
  age(packet: Buffer, now: number): number {
    const index = this.#indexes.get(keyOf(packet));
    const sentAt = index === undefined ? 0 : this.#sentAt[index]!;
    return sentAt === 0 ? Number.NaN : now - sentAt;
  }
}

/** The last six bytes, which make an integer that is exact; -1 where there are not so many. */
function keyOf(bytes: Buffer): number {
  return bytes.length < 6 ? -1 : bytes.readUIntBE(bytes.length - 6, 6);
}
