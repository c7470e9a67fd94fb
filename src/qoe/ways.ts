/** What each of a session's two ways takes, by what its client tells and by what the server sees. Pure. */
import { STALE_AFTER_MS, DecayingMeans } from './window.ts';

/** No way is longer than the round trip by this, ms. */
const IMPOSSIBLE_MS = 150;
/** A change of the way up from which on it is worth a score at once, ms. */
const NOTABLE_MS = 40;

/** The round trips of a track, ms: the mean of late, and the last that was told. NaN where there is none. */
export type RoundTrips = { readonly rtt: number; readonly lastRtt: number };

export class Ways {
  /** The round trip of the connection as a whole. */
  readonly #link = new DecayingMeans(1);
  #lastRtt = Number.NaN;
  /** What the client last told of each way alone, ms, and when. Not a mean: it is one already, by how it is found. */
  readonly #told = { up: Number.NaN, down: Number.NaN, at: -Infinity };
  /** By how much the way up has got longer, as the client's own clock says. */
  #slowerUp = Number.NaN;
  /** The least round trip, and the longest of late, of any of its tracks or the connection. */
  #leastRtt = Number.NaN;
  #longestRtt = Number.NaN;

  /** ms; NaN while the client has told none. */
  get rtt(): number {
    return this.#link.mean(0);
  }

  /** What a client tells: its round trip, and what each way takes, ms; NaN for what it does not. `at`: when the `ms` ended. */
  takeTold(rtt: number, up: number, down: number, at: number, ms: number): void {
    this.#link.add(0, rtt, this.#link.begin(at, ms));
    if (at < this.#told.at) return;
    this.#lastRtt = rtt;
    Object.assign(this.#told, { up, down, at });
  }

  /** What the server sees of the way up. True where that is another way than it was. */
  takeSlowerUp(slower: number): boolean {
    const isNews = Math.abs(slower - (this.#slowerUp >= 0 ? this.#slowerUp : 0)) >= NOTABLE_MS;
    this.#slowerUp = slower;
    return isNews;
  }

  /** Looks at the round trips of all tracks. To be called before each score. */
  look(tracks: Iterable<RoundTrips>): void {
    let mean = this.rtt;
    let last = greater(mean, this.#lastRtt);
    for (const { rtt, lastRtt } of tracks) {
      mean = greater(mean, rtt);
      last = greater(last, lastRtt);
    }
    if (!(mean >= this.#leastRtt)) this.#leastRtt = mean;
    // A mean knows of a change seconds later than a clock.
    this.#longestRtt = greater(mean, last);
  }

  /** One way to the server, ms: as its own clock says, which knows at once and of any client, or else as the client says. */
  up(now: number): number {
    const slower = this.#slowerUp;
    if (Number.isNaN(slower)) return this.#oneWay('up', now);
    // Where no way is as long as that, its clock was set.
    if (slower > this.#longestRtt + IMPOSSIBLE_MS) return this.#oneWay('up', now);
    return slower + (this.#leastRtt >= 0 ? this.#leastRtt / 2 : 0);
  }

  /** One way from the server, ms. */
  down(now: number): number {
    return this.#oneWay('down', now);
  }

  #oneWay(way: 'up' | 'down', now: number): number {
    return now - this.#told.at <= STALE_AFTER_MS ? this.#told[way] : Number.NaN;
  }
}

/** The greater of two, either of which may be unknown. */
function greater(a: number, b: number): number {
  return b >= 0 && !(a >= b) ? b : a;
}
