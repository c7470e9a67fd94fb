import type { TemplatedApp } from 'uWebSockets.js';
import { Server, type ServerOptions, type Socket } from 'socket.io';

import { addressKey } from '../auth/address.ts';
import type { Doors } from '../auth/doors.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Clock } from '../kernel/clock.ts';
import { type SluiceError, toSluiceError, toWire } from '../kernel/errors.ts';
import type { RateLimit } from '../kernel/token-bucket.ts';
import type { RoomId } from '../rooms/ids.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { type Admission, type Admitted, createAdmission } from './admission.ts';
import type { Connection } from './connection.ts';
import { tickText } from './encoding.ts';
import type { SignalingObserver } from './facts.ts';
import { roomlessAdapter } from './roomless-adapter.ts';
import { tickTopic } from './session.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { type Gate, createGate } from './upgrade.ts';

/** Times in milliseconds, sizes in bytes. */
export type SignalingSettings = {
  /** How long rooms keep a participant whose socket is lost: the rooms' own `resumeWithin`, told to clients. */
  readonly resumeWithin: number;
  /** From the open socket to the CONNECT packet. */
  readonly joinTimeout: number;
  readonly pingInterval: number;
  /** How long a pong may take. */
  readonly pingTimeout: number;
  /** The largest message that a client may send. */
  readonly maxMessage: number;
  /** What may wait for one client to read; beyond it the socket is closed. Not less than `replayBytes`. */
  readonly maxBackpressure: number;
  /** Events kept for a client that lost its socket. */
  readonly replayEvents: number;
  readonly replayBytes: number;
  readonly connectionsPerAddress: number;
};

export type SignalingOptions = {
  readonly app: TemplatedApp;
  readonly rooms: Pick<Rooms, 'join' | 'find' | 'disconnected' | 'reconnected'>;
  readonly authenticator: Pick<Authenticator, 'join'>;
  /** Rate limits: attempts by address, messages by participant id. */
  readonly doors: Pick<Doors, 'admit' | 'check'>;
  readonly clock: Clock;
  readonly settings: SignalingSettings;
  /** Whether the server takes QoE beacons: clients are told, and send none where it does not. */
  readonly beacons: boolean;
  /** The limit behind the door `messages`: a socket that sends four times as much is closed. Default: 50/s, 250. */
  readonly messages?: RateLimit;
  /** Origins whose pages may connect, besides the server's own; `*` for every origin. */
  readonly origins: readonly string[];
  readonly log: {
    debug(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
  readonly onFact?: SignalingObserver;
  /** The client's address, for servers behind a proxy; `forwardedFor` is the header as it came. Default: the peer's. */
  readonly addressOf?: (peer: string, forwardedFor: string) => string;
};

export type Signaling = {
  /** Sends a frame of what changed, as JSON, to everyone in the room. */
  publishTick(roomId: RoomId, frame: string): void;
  /** WebSockets that are open, joined or not. */
  readonly sockets: number;
  /** Sessions, with a socket or waiting for one. */
  readonly sessions: number;
  /** A client leaves outside its socket, see `Admission.leave`. Throws `forbidden`. */
  leave(session: string, secret: string): void;
  /** Refuses new joins from here on, telling clients to come back after `retryAfter` seconds; resumes go on. */
  drain(retryAfter: number): void;
  /** Says `bye` to everyone, and closes every socket. */
  close(): Promise<void>;
};

/** Where clients connect. */
export const SIGNALING_PATH = '/socket.io';

/** Messages of a participant that `limits.messages` may let through before this folder's own bounds are raised. */
const MESSAGES: RateLimit = { rate: 50, burst: 250 };
/** WebSocket messages of one connection, pongs and refused ones included, for each one that `messages` lets through. */
const FRAMES_PER_MESSAGE = 4;
const REQUESTS_REMEMBERED = 256;
const ANSWER_CHARACTERS = 256 * 1024;
/** Sockets that a session may lose to slowness within a minute. */
const SLOW_SOCKETS = 3;

/** Serves the signaling protocol of wire.ts on `app`. */
export function createSignaling(options: SignalingOptions): Signaling {
  const { app, settings, clock, log } = options;
  const onFact = options.onFact ?? (() => undefined);
  const gate = createGate(app, {
    clock,
    origins: options.origins,
    addressOf: (peer, forwardedFor) => addressKey(options.addressOf?.(peer, forwardedFor) ?? peer),
    connectionsPerAddress: settings.connectionsPerAddress,
    connection: { joinTimeout: settings.joinTimeout, frames: framesFor(options.messages ?? MESSAGES) },
    onFact,
  });
  const admission = createAdmission({
    rooms: options.rooms,
    authenticator: options.authenticator,
    doors: options.doors,
    resumeWithin: settings.resumeWithin,
    beacons: options.beacons,
    onFact,
    session: {
      clock,
      outbox: { events: settings.replayEvents, characters: settings.replayBytes },
      requests: { requests: REQUESTS_REMEMBERED, characters: ANSWER_CHARACTERS },
      slowSockets: SLOW_SOCKETS,
      admit: (door, { id }) => options.doors.admit(door, id),
      disconnected: (participant) => options.rooms.disconnected(participant),
      reconnected: (participant) => options.rooms.reconnected(participant),
      onFact,
      onFault: (error, name) => log.error({ err: error.cause, request: name }, 'a signaling request failed'),
    },
  });
  const io = new Server(serverOptions(settings));
  const heartbeat = createHeartbeat(settings.pingTimeout);
  serve(io, { gate, admission, heartbeat, log });
  io.attachApp(gate.app);

  return {
    publishTick: (roomId, frame) => void app.publish(tickTopic(roomId), tickText(frame), false, false),
    get sockets() {
      return gate.sockets;
    },
    get sessions() {
      return admission.sessions;
    },
    leave: (session, secret) => admission.leave(session, secret),
    drain: (retryAfter) => admission.drain(retryAfter),
    async close() {
      admission.close();
      heartbeat.close();
      await io.close();
    },
  };
}

function framesFor({ rate, burst }: RateLimit): RateLimit {
  return {
    rate: FRAMES_PER_MESSAGE * Math.max(rate, MESSAGES.rate),
    burst: FRAMES_PER_MESSAGE * Math.max(burst, MESSAGES.burst),
  };
}

function serverOptions(settings: SignalingSettings): Partial<ServerOptions> & { maxBackpressure: number } {
  return {
    path: SIGNALING_PATH,
    transports: ['websocket'],
    allowUpgrades: false,
    serveClient: false,
    pingInterval: settings.pingInterval,
    pingTimeout: settings.pingTimeout,
    maxHttpBufferSize: settings.maxMessage,
    maxBackpressure: settings.maxBackpressure,
    // A connection's own join timeout closes with a code; Socket.IO's must not come before it.
    connectTimeout: 0x7f_ff_ff_ff,
    adapter: roomlessAdapter,
  };
}

type Parts = { gate: Gate; admission: Admission; heartbeat: Heartbeat; log: SignalingOptions['log'] };

/** Socket.IO's events, turned into calls of the admission and of sessions. Nothing here may throw. */
function serve(io: Server, { gate, admission, heartbeat, log }: Parts): void {
  const admitted = new WeakMap<Socket, Admitted>();

  io.use((socket, next) => {
    const connection = gate.connectionOf(socket.conn.transport);
    if (connection === undefined) return next(new Error('internal'));
    // Socket.IO would take a second CONNECT packet while the first is being answered, and another after a DISCONNECT.
    if (!connection.sayHello()) return connection.refuse('out-of-order', 'A connection joins once.');
    const auth: unknown = socket.handshake.auth;
    // The token is not needed any more, and should not lie in memory for as long as the socket lives.
    socket.handshake.auth = {};
    admission.hello(connection, auth).then(
      (entry) => {
        admitted.set(socket, entry);
        next();
      },
      (thrown: unknown) => refuseJoin(toSluiceError(thrown), connection, next, log),
    );
  });

  io.on('connection', (socket) => {
    const connection = gate.connectionOf(socket.conn.transport);
    const entry = admitted.get(socket);
    if (connection === undefined || entry === undefined) {
      socket.disconnect(true);
      return;
    }
    admitted.delete(socket);
    const { session } = entry;
    socket.onAny((...message: unknown[]) => session.receive(connection, message));
    // A DISCONNECT packet leaves Engine.IO's connection open, which is of no use without a session. For any other
    // reason Engine.IO closes the socket itself, and fails where that was done already.
    socket.on('disconnect', (reason) => {
      if (reason === 'client namespace disconnect') connection.hangUp();
    });
    socket.conn.on('packetCreate', ({ type }: { type: string }) => {
      if (type === 'ping') session.pinged(connection);
    });
    socket.conn.on('heartbeat', () => {
      session.ponged(connection);
      heartbeat.heard(socket.conn);
    });
    heartbeat.heard(socket.conn);
    entry.begin();
  });
}

function refuseJoin(
  error: SluiceError,
  connection: Connection,
  next: (error: Error) => void,
  log: SignalingOptions['log'],
): void {
  if (error.code === 'internal') log.error({ err: error.cause }, 'a join failed');
  else log.debug({ code: error.code, detail: error.detail }, 'a join was refused');
  next(Object.assign(new Error(error.code), { data: toWire(error) }));
  // Socket.IO sends the error in the next tick; the socket is closed right behind it.
  process.nextTick(() => connection.close(error.code));
}
