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

const FREE = 0;
const TAKEN = 1;
const RESTING = 2;

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
  const state = new Uint8Array(size);
  /** Those that rest, the longest first: a Map iterates in insertion order. */
  const resting = new Map<number, number>();
  let taken = 0;
  for (const port of new Set(except)) if (port >= first && port <= last) mark(port - first);

  function wakeRested(now: number): void {
    for (const [index, until] of resting) {
      if (until > now) return;
      resting.delete(index);
      state[index] = FREE;
    }
  }

  const fits = (index: number, wanted: 'any' | 'even' | 'pair') => {
    if (state[index] !== FREE) return false;
    if (wanted === 'any') return true;
    return (first + index) % 2 === 0 && (wanted === 'even' || (index + 1 < size && state[index + 1] === FREE));
  };

  /** From a random place on, around the whole range. */
  function find(wanted: 'any' | 'even' | 'pair'): number | undefined {
    const start = random(size);
    for (let step = 0; step < size; step += 1) {
      const index = start + step < size ? start + step : start + step - size;
      if (fits(index, wanted)) return index;
    }
    return undefined;
  }

  function mark(index: number): void {
    state[index] = TAKEN;
    taken += 1;
  }

  function rest(port: number, now: number): void {
    const index = port - first;
    if (state[index] !== TAKEN) return;
    taken -= 1;
    state[index] = RESTING;
    resting.set(index, now + restMs);
  }

  return {
    take(wanted, now) {
      wakeRested(now);
      if (taken === size) return undefined;
      let index = find(wanted);
      if (index === undefined && resting.size > 0) {
        const [longest] = resting.keys();
        wakeRested(wanted === 'any' ? resting.get(longest!)! : Infinity);
        index = find(wanted);
      }
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
