/** What a command of the CLI is: a table of these is the whole of it. */
import type { Sluice } from '../../client/server-sdk/sluice.ts';
import type { Output } from './output.ts';

/** A flag. `value`: what its value is called in the help; without it, it is a switch. */
export type Option = { readonly value?: string; readonly help: string };

/** What a command is called with, once it is known to fit. */
export type Invocation = {
  /** A positional argument by its name; all of them are there. */
  readonly argument: (name: string) => string;
  /** A flag with a value; undefined where it is not given. */
  readonly option: (name: string) => string | undefined;
  /** A switch. */
  readonly has: (name: string) => boolean;
  readonly json: boolean;
  readonly output: Output;
  /** The server that flags, environment or configuration name. Throws a `UsageError` where they name none. */
  readonly server: () => Promise<Sluice>;
};

export type Command = {
  /** One word or two: `room create`. */
  readonly name: string;
  /** Positional arguments, all required. */
  readonly arguments: readonly string[];
  readonly summary: string;
  /** What the help says besides. */
  readonly details?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Resolves with the exit code, 0 where it says none. */
  run(invocation: Invocation): Promise<number | void>;
};

/** The command line is wrong, and `message` says how: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `text` as a whole number of `least` or more. Throws a `UsageError`. */
export function wholeNumber(flag: string, text: string | undefined, least = 0): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,15}$/u.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least))
    throw new UsageError(`--${flag} expects a whole number of ${least} or more, found "${text}".`);
  return number;
}
