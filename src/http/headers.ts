import type * as uWS from 'uWebSockets.js';

/** Header lines that every answer of a route starts with, made ready once. */
export type HeaderBlock = {
  /** Name of the first line, and everything from its value to the end of the last line's value. */
  readonly first: string;
  readonly rest: string;
  /** By lower-case name. */
  readonly lines: ReadonlyMap<string, string>;
  /** `rest` with the lines of answers behind it, by their frozen headers: many answers share a few of these. */
  readonly joined: WeakMap<object, string>;
};

/** The headers of one answer. A list makes a line of each of its values. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[]>>;

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
  const rest = value + others.map(([name, other]) => `\r\n${name}: ${other}`).join('');
  return { first, rest, lines, joined: new WeakMap() };
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

/**
 * Writes `block`, then `headers`, which win over lines of the block, then the lines that CORS adds. All must have passed
 * `assertHeader`. µWS writes a value as it is: several lines in one call save calls into native code.
 */
export function writeHeaders(
  res: uWS.HttpResponse,
  block: HeaderBlock,
  headers: AnswerHeaders | undefined,
  cors: AnswerHeaders | undefined,
): void {
  const rest = headers === undefined ? block.rest : joinedLines(block, headers);
  if (rest === undefined) writeOverlapping(res, block, headers);
  else res.writeHeader(block.first, rest);
  for (const name in cors) for (const line of linesOf(cors[name])) res.writeHeader(name, line);
}

/** Everything from the value of the block's first line on; undefined where `headers` take the place of a line of it. */
function joinedLines(block: HeaderBlock, headers: AnswerHeaders): string | undefined {
  const known = block.joined.get(headers);
  if (known !== undefined) return known;
  let rest = block.rest;
  for (const name in headers) {
    if (block.lines.has(name) || block.lines.has(name.toLowerCase())) return undefined;
    for (const line of linesOf(headers[name])) rest += `\r\n${name}: ${line}`;
  }
  if (Object.isFrozen(headers)) block.joined.set(headers, rest);
  return rest;
}

function writeOverlapping(res: uWS.HttpResponse, block: HeaderBlock, headers: AnswerHeaders = {}): void {
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  for (const [name, value] of block.lines) if (!own.has(name)) res.writeHeader(name, value);
  for (const name in headers) for (const line of linesOf(headers[name])) res.writeHeader(name, line);
}

/** The values of one header, a line each. */
export function linesOf(value: string | readonly string[] | undefined): readonly string[] {
  return typeof value === 'string' ? [value] : (value ?? ['']);
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// eslint-disable-next-line no-control-regex -- these are the characters that must not be there
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const RESERVED = /^(?:content-length|transfer-encoding|connection|date)$/i;
