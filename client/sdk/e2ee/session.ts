/** End-to-end encryption of one room: hands senders, receivers and keys to the worker. */
import type { ConsumerInfo } from '../../../src/rooms/events.ts';
import type { Source } from '../../../src/rooms/grants.ts';
import type { E2eeOptions, EncryptionState } from '../api.ts';
import { clientError } from '../errors.ts';
import type { Scope } from '../scope.ts';
import { sealedCodec } from './clear-bytes.ts';
import { sourceOf } from './keys.ts';
import type { FromWorker, Job, ToWorker } from './worker-messages.ts';

export type E2ee = {
  /** What connections are to be configured with. */
  readonly configuration: object;
  /** The first of these codecs whose frames can be encrypted. Throws `not-supported`. */
  choose<Codec extends { mimeType: string }>(kind: string, codecs: readonly Codec[]): Codec;
  /** What `sender` sends is encrypted from now on, or not sent. */
  seal(sender: RTCRtpSender, source: Source, codec: { mimeType: string }): void;
  /** Returns what decrypts all that a receiver gets of this track; the rest is not shown. Throws `not-supported`. */
  open(info: ConsumerInfo): (receiver: RTCRtpReceiver) => void;
};

export type E2eeSessionOptions = {
  readonly options: E2eeOptions;
  readonly scope: Scope;
  /** One's own identity. */
  readonly self: () => string;
  /** Undefined where nobody has this id (any more). */
  readonly identityOf: (participantId: string) => string | undefined;
  sentChanged(source: Source, state: EncryptionState): void;
  receivedChanged(producerId: string, state: EncryptionState): void;
  failed(error: unknown): void;
};

/** A sender or receiver of the older API. */
type Streamed = { createEncodedStreams?(): { readable: ReadableStream; writable: WritableStream } };

/** Whether this browser can. */
export function canEncrypt(): boolean {
  return hasScriptTransform() || 'createEncodedStreams' in RTCRtpSender.prototype;
}

export function createE2ee({ options, scope, self, identityOf, ...told }: E2eeSessionOptions): E2ee {
  const worker = new Worker(options.worker ?? workerUrl(), { type: 'module', name: 'sluice-e2ee' });
  const post = (message: ToWorker, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  const stop = sourceOf(options.keys).follow((entry) => post({ type: 'key', entry }));
  const slots = new WeakMap<object, number>();
  let lastSlot = 0;
  scope.listen(worker, 'message', (event) => {
    const { id, state } = (event as MessageEvent<FromWorker>).data;
    const [side, name = ''] = id.split(' ');
    if (side === 'seal') told.sentChanged(name as Source, state);
    else told.receivedChanged(name, state);
  });
  scope.listen(worker, 'error', (event) => told.failed(event));
  scope.onClose(() => {
    stop();
    worker.terminate();
  });

  function transform(end: RTCRtpSender | RTCRtpReceiver, job: Job): void {
    if (hasScriptTransform()) {
      end.transform = new RTCRtpScriptTransform(worker, job);
      return;
    }
    // A receiver may be used again for another track, and gives its streams once.
    const slot = slots.get(end);
    if (slot !== undefined) return post({ type: 'job', slot, job });
    const streams = (end as Streamed).createEncodedStreams?.();
    if (streams === undefined) throw clientError('not-supported');
    slots.set(end, (lastSlot += 1));
    post({ type: 'streams', slot: lastSlot, job, ...streams }, [streams.readable, streams.writable]);
  }

  return {
    configuration: hasScriptTransform() ? {} : { encodedInsertableStreams: true },
    choose(kind, codecs) {
      const found = codecs.find(
        ({ mimeType }) => mimeType.startsWith(`${kind}/`) && sealedCodec(mimeType) !== undefined,
      );
      if (found === undefined) throw clientError('not-supported');
      return found;
    },
    seal(sender, source, { mimeType }) {
      const codec = sealedCodec(mimeType);
      if (codec === undefined) throw clientError('not-supported');
      transform(sender, { id: `seal ${source}`, side: 'seal', identity: self(), source, codec });
    },
    open({ producerId, participantId, source, rtpParameters }) {
      const codec = sealedCodec(rtpParameters.codecs[0]?.mimeType ?? '');
      const identity = identityOf(participantId);
      if (codec === undefined || identity === undefined) throw clientError('not-supported');
      const job: Job = { id: `open ${producerId}`, side: 'open', identity, source, codec };
      return (receiver) => transform(receiver, job);
    },
  };
}

function hasScriptTransform(): boolean {
  return typeof RTCRtpScriptTransform === 'function';
}

/** Beside the SDK. Not written as bundlers look for it: they would make a copy of their own. */
function workerUrl(): URL {
  const { url } = import.meta;
  return new URL('e2ee-worker.js', url);
}
