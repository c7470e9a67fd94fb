/** Whether encoders make less than they could because a client's uplink takes no more. Pure. */
import type { Track } from './track.ts';
import { STALE_AFTER_MS } from './window.ts';

/**
 * The share of what a browser believes its uplink to take from which on it keeps nothing back: 0.76 to 0.9 were seen at
 * links of 300 and 500 kbit/s, 0.5 where there was enough. The rest is headers and retransmissions.
 */
const USED_UP = 0.7;

export class Headroom {
  #available = Number.NaN;
  #at = -Infinity;
  #usedUp = false;

  /** Takes what the client believes its uplink to take, in bit/s; NaN where it does not say. */
  take(available: number, at: number): void {
    if (!(available >= 0) || at < this.#at) return;
    this.#available = available;
    this.#at = at;
  }

  /** Looks at what the encoders of `tracks` aim at now. */
  look(tracks: Iterable<Track>, now: number): void {
    this.#usedUp = false;
    if (!(now - this.#at <= STALE_AFTER_MS)) return;
    let aimed = 0;
    for (const { sent, paused, targetBitrate } of tracks)
      if (sent && !paused && targetBitrate > 0) aimed += targetBitrate;
    this.#usedUp = aimed >= USED_UP * this.#available;
  }

  /** Whether the last look found nothing left; false where the client tells nothing. */
  get usedUp(): boolean {
    return this.#usedUp;
  }
}
