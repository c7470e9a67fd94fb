import { useEffect } from 'preact/hooks';

/** `dBov` (0 loudest, -127 silence) as 0 to 1, as an indicator shows it: speech fills most of the range. */
export function loudness(dBov: number): number {
  return Math.min(1, Math.max(0, (dBov + 60) / 45));
}

/** Calls `show` with the loudness of `track`, 0 to 1, at each frame of the display while the component is there. */
export function useLevelOf(track: MediaStreamTrack | undefined, show: (level: number) => void): void {
  useEffect(() => {
    if (!track) return undefined;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let shown = 0;
    let frame = requestAnimationFrame(function measure() {
      analyser.getFloatTimeDomainData(samples);
      const now = loudness(decibelsOf(samples));
      // Up at once, down slowly: a meter that follows every trough only flickers.
      shown = Math.max(now, shown * 0.9);
      show(shown);
      frame = requestAnimationFrame(measure);
    });
    // A context made before the first click may be suspended until there is one.
    const resume = (): void => void context.resume().catch(() => undefined);
    document.addEventListener('pointerdown', resume);
    document.addEventListener('keydown', resume);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener('pointerdown', resume);
      document.removeEventListener('keydown', resume);
      source.disconnect();
      void context.close();
      show(0);
    };
  }, [track]);
}

/** Loudness of samples from -1 to 1, in dB below full scale; -127 for silence. */
export function decibelsOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  const mean = samples.length === 0 ? 0 : sum / samples.length;
  return mean === 0 ? -127 : Math.max(-127, 10 * Math.log10(mean));
}

/** Plays a short chord on an output device ('' is the default), for a person to hear that it is the right one. */
export async function playTestSound(deviceId: string): Promise<void> {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const element = new Audio();
  try {
    element.srcObject = output.stream;
    if (deviceId !== '') await element.setSinkId(deviceId);
    await element.play();
    [523.25, 659.25, 783.99].forEach((frequency, index) => tone(context, output, frequency, index * 0.14));
    await new Promise((done) => setTimeout(done, 1_100));
  } finally {
    element.srcObject = null;
    await context.close();
  }
}

function tone(context: AudioContext, output: AudioNode, frequency: number, after: number): void {
  const start = context.currentTime + 0.05 + after;
  const oscillator = new OscillatorNode(context, { type: 'sine', frequency });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.linearRampToValueAtTime(0.18, start + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
  oscillator.connect(gain).connect(output);
  oscillator.start(start);
  oscillator.stop(start + 0.65);
}
