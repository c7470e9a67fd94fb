/** How busy a worker is, for choosing where the next room or the next transport of a room goes. */

export type MediaCounts = {
  rooms: number;
  transports: number;
  producers: number;
  consumers: number;
  /** Tracks that come from another router. */
  pipes: number;
};

/**
 * Shares of one core that we expect of each thing, from measurements: a forwarded packet costs 6 to 7 µs, a video
 * stream has about 100 packets a second. A room without anybody counts for the people who are about to join it.
 */
const EXPECTED = { rooms: 0.01, transports: 0.0005, producers: 0.0005, consumers: 0.0007, pipes: 0.0007 } as const;

/** A worker that was full takes more again when its load is below this share of what counts as full. */
const ROOM_AGAIN = 0.8;
/** Differences of less, in cores, are noise of the measurement. */
const NOISE = 0.03;

/** Cores that `counts` will use once everyone sends. */
function expectedLoad(counts: MediaCounts): number {
  return (
    counts.rooms * EXPECTED.rooms +
    counts.transports * EXPECTED.transports +
    counts.producers * EXPECTED.producers +
    counts.consumers * EXPECTED.consumers +
    counts.pipes * EXPECTED.pipes
  );
}

/**
 * The load of one worker in cores: what it was seen to use, and what is expected of all that came to it too lately to
 * be seen. So a burst of newcomers spreads before any of them costs anything, and what costs nothing fills nothing.
 */
export class WorkerLoad {
  readonly counts: MediaCounts = { rooms: 0, transports: 0, producers: 0, consumers: 0, pipes: 0 };
  readonly #fullAt: number;
  #measured = 0;
  /** What was expected of the counts at the last measurement and at the one before: what came since then is not seen yet. */
  #expected: readonly [last: number, before: number] = [0, 0];
  #full = false;

  /** @param fullAt Cores, 0 to 1, from which on the worker is full. */
  constructor(fullAt: number) {
    this.#fullAt = fullAt;
  }

  /** The worker used `cores` since the last measurement. */
  measured(cores: number): void {
    this.#measured = cores;
    this.#expected = [expectedLoad(this.counts), this.#expected[0]];
    if (this.cores < this.#fullAt * ROOM_AGAIN) this.#full = false;
  }

  get cores(): number {
    return this.#measured + Math.max(0, expectedLoad(this.counts) - this.#expected[1]);
  }

  /** Whether newcomers should go elsewhere. Once it is, it stays so until there is clearly room again. */
  get full(): boolean {
    this.#full ||= this.cores >= this.#fullAt;
    return this.#full;
  }

  /** Below 0 where this one is less busy than `other`. What is too close to tell goes by what the workers have. */
  compare(other: WorkerLoad): number {
    const difference = Math.round(this.cores / NOISE) - Math.round(other.cores / NOISE);
    return difference === 0 ? expectedLoad(this.counts) - expectedLoad(other.counts) : difference;
  }
}

type Loaded = { readonly load: WorkerLoad };

/** The least busy of `workers`; the first where several are. */
export function leastLoaded<Worker extends Loaded>(workers: Iterable<Worker>): Worker | undefined {
  let best: Worker | undefined;
  for (const worker of workers) if (best === undefined || worker.load.compare(best.load) < 0) best = worker;
  return best;
}

/**
 * Where the next transport goes of a room that is on the workers `own` so far, the first of them first: as few workers as
 * possible, since each one has all that is watched there sent to it. Where all are full, the least busy of them takes it.
 */
export function nextWorker<Worker extends Loaded>(own: readonly Worker[], all: readonly Worker[]): Worker | undefined {
  const [first, ...others] = own;
  if (first !== undefined && !first.load.full) return first;
  const hasRoom = ({ load }: Worker) => !load.full;
  return leastLoaded(others.filter(hasRoom)) ?? leastLoaded(all.filter(hasRoom)) ?? leastLoaded(all);
}
