import type { JoinHello } from '../../src/signaling/wire.ts';
import type { CloseReason, Join, JoinOptions, Room } from './api.ts';
import { receiveCapabilities } from './capabilities.ts';
import { canEncrypt } from './e2ee/session.ts';
import { clientError, SluiceClientError } from './errors.ts';
import { openLink } from './link.ts';
import { createParting } from './parting.ts';
import { RoomSession } from './room.ts';
import type { Elapsed, Timings } from './room-media.ts';
import { createScope } from './scope.ts';

const JOIN_TIMEOUT = 15_000;
const GIVE_UP_AFTER = 60_000;
const CLIENT_NAME = 'sluice-sdk/0.1.0';

/** See `Join` in `api.ts`. */
export const join: Join = async (url, token, options = {}) => {
  const started = performance.now();
  const elapsed: Elapsed = (at = performance.now()) => Math.round((at - started) * 10) / 10;
  const origin = originOf(url);
  if (options.signal?.aborted === true) throw clientError('aborted');
  if (options.e2ee !== undefined && !canEncrypt()) throw clientError('not-supported');
  const timings: Timings = {};
  // Codecs are asked of the browser while the socket opens, and leave with the first message.
  const capabilities = receiveCapabilities();
  capabilities.then(
    () => (timings.capabilities = elapsed()),
    () => undefined,
  );
  // Another one, once one was moved to another room.
  const credential = { token };
  const hello = async (): Promise<JoinHello> => ({
    protocol: 1,
    token: credential.token,
    subscribe: options.subscribe ?? 'auto',
    client: CLIENT_NAME,
    rtpCapabilities: await capabilities,
  });
  return open(origin, credential, hello, options, timings, elapsed);
};

function open(
  url: string,
  credential: { token: string },
  hello: () => Promise<JoinHello>,
  options: JoinOptions,
  timings: Timings,
  elapsed: Elapsed,
): Promise<Room> {
  const { promise, resolve, reject } = deferred<Room>();
  const attempt = createScope();
  let session: RoomSession | undefined;
  const link = openLink({
    url,
    hello,
    parting: createParting(),
    giveUpAfter: options.giveUpAfter ?? GIVE_UP_AFTER,
    opened: () => (timings.socketOpen ??= elapsed()),
    listener: {
      joined(joined) {
        if (session !== undefined) return session.rejoined(joined);
        timings.joined = elapsed();
        attempt.close();
        const { subscribe = 'auto', iceTransportPolicy = 'all', adaptiveStream = true, qoe = {}, e2ee } = options;
        session = new RoomSession({
          link,
          joined,
          url,
          credential,
          subscribe,
          iceTransportPolicy,
          adaptiveStream,
          qoe,
          e2ee,
          timings,
          elapsed,
        });
        return resolve(session);
      },
      resumed: (tick) => session?.resumed(tick),
      lost: () => session?.lost(),
      event: (event) => session?.event(event),
      tick: (frame) => session?.tick(frame),
      closed(reason) {
        attempt.close();
        if (session === undefined) reject(refusal(reason));
        else session.closed(reason);
      },
    },
  });
  attempt.after(options.timeout ?? JOIN_TIMEOUT, () => link.close(clientReason('timeout')));
  if (options.signal) attempt.listen(options.signal, 'abort', () => link.close(clientReason('aborted')));
  return promise;
}

function refusal({ code, message, retryAfter }: CloseReason): SluiceClientError {
  // A server that says `left` before anybody was in has closed the session.
  return new SluiceClientError(
    code === 'left' ? 'session-gone' : code,
    message,
    retryAfter === undefined ? {} : { retryAfter },
  );
}

function clientReason(code: 'timeout' | 'aborted'): CloseReason {
  return { code, message: clientError(code).message };
}

function originOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (error) {
    throw clientError('invalid-url', error);
  }
  if (!['http:', 'https:'].includes(parsed.protocol)) throw clientError('invalid-url');
  return parsed.origin;
}

/** `Promise.withResolvers`, which Safari 16 and Chrome 118 do not have. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
