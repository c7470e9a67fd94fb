import type { ErrorCode } from '../../src/kernel/errors.ts';

/** What can go wrong on this side, beside what the server refuses with. */
export const LOCAL_ERRORS = {
  'invalid-options': 'The options do not fit.',
  unreachable: 'The server cannot be reached.',
  timeout: 'The server took too long to answer.',
  aborted: 'The request was cancelled.',
  'bad-answer': 'The answer is not one of a Sluice server.',
  'webhook-invalid': 'This is no webhook that was signed with one of these secrets.',
  'webhook-stale': 'The webhook was signed too long ago, or by a clock that is ahead.',
} as const satisfies Record<string, string>;

export type LocalErrorCode = keyof typeof LOCAL_ERRORS;
export type SluiceErrorCode = ErrorCode | LocalErrorCode;

type Extra = {
  status?: number | undefined;
  retryAfter?: number | undefined;
  errors?: readonly Violation[] | undefined;
  cause?: unknown;
};

/** One thing that does not fit: where in the request, and what is expected there. */
export type Violation = { readonly path: string; readonly message: string };

/** The only error that this SDK throws or rejects with. */
export class SluiceError extends Error {
  /** To branch on: a code of the server's table (docs/api.md), or one of `LocalErrorCode`. */
  readonly code: SluiceErrorCode;
  /** The HTTP status of the answer; undefined where there was none. */
  readonly status: number | undefined;
  /** Seconds to wait before trying again, where the server said so. */
  readonly retryAfter: number | undefined;
  /** What does not fit, where the server refused a request for its form. */
  readonly errors: readonly Violation[];

  constructor(code: SluiceErrorCode, message: string, { status, retryAfter, errors = [], cause }: Extra = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SluiceError';
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.errors = errors;
  }
}

/** An error of this side, with the sentence of the table unless `message` says more. */
export function localError(code: LocalErrorCode, message: string = LOCAL_ERRORS[code], cause?: unknown): SluiceError {
  return new SluiceError(code, message, { cause });
}
