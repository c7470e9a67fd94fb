import type { Recorder } from '../report/recorder.ts';

/** What the flags of `npm run loadtest` say; each scenario has its own defaults. */
export type Options = {
  readonly rooms: number;
  /** Of a room; of all of them where a scenario has no rooms. */
  readonly users: number;
  readonly seconds: number;
  /** A second: joins, requests, samples or packets, as the scenario has it. */
  readonly rate: number;
  /** Who sends in a webinar. */
  readonly publishers: number;
  readonly video: 'vp8' | 'h264' | 'none';
  /** Bytes of a relayed payload. */
  readonly size: number;
};

/** The server under load. */
export type Target = {
  readonly url: string;
  /** An API key. */
  readonly key: string;
  /** The server's process, where it is one that this program has started. */
  readonly pid?: number;
  /** Where its TURN is, for scenarios that need it. */
  readonly turn?: { readonly host?: string; readonly port: number; readonly secret: string };
};

export type Stage = {
  readonly target: Target;
  readonly recorder: Recorder;
  /** A join token. */
  token(room: string, identity: string): Promise<string>;
  /** Names that no other run uses begin with this. */
  readonly run: string;
};

/** What is done to the server: made ready, kept up while it is measured, and taken back. */
export type Workload = {
  /** Works until then, in milliseconds of performance.now(). */
  run(until: number): Promise<void>;
  stop(): Promise<void>;
};

export type Scenario = {
  /** In a line, for the list. */
  readonly about: string;
  readonly defaults: Partial<Options>;
  /** Flags for a server that is started for it. */
  readonly serverFlags?: readonly string[];
  readonly needsTurn?: true;
  prepare(stage: Stage, options: Options): Promise<Workload>;
};

/** So that everything is forwarded to everyone, however many see and hear each other. */
export const ALL_IS_FORWARDED: readonly string[] = ['--rooms.lastN', 'null', '--rooms.maxAudible', 'null'];
