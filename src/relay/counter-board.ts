/** The counters of one thread, in memory that it shares with the main thread. */
import { COUNTERS, COUNTERS_LENGTH, type Counter } from '../turn/counters.ts';
import { DATAGRAM_COUNTER_COUNT, DATAGRAM_COUNTERS } from './datagram-io.ts';
import { THREAD_COUNTERS, THREAD_COUNTERS_LENGTH, type ThreadCounter } from './thread-counters.ts';

/** Three tables in one piece of memory. Each number is written by the thread alone. */
export type CounterBoard = {
  readonly turn: Float64Array;
  readonly datagrams: Float64Array;
  readonly thread: Float64Array;
};

export type DatagramCounter = keyof typeof DATAGRAM_COUNTERS;

/** What has been counted, by name. */
export type CounterValues = {
  readonly turn: Readonly<Record<Counter, number>>;
  readonly datagrams: Readonly<Record<DatagramCounter, number>>;
  readonly thread: Readonly<Record<ThreadCounter, number>>;
};

export function newCounterMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * (COUNTERS_LENGTH + DATAGRAM_COUNTER_COUNT + THREAD_COUNTERS_LENGTH));
}

export function counterBoard(memory: SharedArrayBuffer): CounterBoard {
  return {
    turn: new Float64Array(memory, 0, COUNTERS_LENGTH),
    datagrams: new Float64Array(memory, 8 * COUNTERS_LENGTH, DATAGRAM_COUNTER_COUNT),
    thread: new Float64Array(memory, 8 * (COUNTERS_LENGTH + DATAGRAM_COUNTER_COUNT), THREAD_COUNTERS_LENGTH),
  };
}

/** A thread has died: what it had is gone, what it has counted stays. */
export function clearGauges({ turn, thread }: CounterBoard): void {
  for (const [name, index] of Object.entries(COUNTERS)) if (name.startsWith('gauge.')) turn[index] = 0;
  for (const [name, index] of Object.entries(THREAD_COUNTERS)) if (name.startsWith('gauge.')) thread[index] = 0;
}

/** The sums over all boards. Those of `thread` that are delays or shares mean nothing as sums. */
export function sumOfBoards(boards: readonly CounterBoard[]): CounterValues {
  const sums = <Name extends string>(names: Readonly<Record<Name, number>>, table: keyof CounterBoard) =>
    Object.fromEntries(
      Object.entries<number>(names).map(([name, index]) => [
        name,
        boards.reduce((sum, board) => sum + board[table][index]!, 0),
      ]),
    ) as Record<Name, number>;
  return {
    turn: sums(COUNTERS, 'turn'),
    datagrams: sums(DATAGRAM_COUNTERS, 'datagrams'),
    thread: sums(THREAD_COUNTERS, 'thread'),
  };
}
