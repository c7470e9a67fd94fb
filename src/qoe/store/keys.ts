/** Keys of sessions in the store. */

/** The first key of a process's sessions: unique over restarts, while less than a thousand begin in a millisecond. */
export function firstKey(writer: number): number {
  return writer * 1000;
}
