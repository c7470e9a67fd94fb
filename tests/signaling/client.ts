import { type Socket, io } from 'socket.io-client';

import type { Answer, Joined, RequestName, RequestParams, RequestResult } from '../../src/signaling/wire.ts';
import { CAPABILITIES } from '../support/memory-media-engine.ts';
import type { TestServer } from './server.ts';

/** A message of the server: its name and what came with it. */
export type Received = readonly [name: string, ...rest: unknown[]];
/** The parameters of a `data` request that says `text` to everyone. */
export function speech(text: string): RequestParams<'data'> {
  return { header: { t: 'message', text: true }, payload: text };
}

type Event = readonly [name: string, seq: number, payload: Record<string, unknown>];

/** A client of the protocol on Socket.IO's own library, which remembers everything that it was sent. */
export class Client {
  readonly received: Received[] = [];
  readonly socket: Socket;
  /** How the WebSocket was closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #before: Client | undefined;
  #lastRequest = 0;

  private constructor(server: TestServer, auth: object, before?: Client) {
    server.atEnd(() => this.stop());
    this.#before = before;
    this.#lastRequest = before === undefined ? 0 : before.#lastRequest;
    this.socket = io(server.url, { transports: ['websocket'], auth, reconnection: false, forceNew: true });
    this.socket.onAny((name: string, ...rest: unknown[]) => this.received.push([name, ...rest]));
    this.closed = new Promise((resolve) => {
      this.socket.io.on('close', (_reason, details) => {
        const event = (details as { context?: { code?: number; reason?: string } } | undefined)?.context;
        resolve({ code: event?.code ?? 0, reason: event?.reason ?? '' });
      });
    });
  }

  /** Joins, and waits for `joined`. */
  static async join(
    server: TestServer,
    who: string,
    hello: object = {},
    request: Parameters<TestServer['token']>[1] = {},
  ): Promise<Client> {
    const token = await server.token(who, request);
    const client = new Client(server, { protocol: 1, token, rtpCapabilities: CAPABILITIES, ...hello });
    await client.next('joined');
    return client;
  }

  /** Goes on with the session of `before`, having handled its events up to `received`. */
  static async resume(server: TestServer, before: Client, received = before.lastSeq): Promise<Client> {
    const { id: sessionId, secret } = before.joined.session;
    const auth = { protocol: 1, resume: { sessionId, secret, received } };
    const client = new Client(server, auth, before);
    await client.next('resumed');
    return client;
  }

  get joined(): Joined {
    const message = this.received.find(([name]) => name === 'joined');
    if (message !== undefined) return message[1] as Joined;
    if (this.#before === undefined) throw new Error('it has not joined');
    return this.#before.joined;
  }

  /** What it resumes with, unless a test wants otherwise. */
  get resumeHello(): { protocol: number; resume: { sessionId: string; secret: string; received: number } } {
    const { id: sessionId, secret } = this.joined.session;
    return { protocol: 1, resume: { sessionId, secret, received: this.lastSeq } };
  }

  /** The sequence number of the last event. */
  get lastSeq(): number {
    return Math.max(this.#before?.lastSeq ?? 0, ...this.events().map(([, seq]) => seq));
  }

  /** The events that came with a sequence number. */
  events(): Event[] {
    return this.received.filter((one): one is Event => typeof one[1] === 'number');
  }

  /** The payloads of the events `name`. */
  payloads(name: string): Record<string, unknown>[] {
    return this.events().flatMap(([other, , payload]) => (other === name ? [payload] : []));
  }

  /** Waits for the `count`th message `name`, also where it is there already. */
  async next(name: string, count = 1): Promise<Received> {
    const found = () => this.received.filter(([other]) => other === name)[count - 1];
    for (let message = found(); ; message = found()) {
      if (message !== undefined) return message;
      await new Promise<void>((resolve, reject) => {
        const heard = () => {
          clearTimeout(timer);
          this.socket.offAny(heard);
          resolve();
        };
        const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 9000);
        this.socket.onAny(heard);
      });
    }
  }

  /** A request with the next id. Rejects where it is refused. */
  async request<Name extends RequestName>(name: Name, params: RequestParams<Name>): Promise<RequestResult<Name>> {
    const answer = await this.ask(name, params);
    if (!answer.ok) throw new Error(`${name} was refused: ${answer.error.code}`);
    return answer.result as RequestResult<Name>;
  }

  /** Says `text` to everyone: a request that is cheap, and that the others hear of. */
  async say(text: string): Promise<void> {
    await this.request('data', speech(text));
  }

  /** What others said, from the oldest. */
  get heard(): string[] {
    return this.payloads('data').map(({ payload }) => String(payload));
  }

  /** The code with which a request is refused. */
  async refusal(name: string, params: unknown): Promise<string> {
    const answer = await this.ask(name, params);
    return answer.ok ? 'done' : answer.error.code;
  }

  /** Sends anything, and waits for the answer. */
  ask(name: string, params: unknown, id = (this.#lastRequest += 1)): Promise<Answer> {
    return new Promise((resolve) => this.socket.emit(name, id, params, resolve));
  }

  /** The socket dies without a word of Socket.IO. */
  async drop(): Promise<void> {
    const transport = this.socket.io.engine.transport as unknown as { ws: { close(): void } };
    transport.ws.close();
    await this.closed;
  }

  stop(): void {
    this.socket.disconnect();
    this.socket.io.engine.close();
  }
}
