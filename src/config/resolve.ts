import { dirname, resolve as resolvePath } from 'node:path';

import { keyIdOf } from '../auth/api-keys.ts';
import { type Config, isLocal, type Issuer } from './config.ts';
import type { Environment } from './environment.ts';
import type { Layer } from './layer.ts';
import { resolveListen } from './listen.ts';
import type { Machine } from './machine.ts';
import type { ReportKey } from './problems.ts';
import type { Settings } from './schema.ts';
import type { Origin } from './tree.ts';
import { resolveTurn } from './turn.ts';

/** Reads a file as UTF-8; throws where it cannot be read. */
export type ReadFile = (path: string) => string;

export type ResolveContext = {
  readonly env: Environment;
  readonly machine: Machine;
  readonly readFile: ReadFile;
  /** The configuration file, from whose folder the relative paths in it start. */
  readonly file: string | undefined;
  readonly report: (path: string, at: Origin, message: string) => void;
};

/** What the layers set, put together, derived and held against each other. Problems are reported. */
export function resolve(layer: Layer, context: ResolveContext): Config {
  const settings = assemble(layer);
  const report: ReportKey = (path, message) =>
    context.report(path, layer.get(path)?.at ?? { source: 'configuration' }, message);
  const inFile = (path: string, value: string): string => {
    const written = layer.get(path)?.at.source;
    return resolvePath(written !== undefined && written === context.file ? dirname(written) : '.', value);
  };

  const production = context.env['NODE_ENV'] === 'production';
  const mode = settings.mode === 'auto' ? (production ? 'production' : 'development') : settings.mode;
  const { createOnJoin } = settings.rooms;
  const { workers: wanted, workerBin, listen: _, announced: __, ...media } = settings.media;
  const workers = wanted === 'auto' ? Math.min(256, context.machine.cores) : wanted;

  checkAuth(settings, mode, report);
  checkPorts(settings, workers, report);
  checkBounds(settings, report);
  checkWebhooks(settings, report);
  const listen = resolveListen(settings, context.machine.addresses, isLocal(settings), report);
  const certificate = (key: 'tls' | 'turn.tls', files: { cert: string; key: string }) =>
    resolveCertificate(key, files, context.readFile, inFile, report);
  const { tls: turnTls } = settings.turn;
  const tls = typeof settings.tls === 'string' ? settings.tls : certificate('tls', settings.tls);
  return {
    ...settings,
    mode,
    tls,
    auth: { ...settings.auth, issuers: resolveIssuers(settings, context.readFile, inFile, report) },
    rooms: { ...settings.rooms, createOnJoin: createOnJoin === 'auto' ? mode === 'development' : createOnJoin },
    media: {
      ...media,
      workers,
      workerBin: workerBin === null ? null : inFile('media.workerBin', workerBin),
      listen,
    },
    store: { folder: storeFolder(settings, inFile) },
    turn: resolveTurn(settings, {
      mode,
      mediaListen: listen,
      mediaPorts: media.port === 0 ? undefined : [media.port, media.port + workers - 1],
      machine: context.machine,
      certificate:
        typeof turnTls === 'object'
          ? certificate('turn.tls', turnTls)
          : turnTls === 'off' || tls === 'off'
            ? 'off'
            : 'server',
      report,
    }),
  };
}

function storeFolder({ store: { folder } }: Settings, inFile: (path: string, value: string) => string): string {
  return folder === 'auto' || folder === 'memory' ? folder : inFile('store.folder', folder);
}

/** The tree of sections that the key paths spell. The layers hold a checked value for every key. */
function assemble(layer: Layer): Settings {
  const root: Record<string, unknown> = {};
  for (const [path, { value }] of layer) {
    const names = path.split('.');
    let section = root;
    for (const name of names.slice(0, -1)) section = (section[name] ??= {}) as Record<string, unknown>;
    section[names.at(-1)!] = value;
  }
  return root as Settings;
}

function checkAuth({ auth, iceServers }: Settings, mode: Config['mode'], report: ReportKey): void {
  if (mode === 'production' && auth.keys.length === 0 && auth.issuers.length === 0) {
    report(
      'auth.keys',
      'expected an API key here, or an issuer in auth.issuers, because mode is production; found none',
    );
  }
  const ids = auth.keys.map(keyIdOf);
  const issuers = auth.issuers.map(({ issuer }) => issuer);
  for (const id of repeated(ids)) report('auth.keys', `expected keys with different ids, found ${id} twice`);
  for (const issuer of repeated(issuers)) report('auth.issuers', `expected different issuers, found ${issuer} twice`);
  for (const issuer of issuers) {
    if (ids.some((id) => id === issuer))
      report('auth.issuers', `expected an issuer, found ${issuer}, the id of an API key`);
  }
  for (const [index, { urls, username, credential }] of iceServers.entries()) {
    // RFC 8829 §4.1.1: a turn server without both makes a browser's RTCPeerConnection throw.
    if (urls.some((url) => /^turns?:/u.test(url)) && (username === undefined || credential === undefined)) {
      report('iceServers', `expected username and credential for the turn: URL of item ${index}, found nothing`);
    }
  }
}

function repeated<T>(values: readonly T[]): Set<T> {
  return new Set(values.filter((value, index) => values.indexOf(value) !== index));
}

function checkPorts({ port, media }: Settings, workers: number, report: ReportKey): void {
  if (media.port === 0) return;
  const last = media.port + workers - 1;
  if (last > 65_535) {
    report('media.port', `expected a port with ${workers} ports from it on, one per worker; found ${media.port}`);
  } else if (port >= media.port && port <= last) {
    report('port', `expected a port apart from the media ports ${media.port} to ${last}, found ${port}`);
  }
}

function checkWebhooks({ webhooks, events, store }: Settings, report: ReportKey): void {
  const { endpoints, retryFor } = webhooks;
  for (const name of repeated(endpoints.map((endpoint) => endpoint.name))) {
    report('webhooks.endpoints', `expected endpoints with different names, found ${name} twice`);
  }
  if (endpoints.length === 0) return;
  if (store.folder === 'memory') {
    report('store.folder', 'expected a folder, or auto, because there are webhooks.endpoints; found memory');
  }
  if (events.retention <= retryFor) {
    report('events.retention', 'expected a duration above webhooks.retryFor, found one that is not');
  }
}

function checkBounds({ auth, rooms, signaling }: Settings, report: ReportKey): void {
  if (auth.tokenTtl > auth.tokenTtlLimit) {
    report('auth.tokenTtl', 'expected a duration that is not above auth.tokenTtlLimit, found a longer one');
  }
  if (rooms.maxParticipants > rooms.maxParticipantsLimit) {
    const found = `found ${rooms.maxParticipants} above ${rooms.maxParticipantsLimit}`;
    report('rooms.maxParticipants', `expected a number that is not above rooms.maxParticipantsLimit, ${found}`);
  }
  if (rooms.dataLimit * 2 > signaling.maxMessage) {
    // Where there is no data channel, it travels in base64 in a message that is more than the payload.
    const found = `found ${rooms.dataLimit}B, and signaling.maxMessage is ${signaling.maxMessage}B`;
    report('rooms.dataLimit', `expected a size that is not above half of signaling.maxMessage, ${found}`);
  }
  if (signaling.maxBackpressure < signaling.replayBytes) {
    // All that was kept goes out at once to a client that comes back: it would be dropped as too slow, each time.
    const found = `found ${signaling.maxBackpressure}B below ${signaling.replayBytes}B`;
    report('signaling.maxBackpressure', `expected a size that is not below signaling.replayBytes, ${found}`);
  }
}

/** Where `key`'s two files are; a problem where one cannot be read, or is something else. */
function resolveCertificate(
  key: string,
  written: { cert: string; key: string },
  readFile: ReadFile,
  inFile: (path: string, value: string) => string,
  report: ReportKey,
): { cert: string; key: string } {
  const files = { cert: inFile(key, written.cert), key: inFile(key, written.key) };
  for (const part of ['cert', 'key'] as const) {
    const text = attempt(() => readFile(files[part]));
    const marker = part === 'cert' ? '-----BEGIN CERTIFICATE-----' : 'PRIVATE KEY-----';
    if (text === undefined) report(key, `expected a file that can be read as ${part}, found none at ${files[part]}`);
    else if (!text.includes(marker))
      report(key, `expected a PEM file as ${part}, found another kind at ${files[part]}`);
  }
  return files;
}

function resolveIssuers(
  { auth }: Settings,
  readFile: ReadFile,
  inFile: (path: string, value: string) => string,
  report: ReportKey,
): Issuer[] {
  return auth.issuers.map(({ issuer, jwks, audience, algorithms }, index) => {
    const where = `auth.issuers[${index}].jwks`;
    const rest = {
      algorithms: algorithms ?? ['RS256', 'ES256', 'EdDSA'],
      ...(audience === undefined ? {} : { audience }),
    };
    if (typeof jwks === 'string' && /^https?:\/\//iu.test(jwks)) {
      const url = URL.canParse(jwks) ? new URL(jwks) : undefined;
      // Whoever can change the answer can make tokens, so that plain http is for one's own machine alone.
      const safe =
        url?.protocol === 'https:' || (url !== undefined && isLocal({ host: url.hostname.replace(/[[\]]/gu, '') }));
      if (!safe) report('auth.issuers', `${where}: expected an https:// URL, found one of another kind`);
      return { issuer, jwks: { url: jwks }, ...rest };
    }
    const path = typeof jwks === 'string' ? inFile('auth.issuers', jwks) : undefined;
    const keys = path === undefined ? (jwks as { keys: unknown }).keys : attempt(() => keysIn(readFile(path)));
    const found = path === undefined ? '' : ` at ${path}`;
    if (!isPublicKeys(keys)) {
      report('auth.issuers', `${where}: expected a JWK set of public keys (RFC 7517), found something else${found}`);
    }
    return { issuer, jwks: { keys: isPublicKeys(keys) ? keys : [] }, ...rest };
  });
}

function keysIn(text: string): unknown {
  return (JSON.parse(text) as { keys?: unknown }).keys;
}

/** RFC 7518 §6: `d` is the private part of every asymmetric key, `k` a symmetric one. Neither has a place here. */
function isPublicKeys(keys: unknown): keys is Record<string, unknown>[] {
  return Array.isArray(keys) && keys.length > 0 && keys.every(isPublicKey);
}

function isPublicKey(key: unknown): boolean {
  return typeof key === 'object' && key !== null && 'kty' in key && !('d' in key) && !('k' in key);
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
