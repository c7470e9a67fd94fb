import type { Reporter } from './report.mjs';

/** What every step of the bootstrap works with. Types only: the bootstrap itself must run before .ts files can. */
export interface Context {
  /** The checkout. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Show what commands print. */
  readonly verbose: boolean;
  readonly report: Reporter;
}
