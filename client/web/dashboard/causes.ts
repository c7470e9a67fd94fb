import { CAUSE, type CauseId, describeCause } from '../../../src/qoe/causes.ts';

/** A cause in words, where its amount is not known. */
export function causeText(code: CauseId): string {
  return describeCause(CAUSE[code], Number.NaN);
}
