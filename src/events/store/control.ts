/** What the main thread and the log's part on the store's thread tell each other. */
import type { FileReport } from '../../store/keeper.ts';
import type { EventBatch } from '../journal.ts';
import type { LogQuery } from './queries.ts';

export type LogStart = {
  /** The database's file, or `:memory:`. */
  readonly path: string;
  /** Unique to this process: what another one left open is over. */
  readonly writer: string;
  /** How long events are kept, ms. */
  readonly retention: number;
  /** How long usage is kept, ms. */
  readonly usageRetention: number;
  /** How long a lock that another process holds is waited for at once, ms. */
  readonly busyTimeout: number;
  /** How long after a failure it is tried again, ms. */
  readonly retryAfter: number;
};

export type LogOrder = ({ type: 'append' } & EventBatch) | { type: 'query'; sequence: number; query: LogQuery };

export type LogReport =
  /** The file is open. `last`: the last number in it; `closed`: events that were added for what another process left open. */
  | { type: 'opened'; log: string; last: number; closed: number }
  /** The batch up to this number is on the disk. */
  | { type: 'written'; last: number }
  | FileReport
  | { type: 'answer'; sequence: number; answer: unknown }
  | { type: 'refused'; sequence: number; message: string };
