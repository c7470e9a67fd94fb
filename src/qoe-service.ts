/** Quality of experience as a part of this server: from rooms, media and beacons to scores, facts, answers and metrics. */
import { basename } from 'node:path';
import { type BeaconDesk, BEACON_ROUTE, type BeaconRouteOptions, serveBeacons } from './api/beacon-route.ts';
import { participantJson } from './api/qoe-answers.ts';
import { createQoeReports } from './api/qoe-reports.ts';
import { qoeRoutes } from './api/qoe-routes.ts';
import type { Route, RouteDescription } from './api/route.ts';
import type { Config } from './config/config.ts';
import type { HttpServer } from './http/server.ts';
import type { Clock } from './kernel/clock.ts';
import type { Log } from './observability/log.ts';
import { createQoeMetrics, type QoeMetrics } from './observability/qoe-metrics.ts';
import { CAUSES } from './qoe/causes.ts';
import { LEVELS } from './qoe/level.ts';
import { LiveStreams } from './qoe/live.ts';
import { type LiveSession, QoeSessions, type WatchedSession } from './qoe/sessions.ts';
import { openStore, type QoeStore } from './qoe/store/store.ts';
import type { Crossing } from './qoe/thresholds.ts';
import type { Quality } from './qoe/tally.ts';
import type { QualityThreshold, RoomFact } from './rooms/facts.ts';
import type { ConnectionQuality, MediaObserver } from './rooms/media-view.ts';
import type { ParticipantId, RoomName } from './rooms/ids.ts';
import type { StoreThread } from './store/store-thread.ts';

/** A fact of quality. */
export type QualityFact = Extract<RoomFact, QualityThreshold>;

/** Quality of experience, as the rest of the server sees it. */
export type QoeService = {
  /** What rooms announce: sessions begin with `participant-joined`, and end with `participant-left`. */
  heard(this: void, fact: RoomFact): void;
  /** What the media engine sees of participants. */
  readonly observer: MediaObserver;
  /** Scores what is due. Call it 20 times a second. */
  advance(): void;
  readonly routes: readonly Route[];
  /** Serves what is not in `routes`. */
  serve(http: HttpServer, options: BeaconRouteOptions): readonly RouteDescription[];
  /** Why it remembers less than it should, if it does: the store cannot be written. */
  degraded(): string | undefined;
  readonly metrics: QoeMetrics;
  /** Ends the live streams, and resolves when all that was measured is stored, or cannot be within some seconds. */
  close(): Promise<void>;
};

export type QoeServiceOptions = {
  readonly settings: Config['qoe'];
  readonly thread: StoreThread;
  /** The file of the store, or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The level of a participant's connection has changed. */
  readonly onQuality: (room: RoomName, id: ParticipantId, quality: ConnectionQuality) => void;
  /** A threshold of the configuration was passed. */
  readonly onFact: (fact: QualityFact) => void;
  readonly isOpen: (room: RoomName) => boolean;
};

export function startQoe(options: QoeServiceOptions): QoeService {
  const { settings, clock, log } = options;
  const { seconds, tenSeconds, minutes } = settings.retention;
  const retention = { p1: seconds, p10: tenSeconds, p60: minutes };
  const store = openStore({
    ...{ thread: options.thread, path: options.path, retention },
    log: (level, message, facts) => log[level](facts, message),
  });
  const streams = new LiveStreams();
  const sessions: QoeSessions = new QoeSessions({
    store,
    thresholds: settings.thresholds,
    onChange(live) {
      options.onQuality(live.session.room, live.session.id, connectionQuality(live));
      publishScore(streams, live);
    },
    onCrossing(session, crossing, quality) {
      metrics.threshold(crossing.state, crossing.direction);
      options.onFact(factOf(session, crossing, quality[crossing.direction], clock()));
    },
    onFall: (live) => publishScore(streams, live),
    onSecond(live) {
      measureSecond(metrics, live);
      publishScore(streams, live);
    },
    onJoinStep: (step, milliseconds) => metrics.joinStep(step, milliseconds),
  });
  const metrics = createQoeMetrics({
    levels: () => levelsOf(sessions),
    store: () => store.state,
    fault: () => store.state.fault?.why,
    live: () => streams.state,
  });
  const reports = createQoeReports({ sessions, store, retention, now: clock });
  return {
    heard: (fact) => hear(sessions, streams, fact),
    observer: {
      producer: (id, view) => sessions.takeProducer(id, view, clock()),
      consumer: (id, view) => sessions.takeConsumer(id, view, clock()),
      link: (id, view) => sessions.takeLink(id, view),
      removed: (id, track) => sessions.removeTrack(id, track),
    },
    advance() {
      sessions.advance(clock());
      streams.advance();
    },
    routes: qoeRoutes({ sessions, store, streams, reports, isOpen: options.isOpen, now: clock }),
    serve(http, route) {
      serveBeacons(http, beaconDesk(sessions, streams, metrics, clock), route);
      return [BEACON_ROUTE];
    },
    degraded: () => faultOf(store),
    metrics,
    async close() {
      streams.close();
      await store.close();
    },
  };
}

function hear(sessions: QoeSessions, streams: LiveStreams, fact: RoomFact): void {
  if (fact.type === 'participant-joined') {
    const { participantId: id, room, roomId, identity, name, at } = fact;
    sessions.start({ id, room, roomId, identity, name, joined: at });
    const live = sessions.live(id);
    if (live !== undefined && streams.wants('session-started', room)) {
      streams.publish('session-started', room, JSON.stringify(participantJson(live)));
    }
  } else if (fact.type === 'participant-left') {
    const { participantId: session, room, roomId, identity, reason: endReason, at } = fact;
    sessions.end(session, endReason, at);
    if (!streams.wants('session-ended', room)) return;
    streams.publish('session-ended', room, JSON.stringify({ session, room, roomId, identity, at, endReason }));
  }
}

function beaconDesk(sessions: QoeSessions, streams: LiveStreams, metrics: QoeMetrics, clock: Clock): BeaconDesk {
  return {
    take(beacon, sender) {
      const now = clock();
      const taken = streams.wants('sample', sender.room) ? [] : undefined;
      const report = sessions.ingest(beacon, sender, now, taken);
      metrics.beacon('ok');
      metrics.samples('accepted', 'accepted', report.accepted);
      metrics.samples('duplicate', 'duplicate', report.duplicate);
      for (const { why } of report.reasons) metrics.samples('rejected', why, 1);
      if (taken !== undefined && taken.length > 0) {
        const { room, identity } = sender;
        const roomId = sessions.live(beacon.session)?.session.roomId ?? '';
        const sample = { session: beacon.session, room, roomId, identity, at: now, samples: taken };
        streams.publish('sample', room, JSON.stringify(sample));
      }
      return report;
    },
    refused: ({ code }) => metrics.beacon(code),
    worked: (seconds) => metrics.ingested(seconds),
  };
}

function publishScore(streams: LiveStreams, live: LiveSession): void {
  const { room } = live.session;
  if (streams.wants('score', room)) streams.publish('score', room, JSON.stringify(participantJson(live)));
}

function measureSecond(metrics: QoeMetrics, { quality, point }: LiveSession): void {
  if (point === undefined) return;
  const { lossUp, lossDown, rtt } = point;
  metrics.second({
    ...{ up: quality.up.score, down: quality.down.score, rtt },
    ...{ lossUp: lossUp / 10_000, lossDown: lossDown / 10_000 },
  });
}

function connectionQuality({ quality: { up, down, both } }: LiveSession): ConnectionQuality {
  return { level: both.level, up: up.level, down: down.level, cause: CAUSES[both.cause]?.id ?? null };
}

function factOf(
  { id, room, roomId, identity }: WatchedSession,
  { state, threshold, direction, level, since }: Crossing,
  { cause }: Quality,
  at: ReturnType<Clock>,
): QualityFact {
  return {
    ...{ type: 'quality-threshold', at, room, roomId, identity, participantId: id },
    ...{ state, direction, threshold: threshold.level, level, cause: CAUSES[cause]?.id ?? null, since },
  };
}

function levelsOf(sessions: QoeSessions): Record<string, number> {
  const counts = Object.fromEntries(LEVELS.map((level) => [level, 0]));
  for (const [, live] of sessions.rooms()) {
    for (const { quality } of live) counts[quality.both.level]! += 1;
  }
  return counts;
}

function faultOf({ state: { fault, setAside } }: QoeStore): string | undefined {
  if (fault !== undefined) return `The store cannot be written (${fault.why}): calls go on, and so do scores.`;
  return setAside && `The store could not be read: it is ${basename(setAside)} now, and an empty one took its place.`;
}
