/** WHIP and WHEP as a part of this server: from the configuration to sessions behind their routes. */
import type { Authenticator } from './auth/authenticate.ts';
import type { Doors } from './auth/doors.ts';
import type { Config } from './config/config.ts';
import type { HttpServer } from './http/server.ts';
import type { Clock } from './kernel/clock.ts';
import type { MetricFamily } from './observability/metrics.ts';
import type { RtpCapabilities } from './rooms/ortc.ts';
import type { Rooms } from './rooms/rooms.ts';
import { countOffers, type OfferCounts } from './whip/offer-counts.ts';
import { serveWhip } from './whip/routes.ts';
import { createWhipSessions, type WhipSessions } from './whip/sessions.ts';

export type WhipServiceOptions = {
  readonly config: Config;
  readonly http: HttpServer;
  readonly rooms: Rooms;
  /** Of every room. */
  readonly capabilities: RtpCapabilities;
  readonly authenticator: Authenticator;
  readonly doors: Doors;
  readonly clock: Clock;
};

export type WhipService = Pick<WhipSessions, 'advance'> & {
  /** Sessions, and what became of offers. */
  metrics(): MetricFamily[];
};

/** Serves WHIP and WHEP. The sessions' time-outs happen in `advance()`. */
export function startWhip({ config, http, authenticator, doors, ...parts }: WhipServiceOptions): WhipService {
  const { connectTimeout, disconnectTimeout } = config.whip;
  const sessions = createWhipSessions({
    rooms: parts.rooms,
    capabilities: parts.capabilities,
    clock: parts.clock,
    timeouts: { connect: connectTimeout, disconnect: disconnectTimeout },
  });
  const body = { maxBytes: config.http.bodyLimit, timeoutMs: config.http.bodyTimeout };
  // Without a public URL clients may know the server by any of its names, and the path alone is right for all of them.
  const counted = countOffers(sessions);
  serveWhip(http, { sessions: counted.sessions, authenticator, doors, baseUrl: config.publicUrl ?? '', body });
  return { advance: () => sessions.advance(), metrics: () => metricsOf(sessions, counted.counts()) };
}

function metricsOf(sessions: WhipSessions, offers: OfferCounts): MetricFamily[] {
  return [
    {
      name: 'sluice_whip_sessions',
      help: 'Sessions of WHIP (publishing) and WHEP (playing) that are open.',
      type: 'gauge',
      samples: (['whip', 'whep'] as const).map((kind) => ({ labels: { kind }, value: sessions.count(kind) })),
    },
    {
      name: 'sluice_whip_offers_total',
      help: 'Offers of clients with a good token, by result: ok, or the code of the refusal.',
      type: 'counter',
      samples: offers.map(({ kind, result, count }) => ({ labels: { kind, result }, value: count })),
    },
  ];
}
