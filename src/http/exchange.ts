import type * as uWS from 'uWebSockets.js';
import { SluiceError, toSluiceError } from '../kernel/errors.ts';
import type { AddressResolver } from './address.ts';
import { checkBodyHeaders, readBody } from './body.ts';
import type { BodyReading, BodyRule } from './body.ts';
import type { Cors } from './cors.ts';
import { openStream } from './event-stream.ts';
import type { EventStreamResponse, OpenedStream } from './event-stream.ts';
import type { HeaderBlock } from './headers.ts';
import { problem } from './message.ts';
import type { HttpAnswer, HttpHandler, HttpRequest, HttpResponse } from './message.ts';
import { IncomingRequest } from './request.ts';
import { assertResponse, isStreamed, writeHead, writeResponse } from './response-writer.ts';
import type { WriteOptions } from './response-writer.ts';

/** One finished answer, for a histogram. `route` is a pattern or `unmatched`, never a path. */
export type ResponseRecord = { method: string; route: string; status: number; milliseconds: number };

/** A route, made ready to serve. */
export type ServedRoute = {
  path: string;
  names: readonly string[];
  handler: HttpHandler;
  body: Required<BodyRule> | undefined;
  admit: ((request: HttpRequest) => void) | undefined;
  block: HeaderBlock;
};

/** What all exchanges of a server share. */
export type ExchangeContext = {
  addresses: AddressResolver;
  cors: Cors;
  onFault: (error: unknown) => void;
  onResponse: ((record: ResponseRecord) => void) | undefined;
  /** Exchanges that outlive the event that brought them. */
  pending: Set<Exchange>;
  /** Called when `pending` has become empty. */
  onIdle: () => void;
  /** The server is closing: no connection is kept alive. */
  closing: boolean;
};

/** The status under which an answer is recorded that its client did not wait for. */
const CLIENT_GONE = 499;

/** Answers one request, whatever becomes of client and handler meanwhile. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #route: ServedRoute;
  readonly #res: uWS.HttpResponse;
  readonly #request: IncomingRequest;
  readonly #origin: string;
  readonly #started: number;
  // Inside the route's own callback µWS has corked the socket already.
  #corked = true;
  #attached = false;
  #over = false;
  #reading: BodyReading | undefined;
  #stream: OpenedStream | undefined;

  constructor(
    context: ExchangeContext,
    route: ServedRoute,
    method: string,
    res: uWS.HttpResponse,
    req: uWS.HttpRequest,
  ) {
    this.#context = context;
    this.#route = route;
    this.#res = res;
    this.#started = context.onResponse === undefined ? 0 : performance.now();
    this.#origin = context.cors.active ? req.getHeader('origin') : '';
    this.#request = new IncomingRequest(method, route, context.addresses, res, req);
  }

  /** Runs the route. Must be called in µWS's callback for the request, and never throws. */
  run(req: uWS.HttpRequest): void {
    const { body } = this.#route;
    if (body === undefined) this.#handle();
    else this.#receive(body, req);
    this.#corked = false;
  }

  /** Ends an event stream; other answers are left to finish. */
  endStream(): void {
    this.#stream?.stream.close();
  }

  #receive(rule: Required<BodyRule>, req: uWS.HttpRequest): void {
    const { declared, error } = checkBodyHeaders(
      rule,
      req.getHeader('content-type'),
      req.getHeader('content-length'),
      req.getHeader('transfer-encoding'),
    );
    try {
      this.#route.admit?.(this.#request);
      if (error !== undefined) throw error;
    } catch (refusal) {
      // The body that was announced is thrown away as it comes, and µWS ends the connection if that takes over 10 s.
      this.#refuse(refusal);
      return;
    }
    this.#request.keep();
    this.#attach();
    this.#reading = readBody(this.#res, rule, declared, (result) => {
      this.#reading = undefined;
      if (!result.ok) {
        this.#refuse(result.error, result.mustClose);
        return;
      }
      this.#request.body = result.body;
      this.#handle(true);
    });
  }

  #handle(admitted = false): void {
    let answer: HttpAnswer | Promise<HttpAnswer>;
    try {
      if (!admitted) this.#route.admit?.(this.#request);
      answer = this.#route.handler(this.#request);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (!(answer instanceof Promise)) {
      this.#answer(answer);
      return;
    }
    this.#request.keep();
    this.#attach();
    answer.then(
      (late) => this.#answer(late),
      (error: unknown) => this.#refuse(error),
    );
  }

  #refuse(error: unknown, close = false): void {
    if (!(error instanceof SluiceError) || error.code === 'internal') this.#context.onFault(error);
    if (!this.#over) this.#answer(problem(toSluiceError(error)), close);
  }

  #answer(answer: HttpAnswer, close = false): void {
    if (this.#over) return;
    if ('open' in answer) {
      this.#openStream(answer);
      return;
    }
    let response = answer;
    try {
      assertResponse(response);
    } catch (error) {
      this.#context.onFault(error);
      response = problem(new SluiceError('internal'));
    }
    const options = this.#writeOptions(close);
    if (!options.head && isStreamed(response)) this.#attach();
    if (this.#corked) this.#write(response, options);
    else this.#res.cork(() => this.#write(response, options));
  }

  #write(response: HttpResponse, options: WriteOptions): void {
    const { status } = response;
    if (writeResponse(this.#res, response, options, () => this.#finish(status))) this.#finish(status);
  }

  #openStream(answer: EventStreamResponse): void {
    const options = this.#writeOptions(false);
    if (options.head) {
      this.#answer({ status: 200, headers: answer.headers });
      return;
    }
    this.#request.keep();
    this.#attach();
    const lastEventId = this.#request.header('last-event-id');
    const write = () => {
      writeHead(this.#res, answer.headers, options);
      this.#stream = openStream(this.#res, answer.options, lastEventId, () => this.#finish(200));
    };
    if (this.#corked) write();
    else this.#res.cork(write);
    const { stream } = this.#stream as unknown as OpenedStream;
    try {
      answer.open(stream);
    } catch (error) {
      this.#context.onFault(error);
      stream.close();
    }
  }

  #writeOptions(close: boolean): WriteOptions {
    const { cors, closing } = this.#context;
    return {
      head: this.#request.method === 'HEAD',
      block: this.#route.block,
      cors: cors.active ? cors.headersFor(this.#origin) : undefined,
      close: close || closing,
    };
  }

  /** From here on the exchange outlives the callback, and must hear of the client's going. */
  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    this.#context.pending.add(this);
    this.#res.onAborted(() => {
      if (this.#over) return;
      this.#request.abort();
      this.#reading?.cancel();
      if (this.#stream === undefined) this.#finish(CLIENT_GONE);
      else this.#stream.aborted();
    });
  }

  #finish(status: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#request.release();
    const { onResponse, pending, onIdle } = this.#context;
    if (onResponse !== undefined) {
      const milliseconds = performance.now() - this.#started;
      onResponse({ method: this.#request.method, route: this.#route.path, status, milliseconds });
    }
    if (this.#attached) {
      pending.delete(this);
      if (pending.size === 0) onIdle();
    }
  }
}
