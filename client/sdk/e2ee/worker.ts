/** The worker in which frames are encrypted and decrypted: one for each room, served beside the SDK. */
import { frameTransform, type FrameTransform } from './frame-transform.ts';
import { KeyStore } from './key-store.ts';
import type { FromWorker, Job, ToWorker } from './worker-messages.ts';

type Frame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;
/** As far as it is used here: the library of types knows either pages or workers. */
type Transformer = {
  readonly readable: ReadableStream<Frame>;
  readonly writable: WritableStream<Frame>;
  readonly options: Job;
  sendKeyFrameRequest?(): Promise<void>;
};
type Scope = {
  postMessage(message: FromWorker, transfer: readonly Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToWorker }) => void): void;
  addEventListener(type: 'rtctransform', listener: (event: { readonly transformer: Transformer }) => void): void;
};

const scope = globalThis as unknown as Scope;
const keys = new KeyStore();
const slots = new Map<number, FrameTransform<Frame>['give']>();

scope.addEventListener('message', ({ data }) => {
  switch (data.type) {
    case 'key':
      return keys.set(data.entry);
    case 'streams':
      return void slots.set(data.slot, pipe(data.job, data));
    case 'job':
      return slots.get(data.slot)?.(data.job);
  }
});
scope.addEventListener('rtctransform', ({ transformer }) => {
  pipe(transformer.options, transformer, () => askForKeyFrame(transformer));
});

function askForKeyFrame(transformer: Transformer): void {
  transformer.sendKeyFrameRequest?.().catch(() => undefined);
}

/** Returns what gives the streams another job. `wantKeyFrame`: by the older API the decoder does so after a while. */
function pipe(
  first: Job,
  { readable, writable }: Pick<Transformer, 'readable' | 'writable'>,
  wantKeyFrame: () => void = () => undefined,
): FrameTransform<Frame>['give'] {
  const { stream, give } = frameTransform<Frame>(keys, first, {
    tell: ({ id }, state) => scope.postMessage({ id, state }, []),
    wantKeyFrame,
  });
  // They end with the sender or receiver.
  readable
    .pipeThrough(stream)
    .pipeTo(writable)
    .catch(() => undefined);
  return give;
}
