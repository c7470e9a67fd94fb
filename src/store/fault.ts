/** What can be wrong with a file of the store, and what to do with one that is no database any more. */
import { renameSync } from 'node:fs';

/** Why nothing can be written. These are metric labels, too. */
export const STORE_FAULTS = ['full', 'locked', 'corrupt', 'unwritable', 'failed', 'thread'] as const;
export type StoreFault = (typeof STORE_FAULTS)[number];

/** What an error of SQLite means for the store: https://sqlite.org/rescode.html, the primary codes. */
export function faultOf(error: unknown): StoreFault {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  switch (code) {
    case 13:
      return 'full';
    case 5:
    case 6:
      return 'locked';
    case 11:
    case 26:
      return 'corrupt';
    case 8:
    case 14:
      return 'unwritable';
    default:
      return 'failed';
  }
}

/** Moves a file that is no database any more out of the way, with what belongs to it; returns where it is now. */
export function moveAside(path: string, now: number): string {
  const aside = `${path}.corrupt-${now}`;
  for (const suffix of ['', '-wal', '-shm']) {
    try {
      renameSync(`${path}${suffix}`, `${aside}${suffix}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return aside;
}
