/** What becomes of the encoded frames of one sender or receiver, and what is told of it. */
import type { KeyStore } from './key-store.ts';
import { Opener } from './open.ts';
import { Sealer } from './seal.ts';
import type { Job, JobState } from './worker-messages.ts';

/** As far as it is used here, of sound or picture. */
export type EncodedFrame = { data: ArrayBuffer };

export type FrameTransformEvents = {
  /** How it goes with a job, when that has changed. */
  tell(job: Job, state: JobState): void;
  /** Frames are opened again after some that were dropped, on which the next ones build. */
  wantKeyFrame(): void;
};

export type FrameTransform<Frame extends EncodedFrame> = {
  readonly stream: TransformStream<Frame, Frame>;
  /** From now on it is another track's frames. */
  readonly give: (job: Job) => void;
};

type Work = { readonly job: Job; readonly step: Sealer['seal'] | Opener['open']; state: JobState | undefined };

/** Encrypts or decrypts as `first` says; what fails goes no further. */
export function frameTransform<Frame extends EncodedFrame>(
  keys: KeyStore,
  first: Job,
  events: FrameTransformEvents,
): FrameTransform<Frame> {
  let work = begin(keys, first);
  const stream = new TransformStream<Frame, Frame>({
    async transform(frame, controller) {
      const now = work;
      const result = await now.step(new Uint8Array(frame.data));
      if (result.ok) {
        frame.data = result.frame.slice().buffer;
        controller.enqueue(frame);
      }
      const state = result.ok ? 'encrypted' : result.why;
      // What comes twice says nothing about keys, and neither does what is no frame.
      if (state === 'replayed' || state === 'malformed' || state === now.state) return;
      const back = now.state !== undefined && state === 'encrypted' && now.job.side === 'open';
      now.state = state;
      events.tell(now.job, state);
      // Sound has no key frames.
      if (back && now.job.codec !== 'opus') events.wantKeyFrame();
    },
  });
  return { stream, give: (job) => void (work = begin(keys, job)) };
}

function begin(keys: KeyStore, job: Job): Work {
  if (job.side === 'seal') {
    const sealer = new Sealer(keys, job);
    return { job, step: (frame) => sealer.seal(frame), state: undefined };
  }
  const opener = new Opener(keys, job);
  return { job, step: (frame) => opener.open(frame), state: undefined };
}
