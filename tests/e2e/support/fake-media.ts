/**
 * What cameras and microphones of tests show and say, where how well it is transmitted matters: Chromium's own picture needs
 * next to no bits, and its beep is mostly silence, in which nothing can be lost.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const WIDTH = 480;
const HEIGHT = 270;
const FRAMES = 30;
const SAMPLE_RATE = 48_000;
const SECONDS = 8;

/** Files of both and the flags with which Chromium takes them for its devices. Remove them in any case. */
export function makeFakeMedia({ fps = 15 }: { fps?: number } = {}): {
  readonly flags: readonly string[];
  remove(): void;
} {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-media-'));
  const [video, audio] = [path.join(folder, 'camera.y4m'), path.join(folder, 'microphone.wav')];
  writeFileSync(video, camera(fps));
  writeFileSync(audio, microphone());
  return {
    flags: [`--use-file-for-fake-video-capture=${video}`, `--use-file-for-fake-audio-capture=${audio}`],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A textured wall, before it a textured thing that swings, and the noise of a small sensor. YUV4MPEG2. */
function camera(fps: number): Buffer {
  const random = noise(1);
  const texture = Int8Array.from({ length: WIDTH * HEIGHT }, () => Math.round((random() - 0.5) * 50));
  const pieces: Buffer[] = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${fps}:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const picture = Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128);
    const swing = Math.round(90 * Math.sin((2 * Math.PI * frame) / FRAMES));
    for (let y = 0; y < HEIGHT; y += 1) {
      for (let x = 0; x < WIDTH; x += 1) {
        const dx = x - WIDTH / 2 - swing;
        const isThing = dx * dx + (y - HEIGHT / 2) ** 2 < 80 ** 2;
        const grain = texture[y * WIDTH + ((isThing ? x - swing + WIDTH : x) % WIDTH)]!;
        picture[y * WIDTH + x] = (isThing ? 150 : 70 + x / 8) + grain / (isThing ? 1 : 4) + (random() - 0.5) * 8;
      }
    }
    pieces.push(Buffer.from('FRAME\n'), picture);
  }
  return Buffer.concat(pieces);
}

/** Syllables without a pause that would be taken for silence: harmonics of a voice whose pitch and vowel wander. WAV. */
function microphone(): Buffer {
  const count = SAMPLE_RATE * SECONDS;
  const data = Buffer.alloc(44 + 2 * count);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + 2 * count, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(SAMPLE_RATE, 24);
  data.writeUInt32LE(2 * SAMPLE_RATE, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(2 * count, 40);
  let phase = 0;
  for (let index = 0; index < count; index += 1) {
    const t = index / SAMPLE_RATE;
    phase += (2 * Math.PI * (140 + 25 * Math.sin(2.1 * t) + 10 * Math.sin(11 * t))) / SAMPLE_RATE;
    const vowel = 4 + 3 * Math.sin(5 * t);
    let sum = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic += 1) {
      sum += Math.sin(harmonic * phase) * Math.exp(-((harmonic - vowel) ** 2) / 18);
    }
    const syllable = 0.55 + 0.45 * Math.sin(2 * Math.PI * 4 * t);
    data.writeInt16LE(Math.round(5000 * syllable * Math.max(-5, Math.min(5, sum / 2))), 44 + 2 * index);
  }
  return data;
}

function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
