import { NotFoundError, UnsupportedError, WorkerClosedError } from 'mediasoup/errors';

import { SluiceError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';

/**
 * What mediasoup threw, as the error table has it: a refusal of the client's parameters keeps its text as the detail;
 * a worker that is gone is `media-unavailable`.
 */
export function toRefusal(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  if (error instanceof UnsupportedError) return refusal('unsupported-codec', error);
  if (error instanceof WorkerClosedError) return new SluiceError('media-unavailable', { retryAfter: 1, cause: error });
  if (error instanceof NotFoundError) return refusal('producer-not-found', error);
  // TypeError: mediasoup's own checks, here and in the worker. Error: a clash in the worker (SSRC or MID in use).
  if (error instanceof Error) return refusal('invalid-media', error);
  return new SluiceError('internal', { cause: error });
}

/**
 * `task`'s result; what mediasoup throws becomes a `SluiceError`. Where the thing that was asked has been closed
 * meanwhile, the worker's complaint that it does not know it is no fault of the parameters: that is `gone()`'s code.
 */
export async function refusing<T>(task: () => Promise<T>, gone?: () => ErrorCode | undefined): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const refused = toRefusal(error);
    const code = refused.code === 'media-unavailable' ? undefined : gone?.();
    throw code === undefined ? refused : new SluiceError(code, { cause: error });
  }
}

function refusal(code: ErrorCode, error: Error): SluiceError {
  return new SluiceError(code, { detail: error.message, cause: error });
}
