/** What comes of reading something that a stranger wrote: a value, or why there is none. */
import type { ErrorCode } from '../kernel/errors.ts';

/** A refusal names the code of the error table and what was found; hostile text yields one of these, never an exception. */
export type Refusal = {
  readonly ok: false;
  readonly code: Extract<ErrorCode, 'malformed-sdp' | 'invalid-media' | 'unsupported-codec'>;
  readonly why: string;
};
export type Reading<Value> = { readonly ok: true; readonly value: Value } | Refusal;

export function read<Value>(value: Value): Reading<Value> {
  return { ok: true, value };
}

export function refuse(code: Refusal['code'], why: string): Refusal {
  return { ok: false, code, why };
}
