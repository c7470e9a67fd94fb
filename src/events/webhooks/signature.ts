/** Signatures as Standard Webhooks has them (https://www.standardwebhooks.com, "Webhook metadata" and "Signature scheme"). */
import { createHmac } from 'node:crypto';

/** A secret as it is written: `whsec_` and 24 to 64 bytes in base64. */
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/u;

/** The key that `secret` is, or undefined where it is not one. */
export function webhookKey(secret: string): Buffer | undefined {
  const [, text] = SECRET.exec(secret) ?? [];
  const key = Buffer.from(text ?? '', 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}

/**
 * The headers of one attempt: each key signs, so that a receiver may know the old secret or the new one.
 *
 * @param timestamp Seconds since the epoch, of this attempt.
 */
export function signedHeaders(keys: readonly Buffer[], id: string, timestamp: number, body: string) {
  const content = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
