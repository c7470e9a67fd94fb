const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text that `length` bytes are in UTF-8; `undefined` where they are none. */
export function decodeUtf8(view: DataView, offset: number, length: number): string | undefined {
  try {
    return strict.decode(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  } catch {
    return undefined;
  }
}

/** `text` in UTF-8. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}
