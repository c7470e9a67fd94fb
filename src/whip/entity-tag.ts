import { SluiceError } from '../kernel/errors.ts';

/**
 * Holds If-Match against the entity tag of an ICE session (RFC 9725 §4.3.1): without one `precondition-required`, with
 * another one `precondition-failed`. `*` is any, with or without the quotes that the RFC's examples have.
 */
export function requireMatch(ifMatch: string | undefined, tag: string): void {
  if (ifMatch === undefined) {
    throw new SluiceError('precondition-required', { detail: 'Send If-Match with the ETag that you were given.' });
  }
  const tags = ifMatch.split(',').map((one) => one.trim());
  // RFC 9110 §13.1.1: compared strongly, so that a weak tag never matches.
  if (!tags.some((one) => one === tag || one === '*' || one === '"*"')) throw new SluiceError('precondition-failed');
}
