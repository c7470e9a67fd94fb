/** WHIP and WHEP as a part of this server: from the configuration to sessions behind their routes. */
import type { Authenticator } from './auth/authenticate.ts';
import type { Doors } from './auth/doors.ts';
import type { Config } from './config/config.ts';
import type { HttpServer } from './http/server.ts';
import type { Clock } from './kernel/clock.ts';
import type { RtpCapabilities } from './rooms/ortc.ts';
import type { Rooms } from './rooms/rooms.ts';
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

/** Serves WHIP and WHEP. The sessions' time-outs happen in their `advance()`. */
export function startWhip({ config, http, authenticator, doors, ...parts }: WhipServiceOptions): WhipSessions {
  const { connectTimeout, disconnectTimeout } = config.whip;
  const sessions = createWhipSessions({
    rooms: parts.rooms,
    capabilities: parts.capabilities,
    clock: parts.clock,
    timeouts: { connect: connectTimeout, disconnect: disconnectTimeout },
  });
  const body = { maxBytes: config.http.bodyLimit, timeoutMs: config.http.bodyTimeout };
  // Without a public URL clients may know the server by any of its names, and the path alone is right for all of them.
  serveWhip(http, { sessions, authenticator, doors, baseUrl: config.publicUrl ?? '', body });
  return sessions;
}
