import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, posix, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { SluiceError } from '../kernel/errors.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/** How a directory is served. */
export type StaticOptions = {
  /** The path under which the directory's root stands, such as `/` or `/sdk`. Default `/`. */
  mount?: string;
  /**
   * The file that answers a path which is no file, by the path's beginning: `{ '/meet/': 'meet.html' }`. The longest
   * beginning that fits wins, and one without a slash at its end has to be the whole path. Files are named relative to
   * the directory.
   */
  fallbacks?: Readonly<Record<string, string>>;
  /** Files whose names carry a hash of their content, by path: they never change. Default: all below `/assets/`. */
  immutable?: RegExp;
  /** Headers of every HTML page, such as a Content-Security-Policy. */
  pageHeaders?: Readonly<Record<string, string>>;
};

/** A directory in memory. */
export type StaticFiles = {
  /** For GET routes. Throws `not-found` where there is no such file. */
  handler(this: void, request: HttpRequest): HttpResponse;
  /** Paths that are served, for the start-up log and for tests. */
  readonly paths: readonly string[];
  /**
   * Compresses every file, and resolves when all are. Until then, what is not ready goes out as it is. It takes some tenths
   * of a second of a core and more, which a server that starts has better uses for.
   */
  compress(this: void): Promise<void>;
};

type Encoding = 'br' | 'gzip';
type Variant = { body: Uint8Array; headers: Readonly<Record<string, string>>; notModified: HttpResponse; etag: string };
type File = { identity: Variant; encoded: Partial<Record<Encoding, Variant>> };

/**
 * Reads a built directory (some MB) into memory. A request is looked up among the files that were there at the start: no
 * path of a request ever reaches the file system.
 */
export function staticFiles(directory: string, options: StaticOptions = {}): StaticFiles {
  const { mount = '/', fallbacks = {}, immutable = /^\/assets\//, pageHeaders = {} } = options;
  const files = new Map<string, File>();
  const byName = new Map<string, File>();
  for (const name of listFiles(directory)) {
    const body = readFileSync(join(directory, name));
    const path = posix.join('/', name);
    const headers = fileHeaders(path, immutable.test(path), pageHeaders);
    const file: File = { identity: variant(body, headers, undefined), encoded: {} };
    byName.set(name, file);
    files.set(posix.join('/', mount, name), file);
    // A directory answers with its index, and only with the slash: relative links in it would break without.
    if (posix.basename(name) === 'index.html') {
      files.set(posix.join('/', mount, posix.dirname(name), '/'), file);
    }
  }
  const beginnings = Object.entries(fallbacks)
    .map(([beginning, name]) => {
      const file = byName.get(name);
      if (file === undefined) throw new Error(`The page ${name} for ${beginning} is missing in ${directory}.`);
      return { beginning, file };
    })
    .toSorted((a, b) => b.beginning.length - a.beginning.length);

  const find = (path: string): File | undefined =>
    files.get(path) ??
    files.get(decodePath(path)) ??
    beginnings.find(({ beginning }) => (beginning.endsWith('/') ? path.startsWith(beginning) : path === beginning))
      ?.file;

  return {
    handler(request) {
      const file = find(request.path);
      if (file === undefined) throw new SluiceError('not-found');
      return respond(file, request);
    },
    paths: [...files.keys()].toSorted(),
    compress: () => compressAll([...byName.values()]),
  };
}

function respond(file: File, request: HttpRequest): HttpResponse {
  const chosen = choose(file, request.header('accept-encoding') ?? '');
  const known = request.header('if-none-match');
  if (known !== undefined && matches(known, chosen.etag)) return chosen.notModified;
  return { status: 200, headers: chosen.headers, body: chosen.body };
}

// RFC 9110 §12.5.3. The server's preference decides among what the client takes at all.
function choose(file: File, acceptEncoding: string): Variant {
  if (acceptEncoding !== '' && (file.encoded.br !== undefined || file.encoded.gzip !== undefined)) {
    const offers = new Map<string, boolean>();
    for (const part of acceptEncoding.toLowerCase().split(',')) {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
      offers.set(name, !parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter)));
    }
    for (const encoding of ['br', 'gzip'] as const) {
      const found = file.encoded[encoding];
      if (found !== undefined && (offers.get(encoding) ?? offers.get('*') ?? false)) return found;
    }
  }
  return file.identity;
}

// RFC 9110 §13.1.2: weak comparison, so what a proxy weakened still matches.
function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((entry) => entry.trim().replace(/^W\//, '') === etag);
}

function variant(body: Uint8Array, base: Readonly<Record<string, string>>, encoding: Encoding | undefined): Variant {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  const headers: Record<string, string> = { ...base, etag };
  if (encoding !== undefined) headers['content-encoding'] = encoding;
  // RFC 9110 §15.4.5: what a 200 would have said about caching.
  const kept = {
    etag,
    'cache-control': base['cache-control'] ?? '',
    ...(base['vary'] === undefined ? {} : { vary: base['vary'] }),
  };
  return {
    body,
    etag,
    headers: Object.freeze(headers),
    notModified: Object.freeze({ status: 304, headers: Object.freeze(kept) }),
  };
}

function fileHeaders(path: string, isImmutable: boolean, pageHeaders: Readonly<Record<string, string>>) {
  const type = TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
  const isPage = type.startsWith('text/html');
  return {
    'content-type': type,
    'cache-control': isImmutable && !isPage ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(isCompressible(type) ? { vary: 'Accept-Encoding' } : {}),
    ...(isPage ? pageHeaders : {}),
  };
}

async function compressAll(files: readonly File[]): Promise<void> {
  for (const file of files) {
    const { body, headers } = file.identity;
    // Below a packet's size compression gains nothing.
    if (body.byteLength < 1024 || !isCompressible(headers['content-type'] ?? '')) continue;
    const { etag: _, ...base } = headers;
    // One file at a time, in zlib's own threads: requests must not wait for this.
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const [br, gz] = await Promise.all([
      compressBrotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
      compressGzip(body, { level: 9 }),
    ]);
    if (br.byteLength < body.byteLength) file.encoded.br = variant(br, base, 'br');
    if (gz.byteLength < body.byteLength) file.encoded.gzip = variant(gz, base, 'gzip');
  }
}

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const isCompressible = (type: string) => /^(?:text\/|application\/(?:json|wasm|manifest\+json)|image\/svg)/.test(type);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
