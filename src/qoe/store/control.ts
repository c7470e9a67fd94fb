/** What the main thread and the store's thread tell each other. */
import type { FileReport } from '../../store/keeper.ts';
import type { Query } from './queries.ts';

/** A session as it begins. `key` is unique among all that this file ever holds. */
export type SessionStart = {
  readonly key: number;
  /** The participant's id. */
  readonly id: string;
  readonly room: string;
  readonly roomId: string;
  readonly identity: string;
  /** ms since the epoch, as all times of sessions. */
  readonly joined: number;
};

/** What became known of a session later. Every field replaces what was there. */
export type SessionChange = {
  readonly key: number;
  readonly left?: number;
  readonly endReason?: string;
  /** ms, by JOIN_STEPS; null where it is not known. */
  readonly joinSteps?: readonly (number | null)[];
  readonly reconnects?: number;
};

/** Written in one transaction, or not at all. */
export type Batch = {
  readonly starts: readonly SessionStart[];
  readonly changes: readonly SessionChange[];
  /** Points, one after another, each as POINT_FIELDS has it. */
  readonly points: Float64Array;
};

/** A batch with its place in the order of all. */
export type NumberedBatch = { readonly sequence: number; readonly batch: Batch };

/** For how long rows are kept, ms. */
export type Retention = {
  readonly p1: number;
  readonly p10: number;
  /** Sessions and daily costs, too. */
  readonly p60: number;
};

export type StoreStart = {
  /** The database's file, or `:memory:`. */
  readonly path: string;
  readonly retention: Retention;
  /** Tells this process from those before it, and sequence numbers of its batches from theirs. */
  readonly writer: number;
  /** How long a lock that another process holds is waited for at once, ms. */
  readonly busyTimeout: number;
  /** How long after a failure it is tried again, ms. */
  readonly retryAfter: number;
};

export type Order = ({ type: 'write' } & NumberedBatch) | { type: 'query'; sequence: number; query: Query };

export type Report =
  /** The thread takes orders; the file may still be out of reach. */
  | { type: 'ready' }
  /** All batches up to `sequence` are committed. */
  | { type: 'written'; sequence: number }
  | FileReport
  | { type: 'answer'; sequence: number; rows: unknown }
  | { type: 'refused'; sequence: number; message: string };
