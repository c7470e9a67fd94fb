import type * as uWS from 'uWebSockets.js';
import { SluiceError } from '../kernel/errors.ts';

/** What body a route takes. */
export type BodyRule = {
  /** Bytes. Default 64 KiB. */
  maxBytes?: number;
  /** Media types without parameters, in lower case. Default `application/json`. */
  types?: readonly string[];
  /**
   * Milliseconds from the headers to the last byte. Default 7,500: below the 8 s after which µWS itself may close a
   * connection that sends too little, without an answer.
   */
  timeoutMs?: number;
};

/** A rule with nothing left to guess. */
export const bodyRule = (rule: BodyRule): Required<BodyRule> => ({
  maxBytes: rule.maxBytes ?? 64 * 1024,
  types: rule.types ?? ['application/json'],
  timeoutMs: rule.timeoutMs ?? 7_500,
});

/** How the reading of a body ended. `mustClose`: the rest of the body cannot be waited for. */
export type BodyResult = { ok: true; body: Uint8Array } | { ok: false; error: SluiceError; mustClose: boolean };

/** A body under way. */
export type BodyReading = {
  /** The client is gone: stops the clock, and calls back no more. */
  cancel(): void;
};

const EMPTY = new Uint8Array(0);

/**
 * Reads a body of at most `rule.maxBytes` from `res` and calls back once, often before this returns. The caller has
 * set `onAborted`. `declared` is the Content-Length, if there is one.
 */
export function readBody(
  res: uWS.HttpResponse,
  rule: Required<BodyRule>,
  declared: number | undefined,
  done: (result: BodyResult) => void,
): BodyReading {
  // One growing buffer, not a list of chunks: a body of one-byte chunks must not cost a hundred times its size.
  let buffer = Buffer.alloc(0);
  let size = 0;
  let over = false;

  const finish = (result: BodyResult) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done(result);
  };

  const timer = setTimeout(() => {
    const detail = `The body did not arrive within ${rule.timeoutMs} ms.`;
    finish({ ok: false, error: new SluiceError('request-timeout', { detail }), mustClose: true });
  }, rule.timeoutMs);

  res.onData((chunk, isLast) => {
    if (over) return;
    if (size + chunk.byteLength > rule.maxBytes) {
      // There is no way to stop only the reading, and a body without a length may go on for ever.
      finish({ ok: false, error: tooLarge(rule.maxBytes), mustClose: true });
      return;
    }
    if (chunk.byteLength > 0) {
      if (size + chunk.byteLength > buffer.length) {
        // A declared length is believed only as far as 16 KiB before the bytes are there.
        const room = Math.max(size + chunk.byteLength, size * 2, Math.min(declared ?? 0, 16 * 1024));
        const grown = Buffer.allocUnsafeSlow(Math.min(room, rule.maxBytes));
        buffer.copy(grown, 0, 0, size);
        buffer = grown;
      }
      // µWS takes the chunk back on return: this copy is the only one that may be kept.
      buffer.set(new Uint8Array(chunk), size);
      size += chunk.byteLength;
    }
    if (isLast) finish({ ok: true, body: size === 0 ? EMPTY : buffer.subarray(0, size) });
  });

  return {
    cancel() {
      over = true;
      clearTimeout(timer);
    },
  };
}

/** The Content-Length, or what is wrong with body and headers. Undefined where there is no length to know. */
export function checkBodyHeaders(
  rule: Required<BodyRule>,
  contentType: string,
  contentLength: string,
  transferEncoding: string,
): { declared: number | undefined; error?: SluiceError } {
  const declared = contentLength === '' ? undefined : Number(contentLength);
  const present = transferEncoding !== '' || (declared !== undefined && declared > 0);
  if (present && !isAcceptable(contentType, rule.types)) {
    const detail = `Send ${rule.types.join(' or ')}, in UTF-8.`;
    return { declared, error: new SluiceError('unsupported-media-type', { detail }) };
  }
  if (declared !== undefined && declared > rule.maxBytes) return { declared, error: tooLarge(rule.maxBytes) };
  return { declared };
}

function isAcceptable(contentType: string, types: readonly string[]): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (!types.includes(type.trim())) return false;
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=');
    return name.trim() !== 'charset' || /^"?(utf-?8|us-ascii)"?$/.test(value.trim());
  });
}

function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError('body-too-large', { detail: `At most ${maxBytes} bytes are accepted here.` });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** `bytes` as text. Throws `invalid-request` where they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SluiceError('invalid-request', { detail: 'The body is not UTF-8.' });
  }
}

/**
 * `bytes` as JSON. Throws `malformed-json` where they are not, and `invalid-request` where an object has the key
 * `__proto__`, which would change the prototype of whatever a careless copy puts it into.
 */
export function decodeJson(bytes: Uint8Array): unknown {
  let poisoned = false;
  try {
    const text = utf8.decode(bytes);
    // The key can be spelled with escapes; only text that might hold it pays for the slow walk.
    if (!text.includes('__proto__') && !text.includes('\\u')) return JSON.parse(text);
    const value: unknown = JSON.parse(text, (key, inner: unknown) => {
      if (key === '__proto__') poisoned = true;
      return inner;
    });
    if (!poisoned) return value;
  } catch (error) {
    throw new SluiceError('malformed-json', error instanceof SyntaxError ? { detail: error.message } : {});
  }
  throw new SluiceError('invalid-request', { detail: 'The key "__proto__" is not allowed.' });
}
