/** The worker in which frames are encrypted and decrypted: one for each room, served beside the SDK. */
import { KeyStore } from './key-store.ts';
import { Opener } from './open.ts';
import { Sealer } from './seal.ts';
import type { FromWorker, Job, JobState, ToWorker } from './worker-messages.ts';

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
type Work = { readonly job: Job; readonly step: Sealer['seal'] | Opener['open']; state: JobState | undefined };

const scope = globalThis as unknown as Scope;
const keys = new KeyStore();
const slots = new Map<number, (job: Job) => void>();

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
): (job: Job) => void {
  let work = begin(first);
  const through = new TransformStream<Frame, Frame>({
    async transform(frame, controller) {
      const now = work;
      const result = await now.step(new Uint8Array(frame.data));
      if (result.ok) {
        frame.data = result.frame.slice().buffer;
        controller.enqueue(frame);
      }
      const state = result.ok ? 'encrypted' : result.why;
      // What comes twice is dropped, and says nothing about keys.
      if (state === 'replayed' || state === now.state) return;
      const back = now.state !== undefined && state === 'encrypted' && now.job.side === 'open';
      now.state = state;
      scope.postMessage({ id: now.job.id, state }, []);
      // What follows builds on frames that were dropped. Sound has no key frames.
      if (back && now.job.codec !== 'opus') wantKeyFrame();
    },
  });
  // They end with the sender or receiver.
  readable
    .pipeThrough(through)
    .pipeTo(writable)
    .catch(() => undefined);
  return (job) => void (work = begin(job));
}

function begin(job: Job): Work {
  if (job.side === 'seal') {
    const sealer = new Sealer(keys, job);
    return { job, step: (frame) => sealer.seal(frame), state: undefined };
  }
  const opener = new Opener(keys, job);
  return { job, step: (frame) => opener.open(frame), state: undefined };
}
