/** The bytes of a beacon as JSON: plain or gzip, whatever its media type says, since `navigator.sendBeacon` sets no headers. */
import { gunzipSync } from 'node:zlib';

import { decodeJson } from '../http/body.ts';
import { SluiceError } from '../kernel/errors.ts';

/** Bytes of a beacon, before and after it was inflated. */
export const MAX_BEACON_BYTES = 64 * 1024;

/** RFC 1952 §2.3.1. JSON begins with neither. */
const GZIP = [0x1f, 0x8b] as const;

/**
 * Throws `unsupported-media-type` for another coding than gzip, `body-too-large` where it inflates to more than a beacon may
 * be, `malformed-json` for what is neither gzip nor JSON.
 *
 * @param coding The value of Content-Encoding.
 */
export function decodeBeacon(body: Uint8Array, coding: string | undefined): unknown {
  if (coding !== undefined && !/^(x-)?gzip$|^identity$/iu.test(coding.trim())) {
    throw new SluiceError('unsupported-media-type', { detail: 'The content coding may be gzip.' });
  }
  return decodeJson(body[0] === GZIP[0] && body[1] === GZIP[1] ? inflate(body) : body);
}

function inflate(body: Uint8Array): Uint8Array {
  try {
    // It stops as soon as there is more than that: what a bomb would have become is never made.
    return gunzipSync(body, { maxOutputLength: MAX_BEACON_BYTES });
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new SluiceError('body-too-large', { detail: `A beacon has at most ${MAX_BEACON_BYTES} bytes, inflated.` });
    }
    throw new SluiceError('malformed-json', { detail: 'The body is not gzip, though it begins as such.' });
  }
}
