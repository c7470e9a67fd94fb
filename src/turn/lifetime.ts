import type { Millis } from '../kernel/clock.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import type { Core } from './core.ts';
import type { User } from './users.ts';

/**
 * The time to expiry that a request is granted, in milliseconds (RFC 8656 §7.2, §8.2): what LIFETIME asks for, but no
 * more than the most and no less than the default; and no more than the credential has left, with its grace.
 */
export function grantedLifetime({ reader, options: { lifetimes } }: Core, user: User, now: Millis): number {
  const wished = reader.has(ATTRIBUTE.LIFETIME) ? 1000 * reader.uint32(ATTRIBUTE.LIFETIME) : lifetimes.default;
  const granted = Math.max(lifetimes.default, Math.min(wished, lifetimes.max));
  return Math.max(1000, Math.min(granted, user.expiresAt + lifetimes.credentialGrace - now));
}
