import type { ErrorCode, WireError } from '../../src/kernel/errors.ts';

/** What can go wrong on this side of the wire, and the sentence for a person. The server's codes come on top. */
export const CLIENT_ERRORS = {
  // Joining and staying.
  'invalid-url': 'The address of the server is not an http or https address.',
  'server-unreachable': 'The server cannot be reached.',
  'connection-lost': 'The connection to the server was lost and could not be restored.',
  timeout: 'The server took too long to answer.',
  aborted: 'Joining was cancelled.',
  closed: 'The room is closed.',
  'not-supported': 'This browser cannot do this.',
  'media-failed': 'The media connection could not be set up.',
  'encryption-failed': 'End-to-end encryption could not be set up.',

  // Calls between participants.
  'call-timeout': 'The other participant did not answer in time.',
  'call-failed': 'The other participant could not answer.',
  'no-method': 'The other participant answers no calls of this name.',

  // Devices.
  'permission-denied': 'Permission to use the device was not given.',
  'no-device': 'There is no such device.',
  'device-in-use': 'The device is used by another application.',
  'constraints-not-met': 'No device can do what was asked for.',
  'insecure-page': 'Browsers give no camera or microphone to a page that was not loaded over https.',
  'device-failed': 'The device could not be opened.',
  'track-ended': 'The track has ended already.',
  'playback-blocked': 'The browser plays nothing before the page was clicked.',
} as const satisfies Record<string, string>;

export type ClientErrorCode = keyof typeof CLIENT_ERRORS;

/** Why a room is closed: `left` after `leave()`, else a code of the server's error table or of the SDK. */
export type CloseReason = {
  readonly code: ErrorCode | ClientErrorCode | 'left';
  readonly message: string;
  /** Seconds to wait before joining again, where the server said so. */
  readonly retryAfter?: number;
  /** The words of whoever put one out, if any. */
  readonly reason?: string;
};

/** The only error that the SDK throws or rejects with. */
export class SluiceClientError extends Error {
  /** To branch on: a code of the server's error table, or one of `CLIENT_ERRORS`. */
  readonly code: ErrorCode | ClientErrorCode;
  /** Seconds to wait before trying again, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode | ClientErrorCode,
    message: string,
    extra: { cause?: unknown; retryAfter?: number } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'SluiceClientError';
    this.code = code;
    this.retryAfter = extra.retryAfter;
  }
}

/** An error of this side, with the sentence of the table. */
export function clientError(code: ClientErrorCode, cause?: unknown): SluiceClientError {
  return new SluiceClientError(code, CLIENT_ERRORS[code], { cause });
}

/** A refusal of the server. */
export function fromWire(error: WireError): SluiceClientError {
  return new SluiceClientError(
    error.code,
    error.message,
    error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter },
  );
}

/** `error` as it is where it is ours, else wrapped under `code`. */
export function toClientError(error: unknown, code: ClientErrorCode): SluiceClientError {
  return error instanceof SluiceClientError ? error : clientError(code, error);
}

/** DOMException names of getUserMedia and getDisplayMedia (Media Capture and Streams §10.2). */
const CAPTURE_ERRORS: Record<string, ClientErrorCode> = {
  NotAllowedError: 'permission-denied',
  SecurityError: 'permission-denied',
  NotFoundError: 'no-device',
  NotReadableError: 'device-in-use',
  AbortError: 'device-failed',
  OverconstrainedError: 'constraints-not-met',
};

/** What opening a device failed with, under our code. */
export function fromCapture(error: unknown): SluiceClientError {
  if (error instanceof SluiceClientError) return error;
  const { name = '', constraint } = (error ?? {}) as { name?: string; constraint?: string };
  // The device of this id was unplugged, or has another id by now.
  if (name === 'OverconstrainedError' && constraint === 'deviceId') return clientError('no-device', error);
  return clientError(CAPTURE_ERRORS[name] ?? 'device-failed', error);
}
