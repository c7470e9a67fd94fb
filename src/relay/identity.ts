import { hash } from 'node:crypto';

/**
 * RFC 8489 §14.3 gives a user name 508 bytes. `expiry:` takes up to 12 of them and a room's name with its slash up to
 * 129; this is left.
 */
const MOST = 508 - 12;

/**
 * Whose relay it is, as its user names and the log say: `room/participant`, or what an application calls somebody. Each
 * part is percent-encoded (RFC 3986 §2.1), so that the slash stands for itself alone and all of it is ASCII. What does not
 * fit is cut, with `=` and a hash of the whole behind it: percent-encoding leaves no `=`, so nobody else is called so.
 */
export function turnIdentity(...parts: readonly string[]): string {
  const whole = parts.map(encode).join('/');
  if (whole.length <= MOST) return whole;
  const digest = hash('sha256', whole, 'base64url');
  return `${whole.slice(0, MOST - digest.length - 1)}=${digest}`;
}

/** A lone surrogate has no UTF-8: its code unit is written as it is, in a form that nothing else has. */
function encode(part: string): string {
  if (part.isWellFormed()) return encodeURIComponent(part);
  return part.replaceAll(/\p{Surrogate}|[^\p{Surrogate}]+/gu, (text) =>
    text.isWellFormed() ? encodeURIComponent(text) : `=u${text.charCodeAt(0).toString(16)}`,
  );
}
