/** Whose machine it is: that of what is measured. */
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets every other process go before this one from now on, as if it ran on a machine of its own; its threads, those to come
 * and the processes that it starts. Only root can take it back.
 */
export function giveWay(): void {
  // Linux has a priority for each thread, and a new thread has that of the one which starts it.
  for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), constants.priority.PRIORITY_LOW);
}
