import type { WebSocket } from 'uWebSockets.js';

import type { Clock } from '../kernel/clock.ts';
import { type ErrorCode, SluiceError, closeCode, toWire } from '../kernel/errors.ts';
import { type RateLimit, type TokenBucket, fullBucket, take } from '../kernel/token-bucket.ts';
import { byeText } from './encoding.ts';
import type { Bye } from './wire.ts';

/** What uWebSockets.js' send answers for a message that it has dropped. */
const DROPPED = 2;
/** Bytes that wait for a client, beyond which messages that need not arrive are left out. */
const LOSSY_BACKPRESSURE = 16_384;
/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

/** Who a connection belongs to once it has joined. */
export type ConnectionOwner = {
  /** The socket is gone. Called once, unless the connection was disowned. */
  connectionLost(connection: Connection, why: 'closed' | 'too-slow'): void;
  /** The client broke the protocol in a way that ends its session. */
  expel(code: ErrorCode, detail: string): void;
};

export type ConnectionLimits = {
  /** Milliseconds from the open socket to the CONNECT packet. */
  readonly joinTimeout: number;
  /** WebSocket messages of any kind. Beyond it, the socket is closed. */
  readonly frames: RateLimit;
};

/**
 * One WebSocket, from its upgrade to its end. It outlives nothing: whatever is sent after the end goes nowhere.
 * `address` is what the connection counts against.
 */
export class Connection {
  readonly address: string;
  openedAt = 0;
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #onMisbehaviour: (code: ErrorCode) => void;
  #ws: WebSocket<unknown> | undefined;
  /** False once a message was dropped: what comes after it must not arrive either. */
  #intact = true;
  #owner: ConnectionOwner | undefined;
  #saidHello = false;
  #joinTimer: NodeJS.Timeout | undefined;

  constructor(address: string, limits: ConnectionLimits, clock: Clock, onMisbehaviour: (code: ErrorCode) => void) {
    this.address = address;
    this.#limits = limits;
    this.#clock = clock;
    this.#bucket = fullBucket(limits.frames, clock());
    this.#onMisbehaviour = onMisbehaviour;
  }

  get open(): boolean {
    return this.#usable !== undefined;
  }

  opened(ws: WebSocket<unknown>): void {
    this.#ws = ws;
    this.openedAt = performance.now();
    this.#joinTimer = setTimeout(() => this.refuse('join-timeout'), this.#limits.joinTimeout);
  }

  /** The socket is closed, and µWS forbids to touch it from here on. */
  closed(): void {
    this.#ws = undefined;
    clearTimeout(this.#joinTimer);
    this.#abandon('closed');
  }

  /** Whether this is the connection's first CONNECT packet; it may send one only. */
  sayHello(): boolean {
    if (this.#saidHello) return false;
    this.#saidHello = true;
    clearTimeout(this.#joinTimer);
    return true;
  }

  /** From here on the connection is `owner`'s, who is told how it ends. */
  ownedBy(owner: ConnectionOwner): void {
    this.#owner = owner;
  }

  /** The owner does not want to hear of this connection any more. */
  disown(): void {
    this.#owner = undefined;
  }

  /** Whether the client may send one more message. Where it may not, it is being closed. */
  admitFrame(isBinary: boolean): boolean {
    if (isBinary) {
      this.refuse('invalid-request', 'Binary messages are not part of this protocol.');
      return false;
    }
    if (take(this.#bucket, this.#limits.frames, this.#clock()) === 0) return true;
    this.refuse('rate-limited', 'Too many messages on this connection.');
    return false;
  }

  send(text: string): void {
    if (this.#usable?.send(text, false, false) === DROPPED) this.overflowed();
  }

  /** Sends `text` unless much is waiting to be read already. */
  sendLossy(text: string): void {
    const ws = this.#usable;
    if (ws !== undefined && ws.getBufferedAmount() < LOSSY_BACKPRESSURE) this.send(text);
  }

  /** Sends what `write` sends in as few packets as possible. */
  batch(write: () => void): void {
    this.#usable?.cork(write);
  }

  subscribe(topic: string): void {
    this.#ws?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#ws?.unsubscribe(topic);
  }

  /**
   * A message was dropped: the client reads too slowly. Nothing more is sent, so that no gap can go unnoticed, and the
   * socket is closed as soon as µWS can have it.
   */
  overflowed(): void {
    const ws = this.#usable;
    if (ws === undefined) return;
    this.#intact = false;
    this.#onMisbehaviour('too-slow');
    this.#abandon('too-slow');
    // In the middle of a publication µWS cannot lose a subscriber.
    setImmediate(() => {
      if (this.#ws === ws) ws.close();
    });
  }

  /** The client broke the protocol: whoever it is, it is told why and closed. */
  refuse(code: ErrorCode, detail?: string): void {
    if (!this.open) return;
    this.#onMisbehaviour(code);
    const owner = this.#owner;
    if (owner !== undefined) owner.expel(code, detail ?? '');
    else this.sayBye(toWire(new SluiceError(code, detail === undefined ? {} : { detail })));
  }

  /** Sends the last message, and closes with the code that goes with it. */
  sayBye(bye: Bye): void {
    this.send(byeText(bye));
    this.close(bye.code);
  }

  /** Closes with the code of the error table. The owner is not told. */
  close(code: ErrorCode | 'left'): void {
    this.disown();
    this.#ws?.end(code === 'left' ? NORMAL_CLOSURE : closeCode(code), code);
  }

  get #usable(): WebSocket<unknown> | undefined {
    return this.#intact ? this.#ws : undefined;
  }

  /** Closes as if the client had. The owner is told. */
  hangUp(): void {
    this.#ws?.end(NORMAL_CLOSURE);
  }

  #abandon(why: 'closed' | 'too-slow'): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.connectionLost(this, why);
  }
}
