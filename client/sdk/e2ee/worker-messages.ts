/** What page and worker say to each other. */
import type { KeyEntry } from './key-store.ts';
import type { Unopened } from './open.ts';
import type { SealedTrack } from './seal.ts';

/** What is done with the frames of one sender or receiver. `id` names it in what the worker tells. */
export type Job = SealedTrack & { readonly id: string; readonly side: 'seal' | 'open' };

export type ToWorker =
  | { readonly type: 'key'; readonly entry: KeyEntry }
  /** By the older API, where the page hands the streams over; `slot` names them. */
  | {
      readonly type: 'streams';
      readonly slot: number;
      readonly job: Job;
      readonly readable: ReadableStream;
      readonly writable: WritableStream;
    }
  /** The same streams are of another track now. */
  | { readonly type: 'job'; readonly slot: number; readonly job: Job };

export type JobState = 'encrypted' | Exclude<Unopened, 'replayed' | 'malformed'>;
/** How it goes with a job, when that has changed. */
export type FromWorker = { readonly id: string; readonly state: JobState };
