import type * as uWS from 'uWebSockets.js';

/** Header lines that every answer of a route starts with, made ready once. */
export type HeaderBlock = {
  /** Name of the first line, and everything from its value to the end of the last line's value. */
  readonly first: string;
  readonly rest: string;
  /** By lower-case name. */
  readonly lines: ReadonlyMap<string, string>;
};

// Pages and API answers alike: no sniffing of types, and no room name in a Referer.
const DEFAULTS = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** The defaults with `headers` on top. Throws where one of them could not be sent. */
export function headerBlock(headers: Readonly<Record<string, string>> = {}): HeaderBlock {
  const lines = new Map<string, string>(Object.entries(DEFAULTS));
  for (const [name, value] of Object.entries(headers)) {
    assertHeader(name, value);
    lines.set(name.toLowerCase(), value);
  }
  const [[first, value] = ['', ''], ...others] = lines;
  return { first, rest: value + others.map(([name, other]) => `\r\n${name}: ${other}`).join(''), lines };
}

/**
 * Throws where a header line could not be sent: a name that is no token, a value with control characters, which could
 * end the line and begin another (RFC 9110 §5.5), and lines that are the server's to write.
 */
export function assertHeader(name: string, value: string): void {
  if (!TOKEN.test(name)) throw new TypeError(`"${name}" is not a header name.`);
  if (CONTROL.test(value)) throw new TypeError(`The value of the header ${name} contains control characters.`);
  if (RESERVED.test(name)) throw new TypeError(`The header ${name} is written by the server.`);
}

/** Writes `block` and then `headers`, which win over lines of the block. All must have passed `assertHeader`. */
export function writeHeaders(
  res: uWS.HttpResponse,
  block: HeaderBlock,
  headers: Readonly<Record<string, string | readonly string[]>> | undefined,
): void {
  if (headers === undefined || !overlaps(block, headers)) {
    // µWS writes a value as it is: several lines in one call save calls into native code.
    res.writeHeader(block.first, block.rest);
  } else {
    const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
    for (const [name, value] of block.lines) if (!own.has(name)) res.writeHeader(name, value);
  }
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') res.writeHeader(name, value);
    else for (const line of linesOf(value)) res.writeHeader(name, line);
  }
}

/** The values of one header, a line each. */
export function linesOf(value: string | readonly string[] | undefined): readonly string[] {
  return typeof value === 'string' ? [value] : (value ?? ['']);
}

function overlaps(block: HeaderBlock, headers: Readonly<Record<string, unknown>>): boolean {
  for (const name in headers) {
    if (block.lines.has(name) || block.lines.has(name.toLowerCase())) return true;
  }
  return false;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// eslint-disable-next-line no-control-regex -- these are the characters that must not be there
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const RESERVED = /^(?:content-length|transfer-encoding|connection|date)$/i;
