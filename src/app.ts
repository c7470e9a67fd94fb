/** The composition root: what is made in which order, who is handed what, and the reverse to stop. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventRoutes } from './api/event-routes.ts';
import { operationRoutes } from './api/operation-routes.ts';
import { participantRoutes } from './api/participant-routes.ts';
import { roomRoutes } from './api/room-routes.ts';
import { sessionRoutes } from './api/session-routes.ts';
import { serveApi } from './api/serve.ts';
import { turnRoutes } from './api/turn-routes.ts';
import { WHIP_OPERATIONS } from './api/whip-operations.ts';
import { webhookRoutes } from './api/webhook-routes.ts';
import { usageRoutes } from './api/usage-routes.ts';
import { createApiKeys, generateApiKey } from './auth/api-keys.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { createDoors } from './auth/doors.ts';
import { createJoinTokens, type JoinTokens } from './auth/join-token.ts';
import { createRevocations } from './auth/revocation.ts';
import { tlsOptions } from './certificate.ts';
import { type Config, publicUrl } from './config/config.ts';
import type { EarlyThreads } from './early-threads.ts';
import { createEvents } from './events-service.ts';
import { createAddressResolver, normalizeAddress } from './http/address.ts';
import { createHttpServer } from './http/server.ts';
import { systemClock } from './kernel/clock.ts';
import { compileNextValidator } from './kernel/schema.ts';
import { startEngine } from './media-service.ts';
import type { RunningMediaEngine } from './media/engine.ts';
import type { WorkerStats } from './media/options.ts';
import { createHealth } from './observability/health.ts';
import type { Log } from './observability/log.ts';
import { mediaMetrics } from './observability/media-metrics.ts';
import { createMetrics, type JoinStep, type Metrics } from './observability/metrics.ts';
import { packageFolder, packageVersion } from './package.ts';
import { servePages } from './pages.ts';
import { startPulse } from './pulse.ts';
import { startQoe } from './qoe-service.ts';
import type { RoomFact } from './rooms/facts.ts';
import { createRooms } from './rooms-service.ts';
import type { Rooms } from './rooms/rooms.ts';
import type { SignalingFact } from './signaling/facts.ts';
import { storePath } from './store-folder.ts';
import { startStoreThread } from './store/store-thread.ts';
import { type RelayOwner, startTurn, type TurnService } from './turn-service.ts';
import { startWhip } from './whip-service.ts';

/** How often a server that drains looks whether the last participant has left, in milliseconds. */
const DRAIN_CHECK = 100;

/** A server that runs. */
export type App = {
  /** Where clients reach it. */
  readonly url: string;
  /** The TCP port that HTTP and signaling listen on. */
  readonly port: number;
  /** Set where the configuration has no API key: one that was made for this run. */
  readonly generatedKey: string | undefined;
  readonly tokens: JoinTokens;
  readonly rooms: Rooms;
  /** STUN and TURN; undefined where they are switched off. */
  readonly turn: TurnService | undefined;
  /** Takes no new joins, tells the clients, and resolves when nobody is left or `drain.timeout` has passed. */
  drain(): Promise<void>;
  /** Ends everything, clients first. Idempotent. */
  close(): Promise<void>;
};

/**
 * Starts the server. Rejects, with nothing left running, where a port is taken, a certificate cannot be used, or the
 * media workers do not start.
 *
 * @param threads Spawned already, where they are. They are the server's from now on.
 */
export async function startApp(config: Config, log: Log, threads?: EarlyThreads): Promise<App> {
  const stops: Stop[] = [];
  const stop = once(async () => {
    for (const step of stops.toReversed()) await step();
  });
  try {
    return await assemble({ config, log, threads, stops, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

type Assembly = {
  readonly config: Config;
  readonly log: Log;
  readonly threads: EarlyThreads | undefined;
  readonly stops: Stop[];
  stop(this: void): Promise<void>;
};

async function assemble({ config, log, threads, stops, stop }: Assembly): Promise<App> {
  const clock = systemClock;
  const version = packageVersion();
  // Threads and workers take longest to start: everything else is loaded and made meanwhile. A failure is looked at where
  // they are awaited.
  const thread = startStoreThread(threads?.store);
  const endRelayThread = async () => void (await threads?.relay.terminate());
  // The relay ends its thread itself, where it came to have it.
  stops.push(endRelayThread, () => thread.close());
  if (!config.turn.enabled) void endRelayThread();
  const mediaLoading = import('./media/engine.ts');
  const starting = startEngine(config, log, mediaLoading);
  starting.catch(() => undefined);
  stops.push(async () => (await starting.catch(() => undefined))?.close());

  const tls = await tlsOptions(config);
  // The relay tells nothing before it has clients, which come to what is made below.
  const onRelayed = (owner: RelayOwner, relayedBytes: number) => events.used(owner, { relayedBytes });
  const relaying = config.turn.enabled
    ? startRelaying({ config, tls, clock, log, onRelayed, thread: threads?.relay }, starting)
    : undefined;
  relaying?.catch(() => undefined);
  stops.push(async () => (await relaying?.catch(() => undefined))?.close());

  const auth = createAuth(config);
  const { generatedKey, doors, tokens, authenticator } = auth;
  const health = createHealth(version, clock);
  const http = createHttpServer({
    ...(tls === undefined ? {} : { tls }),
    cors: { origins: config.cors.origins },
    trustProxy: config.trustProxy,
    limits: { connectionsPerAddress: config.http.connectionsPerAddress },
    onFault: (error) => log.error({ err: error }, 'a request failed'),
    // Made below: nothing is answered before `listen`.
    onResponse: (record) => metrics.httpResponse(record),
  });
  const compressPages = config.pages.enabled ? servePages(http, join(packageFolder(), 'dist/client')) : undefined;
  // socket.io and all that is built on it, once the workers are on their way.
  await mediaLoading;
  const signalingLoading = import('./signaling/signaling.ts');
  const engine = await starting;
  const turn = await relaying;
  const { createSignaling } = await signalingLoading;
  // Not before the ports are this server's: another one may be writing here.
  const events = createEvents(config, thread, log);
  // Before the log is closed it has been told what was used to the end.
  stops.push(
    () => events.close(),
    () => engine.counted(),
    () => turn?.close(),
  );
  const announce = (fact: RoomFact): void => {
    // First: what it has to say of a participant comes before that participant's leaving.
    qoe?.heard(fact);
    events.log.append(fact);
  };
  const qoe = config.qoe.enabled
    ? startQoe({
        ...{ settings: config.qoe, thread, path: storePath(config, 'qoe', log), clock, log },
        onQuality: (room, id, quality) => rooms.find(room)?.setQuality(id, quality),
        onFact: announce,
        isOpen: (room) => rooms.find(room) !== undefined,
      })
    : undefined;
  if (qoe !== undefined) stops.push(() => qoe.close());
  const rooms = createRooms({
    config,
    engine,
    turn,
    auth,
    onFact: announce,
    requireOpen: () => events.requireRecord(),
    onUsed: (room, keyId, { received, sent }) =>
      events.used({ room, keyId }, { publishedBytes: received, forwardedBytes: sent }),
    observer: qoe?.observer,
    onTickDue: () => pulse.quicken(),
  });
  const metrics = createMetrics({
    rooms: () => rooms.size,
    participants: () => rooms.list().reduce((sum, room) => sum + room.occupancy, 0),
    transports: () => engine.workers().reduce((sum, worker) => sum + worker.transports, 0),
    sockets: () => signaling.sockets,
    workers: async () => engine.workers().filter(isRunning),
    families: () => [
      ...(turn?.metrics() ?? []),
      ...events.metrics(),
      ...mediaMetrics(engine),
      ...(whip?.metrics() ?? []),
    ],
    others: qoe === undefined ? [] : [() => qoe.metrics.exposition()],
  });
  health.check('media', () => (engine.workers().some(isRunning) ? undefined : 'no media worker runs'));
  if (turn === undefined) health.off('turn');
  else health.check('turn', () => turn.unready());
  health.check('events', () => events.unready());
  if (qoe === undefined) health.off('qoe');
  else health.lesser('qoe', () => qoe.degraded());
  const proxies = createAddressResolver(config.trustProxy);
  const signaling = createSignaling({
    app: http.app,
    rooms,
    authenticator,
    doors,
    clock,
    settings: config.signaling,
    beacons: qoe !== undefined,
    messages: config.limits.messages,
    origins: config.cors.origins,
    addressOf: (peer, forwardedFor) => proxies.client(normalizeAddress(peer), forwardedFor),
    log,
    onFact: (fact) => recordSignaling(metrics, fact),
  });

  let url = config.publicUrl ?? '';
  const limits = { maxParticipants: config.rooms.maxParticipantsLimit, metadata: config.rooms.metadataLimit };
  const routes = [
    ...roomRoutes(rooms, limits),
    ...participantRoutes(rooms, tokens, () => url, limits),
    ...sessionRoutes(signaling),
    ...turnRoutes(turn?.desk),
    ...(qoe?.routes ?? []),
    ...eventRoutes(events.log),
    ...usageRoutes(events.log, clock),
    ...webhookRoutes(events.webhooks),
    ...operationRoutes({ health, metrics: () => metrics.exposition() }),
  ];
  const body = { maxBytes: config.http.bodyLimit, timeoutMs: config.http.bodyTimeout };
  const { rtpCapabilities: capabilities } = engine;
  const whip = config.whip.enabled
    ? startWhip({ config, http, rooms, capabilities, authenticator, doors, clock })
    : undefined;
  const others = [
    ...(qoe?.serve(http, { authenticator, doors, bodyTimeout: config.http.bodyTimeout }) ?? []),
    ...(whip === undefined ? [] : WHIP_OPERATIONS),
  ];
  serveApi(http, routes, { authenticator, doors, version, publicUrl: () => url, body, others });

  const pulse = startPulse(() => {
    const measuring = engine.sample();
    rooms.advance();
    whip?.advance();
    qoe?.advance();
    const ticking = rooms.takeTicks((room, frame) => signaling.publishTick(room.id, frame));
    return measuring || ticking;
  });
  stops.push(
    () => http.close(),
    () => signaling.close(),
    () => rooms.closeAll('draining'),
    () => pulse.stop(),
  );
  await events.log.opened;
  const port = await http.listen(config.host, config.port);
  url = publicUrl(config, port);
  compileInSpareTime();
  const { workers, port: mediaPort } = config.media;
  log.info({ url, workers, mediaPort, turn: turn?.uris ?? 'off', turnUdp: turn?.relay.udp }, 'ready');
  compressPages?.().catch((error: unknown) => log.error({ err: error }, 'the pages are not compressed'));

  const drain = async () => {
    const seconds = Math.ceil(config.drain.timeout / 1000);
    health.drain();
    signaling.drain(seconds);
    rooms.drain(seconds);
    log.info({ seconds }, 'draining');
    const until = clock() + config.drain.timeout;
    while (rooms.occupied && clock() < until) await sleep(DRAIN_CHECK);
  };
  return { url, port, generatedKey, tokens, rooms, turn, drain, close: stop };
}

type Stop = () => Promise<void> | void;

/** The relay starts while the engine does, where its ports are known to be apart from the engine's. */
async function startRelaying(
  options: Omit<Parameters<typeof startTurn>[0], 'media'>,
  starting: Promise<RunningMediaEngine>,
): Promise<TurnService> {
  const media = options.config.media.port === 0 ? (await starting).addresses() : [];
  const turn = await startTurn({ ...options, media });
  try {
    await turn.relay.setMedia((await starting).addresses());
    return turn;
  } catch (error) {
    await turn.close();
    throw error;
  }
}

function createAuth(config: Config) {
  const { leeway, issuers, tokenTtl, tokenTtlLimit } = config.auth;
  const generatedKey = config.auth.keys.length + issuers.length === 0 ? generateApiKey() : undefined;
  const keys = createApiKeys(generatedKey === undefined ? config.auth.keys : [generatedKey]);
  const doors = createDoors(config.limits, systemClock);
  const tokens = createJoinTokens({
    keys,
    issuers,
    revocations: createRevocations({ grace: leeway }),
    clock: systemClock,
    leeway,
    ttl: { default: tokenTtl, limit: tokenTtlLimit },
    metadataLimit: config.rooms.metadataLimit,
  });
  return { generatedKey, keys, doors, tokens, authenticator: createAuthenticator({ keys, tokens, doors }) };
}

function isRunning<Stats extends WorkerStats>(worker: Stats): worker is Stats & { pid: number } {
  return worker.pid !== undefined;
}

function recordSignaling(metrics: Metrics, fact: SignalingFact): void {
  switch (fact.type) {
    case 'join':
      metrics.join(fact.outcome === 'joined' ? 'ok' : fact.outcome);
      for (const [step, milliseconds] of Object.entries(fact.steps)) metrics.joinStep(step as JoinStep, milliseconds);
      return;
    case 'resume':
      metrics.signaling('resume', fact.outcome === 'resumed' ? 'ok' : fact.outcome);
      return;
    case 'request':
      metrics.signaling('request', fact.outcome === 'done' ? 'ok' : fact.outcome);
      return;
    case 'upgrade-refused':
    case 'misbehaviour':
      metrics.signaling(fact.type, fact.code);
      return;
    case 'socket-opened':
    case 'socket-closed':
      // The gauge of open sockets reads their number when it is asked.
      return;
  }
}

/** So that the first client of each kind need not wait for the compiler, and the start need not either. */
function compileInSpareTime(): void {
  setImmediate(() => {
    if (compileNextValidator()) compileInSpareTime();
  });
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}
