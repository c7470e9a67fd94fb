import { randomBytes, timingSafeEqual } from 'node:crypto';

import type { Clock, Millis } from '../kernel/clock.ts';
import { type ErrorCode, type ErrorExtra, SluiceError, toSluiceError, toWire } from '../kernel/errors.ts';
import type { LeaveReason, ParticipantLink, RoomEvent } from '../rooms/events.ts';
import type { RoomId, RoomName } from '../rooms/ids.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { encodeEvent, lossyText, sequencedText } from './encoding.ts';
import type { SignalingObserver } from './facts.ts';
import { AFTER, DOORS_OF_REQUESTS, handle, type RequestDoor } from './handlers.ts';
import { Outbox, type OutboxLimits } from './outbox.ts';
import { RequestLog, type RequestLogLimits } from './request-log.ts';
import { checkParams, isRequestName } from './validation.ts';
import type { Answer, Bye, RequestName } from './wire.ts';

/** How a request is acknowledged. */
export type Acknowledge = (answer: Answer) => void;

/** What a session is given by the signaling server. */
export type SessionContext = {
  readonly clock: Clock;
  readonly outbox: OutboxLimits;
  readonly requests: RequestLogLimits;
  /** Sockets that a session may lose to slowness within `SLOW_WITHIN` before it ends as `too-slow`. */
  readonly slowSockets: number;
  /** Counts a message of the participant. Throws `rate-limited`. */
  readonly admit: (door: 'messages' | RequestDoor, participant: Participant) => void;
  readonly disconnected: (participant: Participant) => void;
  readonly reconnected: (participant: Participant) => void;
  readonly onFact: SignalingObserver;
  /** A fault of the server, for the log. */
  readonly onFault: (error: SluiceError, name: RequestName) => void;
  readonly onEnd: (session: Session) => void;
};

const SLOW_WITHIN = 60_000;

const LEFT: Bye = { code: 'left', message: 'The participant has left.' };

/** Ticks of a room go to everyone who is subscribed to this. */
export function tickTopic(roomId: RoomId): string {
  return `tick/${roomId}`;
}

/**
 * One participant's signaling, from its join to its end. It outlives sockets: while there is none, events are kept,
 * and the next socket that knows the secret goes on where the last one was lost.
 */
export class Session implements ConnectionOwner {
  readonly id = randomBytes(16).toString('base64url');
  readonly secret = randomBytes(32).toString('base64url');
  /** What the room sends to and ends. Works from the start, before the participant has joined. */
  readonly link: ParticipantLink;

  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #requests: RequestLog;
  /** Where the answers of running requests go; a repeated request takes its answer to the newer socket. */
  readonly #waiting = new Map<number, Acknowledge>();
  #seat: { readonly participant: Participant; readonly room: { id: RoomId; name: RoomName } } | undefined;
  #connection: Connection | undefined;
  #bye: Bye | undefined;
  #slowAt: Millis[] = [];
  /** The last event that went out before the ping whose pong is waited for. */
  #sentBeforePing = 0;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#outbox = new Outbox(context.outbox);
    this.#requests = new RequestLog(context.requests);
    this.link = {
      send: (event) => this.#send(event),
      sendLossy: (event) => this.#connection?.sendLossy(lossyText(event)),
      end: (code, reason) => this.#end(code, reason === undefined ? {} : { reason }),
      moved: (participant, event) => this.#moved(participant, event),
    };
  }

  get ended(): boolean {
    return this.#bye !== undefined;
  }

  /** The room that the session is in. Undefined before `seated`. */
  get room(): { readonly id: RoomId; readonly name: RoomName } | undefined {
    return this.#seat?.room;
  }

  /** The participant has joined. */
  seated(participant: Participant, room: { id: RoomId; name: RoomName }): void {
    this.#seat = { participant, room: { id: room.id, name: room.name } };
  }

  /** Whether `secret` is this session's. Takes the same time whatever is wrong with it. */
  knows(secret: string): boolean {
    const given = Buffer.from(secret);
    const own = Buffer.from(this.secret);
    return given.length === own.length && timingSafeEqual(given, own);
  }

  /** Whether everything after event number `received` can still be sent. */
  canResume(received: number): boolean {
    return !this.ended && this.#outbox.since(received) !== undefined;
  }

  /** `connection` takes over: it is sent `greeting`, then what its client has not received. */
  attach(connection: Connection, greeting: string, received: number): void {
    if (this.#bye !== undefined) return connection.sayBye(this.#bye);
    const missed = this.#outbox.since(received);
    if (missed === undefined) {
      connection.sayBye(toWire(new SluiceError('session-gone')));
      return this.abandon();
    }
    this.#detach()?.sayBye(toWire(new SluiceError('replaced', { detail: 'The session went on over another socket.' })));
    this.#connection = connection;
    this.#sentBeforePing = received;
    connection.ownedBy(this);
    if (this.#seat !== undefined) {
      connection.subscribe(tickTopic(this.#seat.room.id));
      if (!this.#seat.participant.connected) this.#context.reconnected(this.#seat.participant);
    }
    connection.batch(() => {
      connection.send(greeting);
      for (const event of missed) connection.send(sequencedText(event));
    });
  }

  /** The client wants no more of it. */
  leave(): void {
    this.#seat?.participant.leave('left');
  }

  /** Nobody can go on with this session: the participant leaves at once. */
  abandon(): void {
    this.#expel('session-gone', undefined, 'disconnected');
  }

  /** A ping goes out to the client, behind all that was sent. */
  pinged(connection: Connection): void {
    if (connection === this.#connection) this.#sentBeforePing = this.#outbox.last;
  }

  /** The ping was answered: what was sent before it has arrived, and need not be kept. */
  ponged(connection: Connection): void {
    if (connection === this.#connection) this.#outbox.received(this.#sentBeforePing);
  }

  connectionLost(connection: Connection, why: 'closed' | 'too-slow'): void {
    if (connection !== this.#connection) return;
    this.#detach();
    if (this.#seat === undefined || this.ended) return;
    if (why === 'too-slow' && this.#isTooSlow()) return this.#expel('too-slow', undefined, 'too-slow');
    this.#context.disconnected(this.#seat.participant);
  }

  expel(code: ErrorCode, detail: string): void {
    this.#expel(code, detail, 'disconnected');
  }

  /** A message of the client: `[name, id, params, acknowledge]`. Never throws. */
  receive(connection: Connection, message: readonly unknown[]): void {
    if (connection !== this.#connection || this.#seat === undefined) return;
    const acknowledge = message.at(-1);
    if (typeof acknowledge !== 'function') {
      return connection.refuse('invalid-request', 'A message needs an acknowledgement.');
    }
    const answer = (one: Answer) => void acknowledge(one);
    const [name, id, params] = message;
    if (message.length !== 4 || typeof name !== 'string' || !isRequestId(id)) {
      const detail = 'A message is a name, a request id (an integer from 1) and an object of parameters.';
      return answer({ ok: false, error: toWire(new SluiceError('invalid-request', { detail })) });
    }
    const verdict = this.#requests.judge(id);
    switch (verdict.kind) {
      case 'refused':
        return answer({
          ok: false,
          error: toWire(new SluiceError('invalid-request', { detail: verdict.detail })),
        });
      case 'answered':
        return answer(this.#repeat(this.#seat.participant, verdict.answer));
      case 'running':
        this.#waiting.set(id, answer);
        return;
      case 'new':
        this.#requests.begin(id);
        this.#waiting.set(id, answer);
        void this.#run(this.#seat.participant, name, id, params);
    }
  }

  /** The answer given before. It may be long, so asking for it counts as a message. */
  #repeat(participant: Participant, text: string): Answer {
    try {
      this.#context.admit('messages', participant);
      return JSON.parse(text) as Answer;
    } catch (thrown) {
      return { ok: false, error: toWire(toSluiceError(thrown)) };
    }
  }

  async #run(participant: Participant, name: string, id: number, params: unknown): Promise<void> {
    const known = isRequestName(name) ? name : undefined;
    let answer: Answer;
    try {
      this.#context.admit('messages', participant);
      if (known === undefined) throw new SluiceError('unknown-message');
      checkParams(known, params);
      const door = DOORS_OF_REQUESTS[known];
      if (door !== undefined) this.#context.admit(door, participant);
      answer = { ok: true, result: await handle(participant, known, params) };
    } catch (thrown) {
      const error = toSluiceError(thrown);
      if (error.code === 'internal' && known !== undefined) this.#context.onFault(error, known);
      answer = { ok: false, error: toWire(error) };
    }
    this.#context.onFact({
      type: 'request',
      name: known ?? 'unknown',
      outcome: answer.ok ? 'done' : answer.error.code,
    });
    this.#requests.answered(id, JSON.stringify(answer));
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
    if (answer.ok && known !== undefined) AFTER[known]?.(this.#seat?.participant ?? participant);
  }

  #send(event: RoomEvent): void {
    if (this.ended) return;
    const sequenced = this.#outbox.push(encodeEvent(event));
    this.#connection?.send(sequencedText(sequenced));
  }

  /** The session goes on with the participant, in another room. */
  #moved(participant: Participant, event: Extract<RoomEvent, { type: 'moved' }>): void {
    const connection = this.#connection;
    if (this.#seat !== undefined) connection?.unsubscribe(tickTopic(this.#seat.room.id));
    this.seated(participant, event.room);
    connection?.subscribe(tickTopic(event.room.id));
    this.#send(event);
  }

  #expel(code: ErrorCode, detail: string | undefined, reason: LeaveReason): void {
    this.#end(code, detail === undefined ? {} : { detail });
    this.#seat?.participant.leave(reason);
  }

  #end(code: ErrorCode | 'left', extra: ErrorExtra = {}): void {
    if (this.ended) return;
    this.#bye = code === 'left' ? LEFT : toWire(new SluiceError(code, extra));
    this.#detach()?.sayBye(this.#bye);
    this.#waiting.clear();
    this.#context.onEnd(this);
  }

  /** Lets go of the connection, which is returned open if it was. */
  #detach(): Connection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.disown();
    if (this.#seat !== undefined) connection?.unsubscribe(tickTopic(this.#seat.room.id));
    return connection;
  }

  #isTooSlow(): boolean {
    const now = this.#context.clock();
    this.#slowAt = [...this.#slowAt.filter((at) => now - at < SLOW_WITHIN), now];
    return this.#slowAt.length >= this.#context.slowSockets;
  }
}

function isRequestId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
