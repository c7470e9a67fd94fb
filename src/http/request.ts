import type * as uWS from 'uWebSockets.js';
import { SluiceError } from '../kernel/errors.ts';
import { addressText } from './address.ts';
import type { AddressResolver } from './address.ts';
import { decodeJson, decodeText } from './body.ts';
import type { HttpRequest } from './message.ts';

const NO_BODY = new Uint8Array(0);

/**
 * A request over µWS, whose own request object dies when the route's callback returns. Until then everything is read
 * from it on demand, so that a synchronous answer pays only for what it looks at; `keep()` copies the rest for later.
 */
export class IncomingRequest implements HttpRequest {
  readonly method: string;
  readonly route: string;
  body: Uint8Array = NO_BODY;
  aborted = false;
  readonly #names: readonly string[];
  readonly #addresses: AddressResolver;
  #res: uWS.HttpResponse | undefined;
  #req: uWS.HttpRequest | undefined;
  #headers: Map<string, string> | undefined;
  #path: string | undefined;
  #rawParams: readonly string[] | undefined;
  #params: Readonly<Record<string, string>> | undefined;
  #rawQuery: string | undefined;
  #query: URLSearchParams | undefined;
  #address: string | undefined;
  #abort: AbortController | undefined;

  constructor(
    method: string,
    route: { path: string; names: readonly string[] },
    addresses: AddressResolver,
    res: uWS.HttpResponse,
    req: uWS.HttpRequest,
  ) {
    this.method = method;
    this.route = route.path;
    this.#names = route.names;
    this.#addresses = addresses;
    this.#res = res;
    this.#req = req;
  }

  get path(): string {
    return (this.#path ??= this.#live().getUrl());
  }

  get params(): Readonly<Record<string, string>> {
    return (this.#params ??= this.#decodeParams());
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#rawQuery ?? this.#live().getQuery()));
  }

  get address(): string {
    return (this.#address ??= this.#findAddress());
  }

  header(name: string): string | undefined {
    const value = this.#headers === undefined ? this.#live().getHeader(name) : this.#headers.get(name);
    return value === '' ? undefined : value;
  }

  text(): string {
    return decodeText(this.body);
  }

  json(): unknown {
    return decodeJson(this.body);
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.aborted) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Copies what µWS is about to take away. Must run before the route's callback returns. */
  keep(): void {
    const req = this.#req;
    if (req === undefined || this.#headers !== undefined) return;
    this.#path ??= req.getUrl();
    // µWS has none where there is no question mark, whatever its types say.
    this.#rawQuery = req.getQuery() || '';
    this.#rawParams = this.#names.map((_, index) => req.getParameter(index) ?? '');
    this.#address ??= this.#findAddress();
    this.#headers = collectHeaders(req);
    this.#req = undefined;
    this.#res = undefined;
  }

  /** The answer is out: µWS's objects may not be touched any more. */
  release(): void {
    this.#req = undefined;
    this.#res = undefined;
  }

  /** The client is gone. */
  abort(): void {
    this.aborted = true;
    this.#req = undefined;
    this.#res = undefined;
    this.#abort?.abort();
  }

  #live(): uWS.HttpRequest {
    if (this.#req === undefined) throw new Error('The request has been answered; what was not read by then is gone.');
    return this.#req;
  }

  #decodeParams(): Readonly<Record<string, string>> {
    // The names are those of the route's pattern: no request brings `__proto__` in here.
    const params: Record<string, string> = {};
    for (let index = 0; index < this.#names.length; index += 1) {
      params[this.#names[index]!] = decodeSegment(this.#rawParams?.[index] ?? this.#live().getParameter(index) ?? '');
    }
    return params;
  }

  #findAddress(): string {
    const res = this.#res;
    if (res === undefined) throw new Error('The request has been answered; its address was not read by then.');
    const peer = addressText(res.getRemoteAddress());
    if (!this.#addresses.isProxy(peer)) return peer;
    // All X-Forwarded-For lines, not only the first: a proxy may add a line below one that the client made up.
    return this.#addresses.client(peer, collectHeaders(this.#live()).get('x-forwarded-for') ?? '');
  }
}

function collectHeaders(req: uWS.HttpRequest): Map<string, string> {
  const headers = new Map<string, string>();
  req.forEach((name, value) => {
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  return headers;
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new SluiceError('invalid-request', { detail: `"${segment}" in the path is not valid percent-encoding.` });
  }
}
