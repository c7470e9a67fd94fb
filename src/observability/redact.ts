/**
 * What may be logged of a value: a plain copy in which nothing secret is left. Values under a telling key are taken out
 * whole; in every string, what looks like a token, a private key or credentials is blotted out, wherever it stands.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, []);
}

/** `text` without what looks like a token, a private key or credentials. */
export function redactText(text: string): string {
  if (!MAY_HOLD_SECRET.test(text)) return text;
  let clean = text;
  for (const [pattern, replacement] of SECRET_TEXT) clean = clean.replace(pattern, replacement);
  return clean;
}

const GONE = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

// `tokenId` and `keyId` are what a log is searched for, and open nothing.
const SECRET_KEY =
  /^(?!.*(?:token|key)[-_]?ids?$).*(?:token|secret|passw|passphrase|credential|authorization|cookie|api[-_]?key|private[-_]?key|ice[-_]?pwd)/i;

const SECRET_TEXT: readonly [RegExp, string][] = [
  // A JWT: three base64url parts, of which the first begins as {" does.
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, GONE],
  // An API key as this server makes them: the id may stay, the secret goes.
  [/\b(key_[0-9a-f]{12})\.[\w.~+/=-]{16,}/g, `$1.${GONE}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, GONE],
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, `$1 ${GONE}`],
  [/([?&#](?:[\w-]*token|api[-_]?key|secret|password)=)[^&#\s"']+/gi, `$1${GONE}`],
  // user:password@ in a URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:)[^\s/@]+@/gi, `$1${GONE}@`],
];

/** One of these stands in whatever the patterns above find: most that is logged is names and ids, and has none. */
const MAY_HOLD_SECRET = /eyJ|key_|[\s=@]/;

function copy(value: unknown, depth: number, parents: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (parents.includes(value)) return '[circular]';
  if (depth > MAX_DEPTH) return '[too deep]';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value;
  if (value instanceof URL) return redactText(value.href);

  const above = [...parents, value];
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => copy(item, depth + 1, above));
  if (value instanceof Set) return copy([...value], depth, above);
  const entries =
    value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value);
  const plain: Record<string, unknown> = value instanceof Error ? describe(value, depth, above) : {};
  for (const [key, item] of entries.slice(0, MAX_ITEMS)) {
    // A number or a flag under such a key counts secrets, and is none.
    const secret = SECRET_KEY.test(key) && (typeof item === 'string' || (typeof item === 'object' && item !== null));
    plain[redactText(key)] = secret ? GONE : copy(item, depth + 1, above);
  }
  return plain;
}

function describe(error: Error, depth: number, above: readonly object[]): Record<string, unknown> {
  return {
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1, above) }),
  };
}
