/**
 * Every key of the configuration: its type and its bounds. What each key is for, and its default, stand in
 * config/default.yaml, and a test holds the two together.
 */
import Type, { type Static, type TProperties, type TSchema } from 'typebox';

import type { FormatName } from './formats.ts';

const strict = { additionalProperties: false } as const;

/** A group of keys. Later layers replace its keys one by one, while every other value is replaced as a whole. */
function section<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { ...strict, section: true });
}

/** A text in one of the formats that FORMATS lists; `Value` is what it is turned into. */
function text<Value extends string | number = string>(
  format: FormatName,
  options: { minimum?: number; maximum?: number; secret?: true } = {},
) {
  return Type.Unsafe<Value>({ type: 'string', text: format, ...options });
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIB = 1024;
const MIB = 1024 * KIB;

const duration = (minimum: number, maximum: number) => text<number>('duration', { minimum, maximum });
const size = (minimum: number, maximum: number) => text<number>('size', { minimum, maximum });
const bitrate = (minimum: number, maximum: number) => text<number>('bitrate', { minimum, maximum });
const integer = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const auto = <T extends TSchema>(schema: T) => Type.Union([Type.Literal('auto'), schema]);
const list = <T extends TSchema>(items: T, maxItems = 64) => Type.Array(items, { maxItems });

const rateLimit = section({
  rate: Type.Number({ minimum: 0.01, maximum: 100_000_000 }),
  burst: integer(1, 100_000_000),
});

const issuer = Type.Object(
  {
    issuer: text('text'),
    /** An https:// URL, the path of a file, or the key set itself. */
    jwks: Type.Union([text('text'), Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) })]),
    audience: Type.Optional(text('text')),
    algorithms: Type.Optional(
      Type.Array(Type.Union([Type.Literal('RS256'), Type.Literal('ES256'), Type.Literal('EdDSA')]), { minItems: 1 }),
    ),
  },
  strict,
);

const iceServer = Type.Object(
  {
    urls: Type.Array(text('ice-url'), { minItems: 1, maxItems: 16 }),
    username: Type.Optional(text('text')),
    credential: Type.Optional(text('text', { secret: true })),
  },
  strict,
);

/** Addresses to listen on, each with what clients are told instead. */
const addresses = list(
  Type.Union([text('ip'), Type.Object({ ip: text('ip'), announced: Type.Optional(text('host')) }, strict)]),
  16,
);

const certificate = Type.Object({ cert: text('text'), key: text('text') }, strict);

const turnUser = Type.Object({ username: text('text'), password: text('text', { secret: true }) }, strict);

const turn = section({
  enabled: Type.Boolean(),
  listen: auto(addresses),
  announced: nullable(text('host')),
  port: integer(0, 65_535),
  tlsPort: integer(0, 65_535),
  tls: Type.Union([Type.Literal('auto'), Type.Literal('off'), certificate]),
  transports: Type.Array(Type.Union([Type.Literal('udp'), Type.Literal('tcp'), Type.Literal('tls')]), {
    minItems: 1,
    uniqueItems: true,
  }),
  threads: auto(integer(1, 64)),
  udpAddon: auto(Type.Union([Type.Literal('on'), Type.Literal('off')])),
  realm: text('realm'),
  secrets: list(text('turn-secret', { secret: true }), 16),
  users: list(turnUser, 1024),
  credentialTtl: duration(10 * SECOND, 7 * DAY),
  grace: duration(0, DAY),
  relay: auto(addresses),
  minPort: integer(1024, 65_535),
  maxPort: integer(1024, 65_535),
  peers: Type.Union([Type.Literal('media'), Type.Literal('public')]),
  allow: list(text('cidr'), 256),
  deny: list(text('cidr'), 256),
  mobility: auto(Type.Boolean()),
  tcpRelay: auto(Type.Boolean()),
  secondAddress: nullable(text('ip')),
  limits: section({
    allocations: integer(1, 1_000_000),
    allocationsPerUser: integer(1, 1_000_000),
    allocationsPerAddress: integer(1, 1_000_000),
    permissions: integer(1, 1_000_000),
    permissionsPerAddress: integer(1, 1_000_000),
    permissionsTotal: integer(1, 10_000_000),
    channels: integer(1, 1_000_000),
    channelsPerAddress: integer(1, 1_000_000),
    channelsTotal: integer(1, 10_000_000),
    connections: integer(1, 1_000_000),
    connectionsPerAddress: integer(1, 1_000_000),
    unauthenticated: integer(1, 1_000_000),
    authenticateWithin: duration(100, 10 * MINUTE),
    answers: integer(1, 1_000_000),
    bandwidth: nullable(bitrate(30_000, 1_000_000_000_000)),
    bandwidthPerUser: nullable(bitrate(30_000, 1_000_000_000_000)),
    bandwidthPerAddress: nullable(bitrate(30_000, 1_000_000_000_000)),
    bandwidthTotal: nullable(bitrate(30_000, 1_000_000_000_000)),
  }),
});

/** In a level, or below it, for so long. */
const qualityThreshold = Type.Object(
  {
    level: Type.Union([Type.Literal('lost'), Type.Literal('poor'), Type.Literal('good')]),
    for: duration(0, HOUR),
  },
  strict,
);

const webhook = Type.Object(
  {
    name: text('name'),
    url: text('webhook-url', { secret: true }),
    secrets: Type.Array(text('webhook-secret', { secret: true }), { minItems: 1, maxItems: 4 }),
    events: Type.Optional(Type.Array(text('event-type'), { maxItems: 64 })),
  },
  strict,
);

/** The schema of the whole configuration. */
export const ConfigSchema = section({
  mode: auto(Type.Union([Type.Literal('development'), Type.Literal('production')])),
  host: text('host'),
  port: integer(0, 65_535),
  publicUrl: nullable(text('http-url')),
  tls: Type.Union([Type.Literal('off'), Type.Literal('self-signed'), certificate]),
  trustProxy: list(text('cidr')),
  auth: section({
    keys: list(text('api-key', { secret: true })),
    issuers: list(issuer),
    leeway: duration(0, 5 * MINUTE),
    tokenTtl: duration(SECOND, 365 * DAY),
    tokenTtlLimit: duration(SECOND, 365 * DAY),
  }),
  cors: section({ origins: list(text('web-origin'), 1024) }),
  http: section({
    bodyLimit: size(KIB, 16 * MIB),
    // Above that, µWS itself may close the connection before there is an answer.
    bodyTimeout: duration(100, 7500),
    connectionsPerAddress: integer(0, 1_000_000),
  }),
  store: section({ folder: Type.Union([Type.Literal('auto'), Type.Literal('memory'), text('text')]) }),
  limits: section({
    apiKey: rateLimit,
    anonymous: rateLimit,
    failedAuth: rateLimit,
    joinAddress: rateLimit,
    joinIdentity: rateLimit,
    messages: rateLimit,
    beacons: rateLimit,
    beaconAddress: rateLimit,
    data: rateLimit,
    dataBytes: rateLimit,
    control: rateLimit,
    view: rateLimit,
  }),
  rooms: section({
    createOnJoin: auto(Type.Boolean()),
    max: integer(1, 1_000_000),
    maxParticipants: integer(1, 10_000),
    maxParticipantsLimit: integer(1, 10_000),
    maxPublishers: nullable(integer(0, 10_000)),
    maxTracks: integer(1, 4),
    lastN: nullable(integer(1, 10_000)),
    maxAudible: nullable(integer(1, 10_000)),
    duplicateIdentity: Type.Union([Type.Literal('replace'), Type.Literal('reject'), Type.Literal('allow')]),
    emptyTimeout: duration(SECOND, 7 * DAY),
    departureTimeout: duration(0, 7 * DAY),
    metadataLimit: size(2, 64 * KIB),
    dataLimit: size(1, 128 * KIB),
  }),
  signaling: section({
    resumeWithin: duration(0, 10 * MINUTE),
    joinTimeout: duration(SECOND, 5 * MINUTE),
    pingInterval: duration(SECOND, 5 * MINUTE),
    pingTimeout: duration(SECOND, 5 * MINUTE),
    maxMessage: size(4 * KIB, 4 * MIB),
    maxBackpressure: size(64 * KIB, 64 * MIB),
    replayEvents: integer(1, 100_000),
    replayBytes: size(4 * KIB, 64 * MIB),
    connectionsPerAddress: integer(1, 1_000_000),
  }),
  media: section({
    workers: auto(integer(1, 256)),
    workerBin: nullable(text('text')),
    listen: auto(addresses),
    announced: nullable(text('host')),
    port: integer(0, 65_535),
    codecs: Type.Array(
      Type.Union([
        Type.Literal('opus'),
        Type.Literal('vp8'),
        Type.Literal('vp9'),
        Type.Literal('h264'),
        Type.Literal('av1'),
      ]),
      { minItems: 1, uniqueItems: true },
    ),
    fullAt: Type.Number({ minimum: 0.01, maximum: 1 }),
    initialOutgoingBitrate: bitrate(30_000, 1_000_000_000),
    maxIncomingBitrate: nullable(bitrate(30_000, 1_000_000_000)),
    logLevel: Type.Union([Type.Literal('none'), Type.Literal('error'), Type.Literal('warn'), Type.Literal('debug')]),
  }),
  turn,
  qoe: section({
    enabled: Type.Boolean(),
    retention: section({
      seconds: duration(10 * MINUTE, 7 * DAY),
      tenSeconds: duration(10 * MINUTE, 90 * DAY),
      minutes: duration(HOUR, 3650 * DAY),
    }),
    thresholds: list(qualityThreshold, 16),
  }),
  whip: section({
    enabled: Type.Boolean(),
    connectTimeout: duration(SECOND, 10 * MINUTE),
    disconnectTimeout: duration(0, 10 * MINUTE),
  }),
  webhooks: section({
    endpoints: list(webhook, 16),
    retryFor: duration(SECOND, 30 * DAY),
    timeout: duration(100, MINUTE),
    concurrency: integer(1, 64),
    allow: list(text('cidr'), 64),
  }),
  events: section({ retention: duration(HOUR, 3650 * DAY), usageRetention: duration(DAY, 3650 * DAY) }),
  iceServers: list(iceServer, 16),
  drain: section({ timeout: duration(0, DAY) }),
  log: section({
    level: Type.Union([
      Type.Literal('trace'),
      Type.Literal('debug'),
      Type.Literal('info'),
      Type.Literal('warn'),
      Type.Literal('error'),
      Type.Literal('fatal'),
      Type.Literal('silent'),
    ]),
    format: auto(Type.Union([Type.Literal('json'), Type.Literal('pretty')])),
  }),
  pages: section({ enabled: Type.Boolean() }),
});

/** The configuration as its layers give it, units decoded, before anything is derived. */
export type Settings = Static<typeof ConfigSchema>;
