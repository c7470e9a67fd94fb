import type { StreamStats } from '../rooms/media-engine.ts';
import { SECOND, type Sampled, type Sampler } from './sampler.ts';
import { type Counts, countStreams, pausedStats, type RtpStreamStat } from './stream-counts.ts';

/** A producer or consumer, as far as watching it goes. */
export type Watched = {
  readonly codec: string;
  readonly clockRate: number;
  paused(): boolean;
  /** The stats of its own streams. May reject. */
  stats(): Promise<readonly RtpStreamStat[]>;
  /** Ticks between two looks, and whether they matter more than others'. */
  period(): number;
  urgent(): boolean;
  /** What was seen between two looks. */
  seen(before: Counts, now: Counts): void;
  /** It flows no more, because one of its ends wants so; this is the last word of it for now. */
  fellSilent(stats: StreamStats): void;
};

/** Looks at one track for as long as something should flow in it. */
export class StreamWatch implements Sampled {
  readonly #watched: Watched;
  readonly #sampler: Sampler;
  #before: Counts | undefined;
  #flows = false;
  /** Goes up with each pause: an answer to a question from before it means nothing any more. */
  #round = 0;

  constructor(watched: Watched, sampler: Sampler) {
    this.#watched = watched;
    this.#sampler = sampler;
  }

  get flows(): boolean {
    return this.#flows;
  }

  /** To be called whenever it may have begun or ceased to flow. `connected`: its transport is. */
  update(connected: boolean): void {
    const paused = this.#watched.paused();
    const flows = connected && !paused;
    if (flows === this.#flows) return;
    this.#flows = flows;
    if (flows) {
      this.#sampler.add(this);
      return;
    }
    this.#sampler.remove(this);
    this.#round += 1;
    const { codec } = this.#watched;
    if (paused)
      this.#watched.fellSilent(
        pausedStats(codec, this.#before === undefined ? 0 : performance.now() - this.#before.at),
      );
    this.#before = undefined;
  }

  /** Looks now, beside its turns, if it flows. Resolves when what was seen is told. */
  async look(): Promise<void> {
    if (this.#flows) await this.ask();
  }

  /** Look again within a second. */
  hasten(): void {
    this.#sampler.hasten(this);
  }

  /** It is closed: nothing is told of it any more. */
  stop(): void {
    this.#sampler.remove(this);
    this.#flows = false;
    this.#round += 1;
  }

  period(): number {
    // The second look comes soon after the first, which only says where the counters stand.
    return this.#before === undefined ? SECOND : this.#watched.period();
  }

  urgent(): boolean {
    return this.#watched.urgent();
  }

  async ask(): Promise<void> {
    const round = this.#round;
    let stats: readonly RtpStreamStat[];
    try {
      stats = await this.#watched.stats();
    } catch {
      // Closed meanwhile, or its worker is gone: both are told elsewhere.
      return;
    }
    if (round !== this.#round) return;
    const before = this.#before;
    this.#before = countStreams(stats, performance.now(), this.#watched.clockRate);
    if (before !== undefined) this.#watched.seen(before, this.#before);
  }
}
