/** Where clients post what they measure. */
import { type Authenticator, bearer } from '../auth/authenticate.ts';
import type { JoinClaims } from '../auth/join-token.ts';
import { addressKey } from '../auth/address.ts';
import type { Doors } from '../auth/doors.ts';
import { type HttpRequest, type HttpResponse, json } from '../http/message.ts';
import type { HttpServer } from '../http/server.ts';
import { SluiceError, toSluiceError } from '../kernel/errors.ts';
import { type Beacon, parseBeacon } from '../qoe/beacon.ts';
import { decodeBeacon, MAX_BEACON_BYTES } from '../qoe/beacon-body.ts';
import type { IngestReport } from '../qoe/session.ts';
import { BeaconReport, BeaconRequest } from './qoe-schemas.ts';
import type { RouteDescription } from './route.ts';

/** Who takes beacons, and hears of those that were refused. */
export type BeaconDesk = {
  /** Throws `forbidden`, `session-ended`. */
  take(beacon: Beacon, sender: JoinClaims): IngestReport;
  refused(error: SluiceError): void;
  /** `seconds` of work on one beacon, from its bytes to its answer. */
  worked(seconds: number): void;
};

export type BeaconRouteOptions = {
  readonly authenticator: Pick<Authenticator, 'beacon'>;
  readonly doors: Pick<Doors, 'admit'>;
  readonly bodyTimeout: number;
};

const TYPES = ['application/json', 'text/plain'] as const;

/** What the API's description says of it. */
export const BEACON_ROUTE: RouteDescription = {
  method: 'POST',
  path: '/v1/qoe/beacons',
  operationId: 'takeBeacon',
  summary: 'Take a batch of samples that a client has measured. The token may be in the body, the body may be gzip.',
  scope: 'join-token',
  body: BeaconRequest,
  bodyTypes: TYPES,
  success: { status: 202, schema: BeaconReport },
  errors: ['forbidden', 'session-ended'],
};

/**
 * Serves it by itself: nothing is made for a beacon but its samples and the answer. A token in the header is looked at before
 * the body is read. One in the body cannot be, so that these are counted by address.
 */
export function serveBeacons(server: HttpServer, desk: BeaconDesk, options: BeaconRouteOptions): void {
  const { authenticator, doors, bodyTimeout } = options;
  const senders = new WeakMap<HttpRequest, JoinClaims | Promise<JoinClaims>>();

  const told = (error: unknown): SluiceError => {
    const refusal = toSluiceError(error);
    desk.refused(refusal);
    return refusal;
  };
  const admit = (request: HttpRequest): void => {
    try {
      const authorization = request.header('authorization');
      if (authorization === undefined) {
        doors.admit('beaconAddress', addressKey(request.address));
        return;
      }
      const token = bearer(authorization);
      if (token === undefined) throw new SluiceError('unauthorized');
      const sender = authenticator.beacon(token, request.address);
      senders.set(request, sender);
      // Told when the request is handled, unless its body is refused first.
      if (sender instanceof Promise) sender.catch(() => undefined);
    } catch (error) {
      throw told(error);
    }
  };
  const take = (beacon: Beacon, sender: JoinClaims, since: number): HttpResponse => {
    try {
      return json(desk.take(beacon, sender), 202);
    } catch (error) {
      throw told(error);
    } finally {
      desk.worked((performance.now() - since) / 1000);
    }
  };
  const senderOf = (request: HttpRequest, { token }: Beacon): JoinClaims | Promise<JoinClaims> => {
    const known = senders.get(request);
    if (known !== undefined) return known;
    if (token === undefined) throw new SluiceError('unauthorized');
    return authenticator.beacon(token, request.address);
  };
  const handle = (request: HttpRequest): HttpResponse | Promise<HttpResponse> => {
    const since = performance.now();
    let beacon: Beacon;
    let sender: JoinClaims | Promise<JoinClaims>;
    try {
      if (request.body.length === 0 && !senders.has(request)) throw new SluiceError('unauthorized');
      beacon = parseBeacon(decodeBeacon(request.body, request.header('content-encoding')));
      sender = senderOf(request, beacon);
    } catch (error) {
      throw told(error);
    }
    if (!(sender instanceof Promise)) return take(beacon, sender, since);
    return sender.then(
      (claims) => take(beacon, claims, performance.now()),
      (error: unknown) => {
        throw told(error);
      },
    );
  };
  server.route(BEACON_ROUTE.method, BEACON_ROUTE.path, handle, {
    body: { maxBytes: MAX_BEACON_BYTES, types: TYPES, timeoutMs: bodyTimeout },
    admit,
  });
}
