/**
 * Messages and calls between participants: over data channels where they are open, else over signaling. Whichever it
 * is, those of one sender come in the order in which they were sent.
 */
import { decodeFrame, encodeFrame } from '../../src/rooms/data-frame.ts';
import type { DataHeader, DataMode, DeliveredHeader } from '../../src/rooms/data-header.ts';
import type { DataPayload } from '../../src/signaling/wire.ts';
import type { CallHandler, CallOptions, DataMessage, Payload, RemoteParticipant, SendDataOptions } from './api.ts';
import type { DataChannels } from './data-channels.ts';
import { clientError, SluiceClientError, toClientError } from './errors.ts';
import type { Link } from './link.ts';
import type { Scope } from './scope.ts';
import { createSequence } from './sequence.ts';

const CALL_TIMEOUT = 10_000;
/** Messages kept of senders whose arrival signaling has not told yet, and for how long, in milliseconds. */
const MAX_STRANGE = 100;
const STRANGE_FOR = 5000;

export type MessagesOptions = {
  readonly scope: Scope;
  readonly request: Link['request'];
  /** Runs `task` after what has been announced before. */
  readonly inTurn: (task: () => void) => void;
  /** Who has this id; undefined where nobody (any more) does. */
  readonly participant: (id: string) => RemoteParticipant | undefined;
  readonly idOf: (participant: RemoteParticipant) => string;
  readonly received: (message: DataMessage) => void;
  readonly problem: (error: SluiceClientError) => void;
};

export type Messages = {
  send(payload: Payload, options: SendDataOptions): Promise<void>;
  call(to: RemoteParticipant, method: string, payload: Payload, options: CallOptions): Promise<Payload>;
  /** The returned function takes it off again. Throws where `method` has a handler. */
  handle(method: string, handler: CallHandler): () => void;
  /** From here on over these, once they are open and the server knows. */
  use(channels: DataChannels): Promise<void>;
  /** The channels are gone. */
  lost(): void;
  /** What came over signaling. */
  take(payload: DataPayload): void;
  /** Somebody has arrived, who may have sent something before that was told. */
  arrived(): void;
};

type Waiting = {
  readonly resolve: (payload: Payload) => void;
  readonly reject: (error: SluiceClientError) => void;
};

export function createMessages(options: MessagesOptions): Messages {
  const { scope, request, participant } = options;
  const outbound = createSequence();
  const calls = new Map<number, Waiting>();
  const handlers = new Map<string, CallHandler>();
  let strange: (readonly [DeliveredHeader, Uint8Array])[] = [];
  let lastCall = 0;
  let channels: DataChannels | undefined;
  let next: DataChannels | undefined;

  scope.onClose(() => {
    for (const { reject } of calls.values()) reject(clientError('closed'));
    calls.clear();
  });

  function transmit(mode: DataMode, header: DataHeader, payload: Uint8Array): Promise<void> {
    return outbound.run(async () => {
      if (scope.closed) throw clientError('closed');
      if (channels?.open === true) return channels.send(mode, encodeFrame(header, payload));
      const lossy = mode === 'lossy' ? ({ lossy: true } as const) : {};
      await request('data', { header, payload: toJson(header, payload), ...lossy });
    });
  }

  function take(header: DeliveredHeader, payload: Uint8Array): void {
    // Channels may be faster than the signaling that tells who is there.
    if ((header.t === 'message' || header.t === 'call') && participant(header.from) === undefined) {
      const one = [header, payload] as const;
      strange = [...strange.slice(1 - MAX_STRANGE), one];
      scope.after(STRANGE_FOR, () => (strange = strange.filter((other) => other !== one)));
      return;
    }
    switch (header.t) {
      case 'message': {
        const from = participant(header.from);
        const { topic, direct = false } = header;
        if (from === undefined) return;
        return options.received({ participant: from, payload: decoded(header, payload), topic, direct });
      }
      case 'call':
        return void answer(header, payload);
      case 'answer': {
        const waiting = calls.get(header.id);
        calls.delete(header.id);
        if (header.ok) return waiting?.resolve(decoded(header, payload));
        return waiting?.reject(failure(header, payload));
      }
      case 'refused':
        return options.problem(new SluiceClientError(header.code, header.message));
    }
  }

  async function answer(call: Extract<DeliveredHeader, { t: 'call' }>, payload: Uint8Array): Promise<void> {
    const from = participant(call.from);
    if (from === undefined) return;
    const reply = { t: 'answer', to: call.from, id: call.id } as const;
    const handler = handlers.get(call.method);
    try {
      if (handler === undefined) {
        return await transmit('reliable', { ...reply, ok: false, code: 'no-method' }, new Uint8Array());
      }
      const result = encoded((await handler({ participant: from, payload: decoded(call, payload) })) ?? '');
      await transmit('reliable', { ...reply, ok: true, ...result.mark }, result.bytes);
    } catch (error) {
      const why = encoded(error instanceof Error ? error.message : String(error));
      await transmit('reliable', { ...reply, ok: false, code: 'failed', text: true }, why.bytes).catch(() => undefined);
    }
  }

  return {
    send(payload, { to, topic, lossy = false }) {
      const { bytes, mark } = encoded(payload);
      const recipients = to === undefined ? {} : { to: [to].flat().map((one) => options.idOf(one)) };
      const header: DataHeader = { t: 'message', ...recipients, ...(topic === undefined ? {} : { topic }), ...mark };
      return transmit(lossy ? 'lossy' : 'reliable', header, bytes);
    },
    call(to, method, payload, { timeout = CALL_TIMEOUT }) {
      const id = (lastCall += 1);
      const { bytes, mark } = encoded(payload);
      return new Promise<Payload>((resolve, reject) => {
        const stop = scope.after(timeout, () => settle()?.reject(clientError('call-timeout')));
        const settle = () => {
          stop();
          const waiting = calls.get(id);
          calls.delete(id);
          return waiting;
        };
        calls.set(id, {
          resolve: (result) => (stop(), resolve(result)),
          reject: (error) => (stop(), reject(error)),
        });
        const header: DataHeader = { t: 'call', to: options.idOf(to), id, method, ...mark };
        transmit('reliable', header, bytes).catch((error: unknown) =>
          settle()?.reject(toClientError(error, 'call-failed')),
        );
      });
    },
    handle(method, handler) {
      if (handlers.has(method)) throw new TypeError(`There is a handler of ${method} already.`);
      handlers.set(method, handler);
      return () => void handlers.delete(method);
    },
    async use(opened) {
      next = opened;
      await opened.opened;
      // In turn: what went over signaling is with the server before anything goes over the channels.
      await outbound.run(async () => {
        if (next !== opened) return;
        await request('data-open', {});
        // The answer came behind all that was sent over signaling: what the channels brought meanwhile is newer.
        if (next !== opened) return;
        channels = opened;
        opened.receive((frame) => {
          const message = decodeFrame(frame);
          if (message === undefined) return;
          options.inTurn(() => take(message.header as DeliveredHeader, message.payload));
        });
      });
    },
    lost() {
      channels = undefined;
      next = undefined;
    },
    take: ({ header, payload }) => take(header, fromJson(header, payload)),
    arrived() {
      for (const [header, payload] of strange.splice(0)) take(header, payload);
    },
  };
}

function encoded(payload: Payload): { bytes: Uint8Array; mark: { text?: true } } {
  return typeof payload === 'string'
    ? { bytes: new TextEncoder().encode(payload), mark: { text: true } }
    : { bytes: payload, mark: {} };
}

function decoded(header: { text?: true }, payload: Uint8Array): Payload {
  return header.text === true ? new TextDecoder().decode(payload) : payload;
}

function failure(
  { code = 'failed' }: Extract<DeliveredHeader, { t: 'answer' }>,
  payload: Uint8Array,
): SluiceClientError {
  const why = new TextDecoder().decode(payload);
  if (code === 'no-method') return clientError('no-method');
  return new SluiceClientError(code === 'failed' ? 'call-failed' : code, why);
}

/** Text as it is, else base64, as signaling has it. */
function toJson(header: DataHeader, payload: Uint8Array): string {
  if (header.text === true) return new TextDecoder().decode(payload);
  let binary = '';
  for (const byte of payload) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromJson(header: DeliveredHeader, payload: string): Uint8Array {
  if ('text' in header && header.text !== undefined) return new TextEncoder().encode(payload);
  return Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
}
