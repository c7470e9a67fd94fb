/**
 * Messages as bytes on a data channel: the length of the header (16 bits, network order), the header as JSON, then the
 * payload. The browser SDK uses this, too.
 */

/** The longest header, in bytes: a hundred recipients fit. */
const MAX_HEADER = 8192;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A header and its payload as one frame. */
export function encodeFrame(header: object, payload: Uint8Array): Uint8Array {
  const json = encoder.encode(JSON.stringify(header));
  const frame = new Uint8Array(2 + json.length + payload.length);
  frame[0] = json.length >> 8;
  frame[1] = json.length & 0xff;
  frame.set(json, 2);
  frame.set(payload, 2 + json.length);
  return frame;
}

/** The two parts of a frame, the payload as a view of it; undefined where it is not one. */
export function decodeFrame(frame: Uint8Array): { header: unknown; payload: Uint8Array } | undefined {
  const length = frame.length < 2 ? 0 : (frame[0]! << 8) | frame[1]!;
  if (length === 0 || length > MAX_HEADER || frame.length < 2 + length) return undefined;
  try {
    const header: unknown = JSON.parse(decoder.decode(frame.subarray(2, 2 + length)));
    return { header, payload: frame.subarray(2 + length) };
  } catch {
    return undefined;
  }
}
