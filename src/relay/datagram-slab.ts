import { markAsUntransferable } from 'node:worker_threads';

import { DATAGRAM_COUNTER_COUNT, LONGEST_DATAGRAM, type Region, RX_STRIDE, SLOT_SPARE } from './datagram-io.ts';

const MOST_SLOTS = 1024;
const CACHE_LINE = 64;

/** The size of things; what is left out has a default that suits a TURN thread. */
export type SlabSizes = {
  /** Datagrams in a batch, 1 to 1,024. Default 256; `node:dgram` reads one at a time and takes 1. */
  readonly slots?: number;
  /** Longest datagram that is received, in bytes; up to LONGEST_DATAGRAM, which is the default. */
  readonly longest?: number;
  /** Bytes of `scratch`. Default 64 KiB, and 256 more for each slot. */
  readonly scratch?: number;
  /** Bytes of `spare`. Default 0. */
  readonly spare?: number;
  /** Where to count: DATAGRAM_COUNTER_COUNT numbers or more, which may be shared memory. */
  readonly counters?: Float64Array;
};

export type Slab = {
  readonly slab: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly rx: Int32Array;
  readonly scratch: Region;
  readonly spare: Region;
  readonly counters: Float64Array;
  readonly slots: number;
  /** Bytes from one slot to the next. */
  readonly slotStride: number;
  /** Longest datagram that fits. */
  readonly longest: number;
};

/**
 * Lays out receive slots, scratch and spare in one stretch of memory. Every slot can take the longest datagram that
 * there is. That costs address space, not memory: the system backs a page when it is first written to.
 * @throws {RangeError} where a size is out of its range
 */
export function layOutSlab(sizes: SlabSizes, mostSlots = MOST_SLOTS): Slab {
  const slots = Math.min(sizes.slots ?? 256, mostSlots);
  const longest = sizes.longest ?? LONGEST_DATAGRAM;
  const scratchLength = sizes.scratch ?? 65_536 + 256 * slots;
  const spareLength = sizes.spare ?? 0;
  const counters = sizes.counters ?? new Float64Array(DATAGRAM_COUNTER_COUNT);
  within('slots', slots, 1, MOST_SLOTS);
  within('longest', longest, 1, LONGEST_DATAGRAM);
  within('scratch', scratchLength, 0, 1 << 26);
  within('spare', spareLength, 0, 1 << 30);
  within('counters', counters.length, DATAGRAM_COUNTER_COUNT, Infinity);
  const slotStride = strideFor(longest + SLOT_SPARE);
  const scratch = { offset: slots * slotStride, length: scratchLength };
  const spare = { offset: roundUp(scratch.offset + scratchLength, CACHE_LINE), length: spareLength };
  const slab = new Uint8Array(spare.offset + spareLength);
  // Both implementations hold on to this memory.
  markAsUntransferable(slab.buffer);
  return {
    slab,
    view: new DataView(slab.buffer),
    rx: new Int32Array(slots * RX_STRIDE),
    scratch,
    spare,
    counters,
    slots,
    slotStride,
    longest,
  };
}

/** An odd number of cache lines: with a power of two the beginnings of all slots would compete for a few cache sets. */
function strideFor(length: number): number {
  const lines = Math.ceil(length / CACHE_LINE);
  return (lines | 1) * CACHE_LINE;
}

function roundUp(length: number, unit: number): number {
  return Math.ceil(length / unit) * unit;
}

function within(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${what} is ${value}, which is not a whole number from ${least} to ${most}`);
}
