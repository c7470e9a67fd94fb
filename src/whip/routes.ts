import { addressKey } from '../auth/address.ts';
import { type Authenticator, bearer } from '../auth/authenticate.ts';
import type { Doors } from '../auth/doors.ts';
import type { JoinClaims } from '../auth/join-token.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { HttpAnswer, HttpRequest, HttpResponse } from '../http/message.ts';
import type { HttpServer } from '../http/server.ts';
import { parseIdentity } from '../rooms/ids.ts';
import { iceServerLinks } from './ice-server-links.ts';
import type { SessionKind, WhipSession } from './session.ts';
import { type Caller, type Created, isOwn, type WhipSessions } from './sessions.ts';

export type WhipRoutesOptions = {
  readonly sessions: WhipSessions;
  readonly authenticator: Pick<Authenticator, 'join'>;
  readonly doors: Pick<Doors, 'admit'>;
  /** What stands before the path in Location; empty where clients reach the server by more than one name. */
  readonly baseUrl: string;
  readonly body: { readonly maxBytes: number; readonly timeoutMs: number };
};

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const UNCACHED = { 'cache-control': 'no-store' };

/** Serves WHIP (RFC 9725) under /whip/ and WHEP (draft-ietf-wish-whep-03) under /whep/. */
export function serveWhip(server: HttpServer, options: WhipRoutesOptions): void {
  for (const kind of ['whip', 'whep'] as const) {
    serveEndpoint(server, kind, options);
    serveSessions(server, kind, options);
  }
}

function serveEndpoint(server: HttpServer, kind: SessionKind, options: WhipRoutesOptions): void {
  const path = `/${kind}/:room`;
  const { sessions, doors, body } = options;
  const anonymous = (request: HttpRequest) => doors.admit('anonymous', addressKey(request.address));
  // Asked for before the body is read.
  const callers = new WeakMap<HttpRequest, Caller | Promise<Caller>>();
  server.route(
    'POST',
    path,
    async (request) => {
      const caller = await (callers.get(request) ?? callerOf(request, options));
      if (caller.claims.room !== request.params['room']) {
        throw new SluiceError('forbidden', { detail: 'The token is for another room.' });
      }
      const offer = request.text();
      const created =
        kind === 'whip'
          ? await sessions.publish(caller, offer)
          : await sessions.play(caller, offer, wantedParticipant(request));
      // Nobody is there to connect, nor to end it.
      if (request.aborted) created.session.leave('disconnected');
      return createdAnswer(created, options.baseUrl);
    },
    {
      body: { ...body, types: [SDP] },
      headers: { 'accept-post': SDP },
      admit(request) {
        const caller = callerOf(request, options);
        callers.set(request, caller);
        if (caller instanceof Promise) caller.catch(() => undefined);
      },
    },
  );
  // Neither RFC nor draft define a representation: a GET succeeds without one, and tells players what is here.
  server.route('GET', path, () => ({ status: 200, headers: { 'content-type': SDP, 'accept-post': SDP } }), {
    admit: anonymous,
  });
  server.route('OPTIONS', path, () => ({ status: 200, headers: { allow: 'POST, GET, HEAD, OPTIONS' } }), {
    admit: anonymous,
    headers: { 'accept-post': SDP },
  });
}

function serveSessions(server: HttpServer, kind: SessionKind, options: WhipRoutesOptions): void {
  const path = `/${kind}/:room/:session`;
  const { body } = options;
  const found = new WeakMap<HttpRequest, WhipSession | Promise<WhipSession>>();
  const find = (request: HttpRequest) => found.get(request) ?? ownSession(request, kind, options);
  const patch = async (request: HttpRequest): Promise<HttpAnswer> => {
    const session = await find(request);
    const patched = await session.patch(request.text(), request.header('if-match'));
    if (!patched.restarted) return { status: 204 };
    const headers = { ...UNCACHED, 'content-type': FRAGMENT, etag: session.etag };
    return { status: 200, headers, body: patched.body };
  };
  server.route('PATCH', path, patch, {
    body: { ...body, types: [FRAGMENT] },
    headers: { 'accept-patch': FRAGMENT },
    admit(request) {
      const session = ownSession(request, kind, options);
      found.set(request, session);
      if (session instanceof Promise) session.catch(() => undefined);
    },
  });
  server.route('DELETE', path, async (request) => {
    const session = await find(request);
    session.leave('left');
    return { status: 200 };
  });
  server.route('GET', path, async (request) => {
    const { etag } = await find(request);
    return { status: 204, headers: { etag, ...UNCACHED } };
  });
}

function callerOf(request: HttpRequest, { authenticator, doors }: WhipRoutesOptions): Caller | Promise<Caller> {
  const token = bearer(request.header('authorization'));
  if (token === undefined) {
    doors.admit('anonymous', addressKey(request.address));
    throw new SluiceError('unauthorized', { detail: 'Send a join token: Authorization: Bearer TOKEN.' });
  }
  const claims = authenticator.join(token, request.address);
  return claims instanceof Promise ? claims.then((late) => ({ claims: late, token })) : { claims, token };
}

/**
 * The session that the path names, for whoever holds the token with which it was made, which may have expired since, or
 * a newer one of the same identity. A URL alone is not enough: it stands in the logs of proxies.
 */
function ownSession(
  request: HttpRequest,
  kind: SessionKind,
  options: WhipRoutesOptions,
): WhipSession | Promise<WhipSession> {
  const { params, address } = request;
  const token = bearer(request.header('authorization'));
  const session = token === undefined ? undefined : options.sessions.find(params['session'] ?? '');
  if (token === undefined || session?.kind !== kind || session.room !== params['room']) {
    options.doors.admit('anonymous', addressKey(address));
    throw new SluiceError(token === undefined ? 'unauthorized' : 'not-found');
  }
  options.doors.admit('messages', session.participantId ?? session.id);
  if (isOwn(session, token)) return session;
  const ofIdentity = ({ room, identity }: JoinClaims) => {
    if (room !== session.room || identity !== session.identity) throw new SluiceError('forbidden');
    return session;
  };
  const claims = options.authenticator.join(token, address);
  return claims instanceof Promise ? claims.then(ofIdentity) : ofIdentity(claims);
}

function createdAnswer({ session, answer, iceServers }: Created, baseUrl: string): HttpResponse {
  const links = iceServerLinks(iceServers);
  return {
    status: 201,
    headers: {
      ...UNCACHED,
      'content-type': SDP,
      location: `${baseUrl}/${session.kind}/${session.room}/${session.id}`,
      etag: session.etag,
      ...(links.length === 0 ? {} : { link: links }),
    },
    body: answer,
  };
}

function wantedParticipant(request: HttpRequest) {
  const wanted = request.query.get('participant');
  if (wanted === null) return undefined;
  const identity = parseIdentity(wanted);
  if (identity === undefined) throw new SluiceError('invalid-request', { detail: '`participant` is no identity.' });
  return identity;
}
