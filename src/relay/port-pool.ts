/** Ports of one relay address: which are free, in the order of chance. */
export type PortPool = {
  /**
   * A port that is free, at random among all that are; `even`: an even one; `pair`: an even one whose next is free too,
   * and both are taken. Undefined where there is none.
   */
  take(wanted: 'any' | 'even' | 'pair', now: number): number | undefined;
  /** A port that was taken is free again, after a while. */
  giveBack(port: number, now: number): void;
  /** A port that was taken belongs to somebody else on this machine: it is tried again after a while. */
  refused(port: number, now: number): void;
  /** Ports that can be taken, those that rest included. */
  readonly free: number;
};

/** Places in `at` of ports that are not free. */
const TAKEN = -1;
const RESTING = -2;
/** How often chance may miss before even ports and pairs are looked for one by one. */
const ATTEMPTS = 32;

/**
 * A pool of the ports `first` to `last`. RFC 8656 §7.2 asks for ports that an attacker cannot foresee. A port rests for
 * `restMs` before it is given to somebody else, since peers may go on sending to its last owner; where all that are
 * left rest, those that have rested longest are taken.
 *
 * @param except Ports of the range that are never given.
 * @param random A number from 0 up to, but not including, `bound`.
 */
export function createPortPool(
  { first, last, except = [] }: { first: number; last: number; except?: readonly number[] },
  random: (bound: number) => number,
  restMs = 15_000,
): PortPool {
  const size = last - first + 1;
  /** The free ports, less `first`, in no order: the first `count` of these. */
  const free = Uint16Array.from({ length: size }, (_, index) => index);
  let count = size;
  /** Of each port, less `first`: where it is among the free ones, or what else it is. */
  const at = Int32Array.from(free);
  /** Those that rest, the longest first: `waiting` of them from `head` on, around the end; and until when each does. */
  const queue = new Uint16Array(size);
  const restsUntil = new Float64Array(size);
  let head = 0;
  let waiting = 0;
  let taken = 0;
  for (const port of new Set(except)) if (port >= first && port <= last) mark(port - first);

  function mark(index: number): void {
    const place = at[index]!;
    count -= 1;
    const other = free[count]!;
    free[place] = other;
    at[other] = place;
    at[index] = TAKEN;
    taken += 1;
  }

  function wakeRested(now: number): void {
    while (waiting > 0 && restsUntil[queue[head]!]! <= now) wakeFirst();
  }

  function wakeFirst(): void {
    const index = queue[head]!;
    head = (head + 1) % size;
    waiting -= 1;
    at[index] = count;
    free[count] = index;
    count += 1;
  }

  const fits = (index: number, wanted: 'any' | 'even' | 'pair') =>
    wanted === 'any' || ((first + index) % 2 === 0 && (wanted === 'even' || (index + 1 < size && at[index + 1]! >= 0)));

  /** By chance; where that misses often, the next in the list, which is in no order either. */
  function find(wanted: 'any' | 'even' | 'pair'): number | undefined {
    if (count === 0) return undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const index = free[random(count)]!;
      if (fits(index, wanted)) return index;
    }
    return free.subarray(0, count).find((index) => fits(index, wanted));
  }

  function rest(port: number, now: number): void {
    const index = port - first;
    if (at[index] !== TAKEN) return;
    taken -= 1;
    at[index] = RESTING;
    queue[(head + waiting) % size] = index;
    waiting += 1;
    restsUntil[index] = now + restMs;
  }

  /** What fits among those that rest: the one that has rested longest, or all of them where two must be neighbours. */
  function findResting(wanted: 'any' | 'even' | 'pair'): number | undefined {
    if (wanted === 'any') {
      if (waiting > 0) wakeFirst();
    } else {
      while (waiting > 0) wakeFirst();
    }
    return find(wanted);
  }

  return {
    take(wanted, now) {
      wakeRested(now);
      const index = find(wanted) ?? findResting(wanted);
      if (index === undefined) return undefined;
      mark(index);
      if (wanted === 'pair') mark(index + 1);
      return first + index;
    },
    giveBack: rest,
    refused: rest,
    get free() {
      return size - taken;
    },
  };
}

/**
 * The part of a range that thread `index` of `count` has to itself, cut before even ports so that pairs stay together.
 * Empty (`last` below `first`) where there are too few.
 */
export function shareOfPorts(
  { first, last }: { first: number; last: number },
  index: number,
  count: number,
): { first: number; last: number } {
  const cut = (part: number) => {
    if (part === 0) return first;
    if (part === count) return last + 1;
    const at = first + Math.floor(((last - first + 1) * part) / count);
    return Math.max(first, at - (at % 2));
  };
  return { first: cut(index), last: cut(index + 1) - 1 };
}
