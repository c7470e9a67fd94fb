/**
 * The one error table. Every refusal that leaves the server, by HTTP or by socket, is one of these codes.
 *
 * `status` is the HTTP status; the WebSocket close code of the same refusal is 4000 + status
 * (RFC 6455 §7.4.2 leaves 4000 to 4999 to applications). `title` is the sentence for a person;
 * a `SluiceError` may add a `detail` that says what was found in this case.
 */
export const ERRORS = {
  // The request itself is wrong: the caller mends it.
  'malformed-json': { status: 400, title: 'The body is not valid JSON.' },
  'malformed-sdp': { status: 400, title: 'The body is not a session description that can be read.' },
  'invalid-request': { status: 400, title: 'The request does not fit its schema.' },
  'invalid-media': { status: 422, title: 'The media parameters are not ones that this server can use.' },
  'unsupported-codec': { status: 422, title: 'No codec of this track can be received by this client.' },
  'unknown-message': { status: 400, title: 'There is no signaling message of this name.' },
  'out-of-order': { status: 409, title: 'The request does not fit the state of the session.' },
  'body-too-large': { status: 413, title: 'The body is larger than this server accepts.' },
  'message-too-large': { status: 413, title: 'The message is larger than participants may send each other.' },
  'unsupported-media-type': { status: 415, title: 'The content type of the body is not supported here.' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive.' },
  'method-not-allowed': { status: 405, title: 'This resource does not support the method.' },
  'precondition-failed': { status: 412, title: 'The resource has changed since it was read.' },
  'precondition-required': { status: 428, title: 'The request must say which state of the resource it is meant for.' },
  'upgrade-required': { status: 426, title: 'This address speaks WebSocket only.' },

  // Who is asking.
  unauthorized: { status: 401, title: 'A valid API key or join token is required.' },
  'token-invalid': { status: 401, title: 'The join token is not valid.' },
  'token-expired': { status: 401, title: 'The join token has expired.' },
  'token-not-yet-valid': { status: 401, title: 'The join token is not valid yet.' },
  'token-revoked': { status: 401, title: 'The join token has been revoked.' },
  forbidden: { status: 403, title: 'The token does not grant this.' },
  'origin-not-allowed': { status: 403, title: 'Pages of this origin may not use this server.' },

  // What is asked for.
  'not-found': { status: 404, title: 'There is nothing at this address.' },
  'room-not-found': { status: 404, title: 'There is no room of this name.' },
  'participant-not-found': { status: 404, title: 'There is no such participant in the room.' },
  'transport-not-found': { status: 404, title: 'There is no such transport in this session.' },
  'producer-not-found': { status: 404, title: 'There is no such producer.' },
  'consumer-not-found': { status: 404, title: 'There is no such consumer in this session.' },
  'events-gone': { status: 410, title: 'The event log does not go on from this number: those events are not kept.' },
  'room-exists': { status: 409, title: 'A room of this name is open already.' },
  'room-full': { status: 409, title: 'The room has as many participants as it may have.' },
  'identity-in-use': { status: 409, title: 'Somebody of this identity is in the room already.' },
  'source-in-use': { status: 409, title: 'The participant publishes this source already.' },
  'limit-reached': { status: 409, title: 'A limit of this server or room has been reached.' },
  'nothing-to-play': { status: 409, title: 'Nobody publishes what was asked for right now.' },

  // Too much.
  'rate-limited': { status: 429, title: 'Too many requests.' },
  'too-many-view-changes': { status: 429, title: 'The view changes more often than this server follows.' },
  'too-many-connections': { status: 429, title: 'Too many connections from this address.' },
  'too-slow': { status: 408, title: 'The client reads more slowly than the server must send.' },

  // How a session ends, or why it cannot go on.
  'session-gone': { status: 410, title: 'The session cannot be resumed; join again.' },
  kicked: { status: 403, title: 'The participant was removed from the room.' },
  replaced: { status: 409, title: 'The same identity joined from elsewhere.' },
  'room-closed': { status: 410, title: 'The room was closed.' },
  'session-ended': { status: 410, title: 'The session is over, and no more is taken of it.' },
  'join-timeout': { status: 408, title: 'The connection did not join in time.' },

  // The server's own condition.
  'events-unavailable': { status: 503, title: 'The event log cannot be read or written right now.' },
  draining: { status: 503, title: 'The server is shutting down and takes no new joins.' },
  'media-unavailable': { status: 503, title: 'The media engine cannot serve this room right now.' },
  'store-unavailable': { status: 503, title: 'What is stored cannot be read right now.' },
  'issuer-unavailable': { status: 503, title: "The keys of the token's issuer cannot be fetched right now." },
  internal: { status: 500, title: 'Something went wrong on the server.' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A code of the error table. */
export type ErrorCode = keyof typeof ERRORS;

/** What more a refusal can say. */
export type ErrorExtra = {
  /** What was found in this case, for the developer who reads it. Never a secret, never a token. */
  detail?: string;
  /** Seconds to wait before trying again (429 and 503). */
  retryAfter?: number;
  /** Every violation found, where there can be several. */
  errors?: readonly { path: string; message: string }[];
  /** The words with which somebody put the participant out, for that person to read. */
  reason?: string;
  /** The fault behind an `internal`, for the log alone. */
  cause?: unknown;
};

/** A refusal with a code of the table. The only error that crosses a layer on purpose. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly retryAfter: number | undefined;
  readonly errors: readonly { path: string; message: string }[] | undefined;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, extra: ErrorExtra = {}) {
    super(extra.detail ?? ERRORS[code].title, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'SluiceError';
    this.code = code;
    this.detail = extra.detail;
    this.retryAfter = extra.retryAfter;
    this.errors = extra.errors;
    this.reason = extra.reason;
  }
}

/** `error` as the table has it: anything that is not a `SluiceError` becomes `internal`, and says nothing more. */
export function toSluiceError(error: unknown): SluiceError {
  return error instanceof SluiceError ? error : new SluiceError('internal', { cause: error });
}

/** An error as it travels in a signaling answer or a `bye`. */
export type WireError = {
  code: ErrorCode;
  message: string;
  retryAfter?: number;
  errors?: readonly { path: string; message: string }[];
  reason?: string;
};

/** `error` in the shape of the signaling channel. */
export function toWire(error: SluiceError): WireError {
  return {
    code: error.code,
    message: error.detail ?? ERRORS[error.code].title,
    ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    ...(error.reason === undefined ? {} : { reason: error.reason }),
  };
}

/** RFC 9457 problem details. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail?: string;
  errors?: readonly { path: string; message: string }[];
};

/** `error` as a problem+json body (RFC 9457 §3). */
export function toProblem(error: SluiceError): Problem {
  const { status, title } = ERRORS[error.code];
  return {
    type: `urn:sluice:error:${error.code}`,
    title,
    status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
}

/** The WebSocket close code that goes with an error code. */
export function closeCode(code: ErrorCode): number {
  return 4000 + ERRORS[code].status;
}
