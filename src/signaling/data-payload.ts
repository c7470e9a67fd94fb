/** Payloads of data messages in JSON: text as it is, all else in base64 (RFC 4648 §4). */
import { SluiceError } from '../kernel/errors.ts';

type Marked = { readonly text?: true } | { readonly t: 'refused' };

export function encodePayload(header: Marked, payload: Uint8Array): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return bytes.toString(isText(header) ? 'utf8' : 'base64');
}

/** Throws `invalid-request` for what is no base64. */
export function decodePayload(header: Marked, payload: string): Uint8Array {
  if (isText(header)) return Buffer.from(payload);
  const bytes = Buffer.from(payload, 'base64');
  // Node skips what does not belong: what comes out must be what went in.
  if (bytes.toString('base64') !== payload) {
    throw new SluiceError('invalid-request', { detail: 'A payload that is not text is base64, with its padding.' });
  }
  return bytes;
}

function isText(header: Marked): boolean {
  return 'text' in header && header.text !== undefined;
}
