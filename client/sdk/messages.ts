/**
 * Messages and calls between participants: over data channels where they are open, else over signaling. Whichever it
 * is, those of one sender come in the order in which they were sent.
 */
import { decodeFrame, encodeFrame } from '../../src/rooms/data-frame.ts';
import type { DataHeader, DataMode, DeliveredHeader } from '../../src/rooms/data-header.ts';
import type { DataPayload } from '../../src/signaling/wire.ts';
import type { CallHandler, CallOptions, DataMessage, Payload, RemoteParticipant, SendDataOptions } from './api.ts';
import type { DataChannels } from './data-channels.ts';
import { type About, type MessageCipher, type OpenedMessage, stampOf } from './e2ee/message-cipher.ts';
import { clientError, SluiceClientError, toClientError } from './errors.ts';
import type { Link } from './link.ts';
import { decoded, encoded, type EncodedPayload, fromJson, toJson } from './message-payload.ts';
import type { Scope } from './scope.ts';
import { createSequence } from './sequence.ts';

const CALL_TIMEOUT = 10_000;
/** Messages kept of senders whose arrival signaling has not told yet, and for how long, in milliseconds. */
const MAX_STRANGE = 100;
const STRANGE_FOR = 5000;
/** Senders of whom it is known that their messages cannot be read, and that this was told. */
const MAX_UNREAD = 1000;

export type MessagesOptions = {
  readonly scope: Scope;
  readonly request: Link['request'];
  /** One's own identity. */
  readonly self: () => string;
  /** Undefined: messages are not encrypted end to end. */
  readonly cipher: MessageCipher | undefined;
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
  /** Names the call where it was encrypted: nothing that answers another one is taken. */
  stamp: string;
  /** Who answers. */
  readonly called: string;
  readonly resolve: (payload: Payload) => void;
  readonly reject: (error: SluiceClientError) => void;
};

type Outcome = { readonly ok: true } | { readonly ok: false; readonly code: 'no-method' | 'failed' };
type Reply = (outcome: Outcome, payload?: Payload) => Promise<void>;

export function createMessages(options: MessagesOptions): Messages {
  const { scope, request, participant, cipher } = options;
  const outbound = createSequence();
  const inbound = createSequence();
  /** By identity: why its messages cannot be read. */
  const unread = new Map<string, string>();
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

  /** `about`: what is authenticated with the payload; undefined: it is empty, and nobody's secret. */
  function transmit(
    mode: DataMode,
    header: DataHeader,
    payload: Payload,
    about?: About,
    prepared: (bytes: Uint8Array) => void = () => undefined,
  ): Promise<void> {
    return outbound.run(async () => {
      if (scope.closed) throw clientError('closed');
      const { bytes, mark }: EncodedPayload =
        about === undefined || cipher === undefined
          ? encoded(payload)
          : { bytes: await cipher.seal(mode, about, payload), mark: {} };
      prepared(bytes);
      const whole = { ...header, ...mark };
      if (channels?.open === true) return channels.send(mode, encodeFrame(whole, bytes));
      const lossy = mode === 'lossy' ? ({ lossy: true } as const) : {};
      await request('data', { header: whole, payload: toJson(whole, bytes), ...lossy });
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
      case 'message':
        return delivered(header, payload);
      case 'call':
        return called(header, payload);
      case 'answer':
        return answered(header, payload);
      case 'refused':
        return options.problem(new SluiceClientError(header.code, header.message));
    }
  }

  /** Calls `use` with what `bytes` of `sender` say, in the order in which they came. */
  function open(
    sender: string,
    about: About,
    [header, bytes]: readonly [{ text?: true }, Uint8Array],
    use: (opened: OpenedMessage) => void,
  ): void {
    if (cipher === undefined) use({ ok: true, payload: decoded(header, bytes) });
    else void inbound.run(async () => use(await cipher.open(sender, about, bytes)));
  }

  function delivered(header: Extract<DeliveredHeader, { t: 'message' }>, bytes: Uint8Array): void {
    const from = participant(header.from);
    const { topic, direct = false } = header;
    if (from === undefined) return;
    open(from.identity, ['message', topic ?? null, direct], [header, bytes], (opened) => {
      const { identity } = from;
      if (opened.ok) {
        unread.delete(identity);
        return options.received({ participant: from, payload: opened.payload, topic, direct });
      }
      // Once for each sender, as with frames: who has no key has it for none.
      if (opened.why === 'replayed' || unread.get(identity) === opened.why) return;
      // Whom a server makes up must not fill a page's memory.
      if (unread.size >= MAX_UNREAD) unread.clear();
      unread.set(identity, opened.why);
      options.problem(notOpened(identity, opened.why));
    });
  }

  function called(call: Extract<DeliveredHeader, { t: 'call' }>, bytes: Uint8Array): void {
    const from = participant(call.from);
    if (from === undefined) return;
    const { id, method } = call;
    const stamp = stampOf(bytes);
    const reply: Reply = (outcome, payload = '') => {
      const about: About = ['answer', from.identity, id, outcome.ok, stamp];
      const header: DataHeader = { t: 'answer', to: call.from, id, ...outcome };
      return transmit('reliable', header, payload, outcome.ok || payload !== '' ? about : undefined);
    };
    open(from.identity, ['call', options.self(), id, method], [call, bytes], (opened) => {
      if (!opened.ok && opened.why === 'replayed') return;
      void answer(method, from, opened, reply);
    });
  }

  async function answer(method: string, from: RemoteParticipant, call: OpenedMessage, reply: Reply): Promise<void> {
    const handler = handlers.get(method);
    try {
      if (handler === undefined) return await reply({ ok: false, code: 'no-method' });
      if (!call.ok) throw notOpened(from.identity, call.why);
      await reply({ ok: true }, (await handler({ participant: from, payload: call.payload })) ?? '');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const failed = { ok: false, code: 'failed' } as const;
      // Without a key of one's own the words stay here.
      const told = reply(failed, why).catch(() => (cipher === undefined ? undefined : reply(failed)));
      await told.catch(() => undefined);
    }
  }

  function answered(header: Extract<DeliveredHeader, { t: 'answer' }>, bytes: Uint8Array): void {
    const { id, ok, code = 'failed' } = header;
    const waiting = calls.get(id);
    calls.delete(id);
    if (waiting === undefined) return;
    const { called: sender, resolve, reject } = waiting;
    if (code === 'no-method') return reject(clientError('no-method'));
    // The server's own refusals are readable, and the words of whoever was called are not.
    if (!ok && code !== 'failed') return reject(new SluiceClientError(code, new TextDecoder().decode(bytes)));
    open(sender, ['answer', options.self(), id, ok, waiting.stamp], [header, bytes], (opened) => {
      if (!opened.ok) reject(ok ? notOpened(sender, opened.why) : clientError('call-failed'));
      else if (ok) resolve(opened.payload);
      else reject(new SluiceClientError('call-failed', String(opened.payload)));
    });
  }

  return {
    send(payload, { to, topic, lossy = false }) {
      const recipients = to === undefined ? {} : { to: [to].flat().map((one) => options.idOf(one)) };
      const header: DataHeader = { t: 'message', ...recipients, ...(topic === undefined ? {} : { topic }) };
      return transmit(lossy ? 'lossy' : 'reliable', header, payload, ['message', topic ?? null, to !== undefined]);
    },
    call(to, method, payload, { timeout = CALL_TIMEOUT }) {
      const id = (lastCall += 1);
      return new Promise<Payload>((resolve, reject) => {
        const stop = scope.after(timeout, () => settle()?.reject(clientError('call-timeout')));
        const settle = () => {
          stop();
          const waiting = calls.get(id);
          calls.delete(id);
          return waiting;
        };
        const waiting: Waiting = {
          stamp: '',
          called: to.identity,
          resolve: (result) => (stop(), resolve(result)),
          reject: (error) => (stop(), reject(error)),
        };
        calls.set(id, waiting);
        const header: DataHeader = { t: 'call', to: options.idOf(to), id, method };
        transmit('reliable', header, payload, ['call', to.identity, id, method], (bytes) => {
          waiting.stamp = stampOf(bytes);
        }).catch((error: unknown) => settle()?.reject(toClientError(error, 'call-failed')));
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

function notOpened(identity: string, why: string): SluiceClientError {
  return new SluiceClientError('encryption-failed', `What ${identity} sent could not be decrypted: ${why}.`);
}
