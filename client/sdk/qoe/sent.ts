/** What became of one sent track, all its layers together, between two reports. Pure. */
import type { FieldsOf } from '../../../src/qoe/fields.ts';
import { lostBetween } from './received.ts';
import type { Stats } from './stats.ts';
import { milliseconds, type Numbers, per, put, rate, rise } from './values.ts';

/** One layer now and at the report before, with what the other side said of it at both times. */
export type LayerInterval = {
  readonly now: Stats;
  readonly before: Stats;
  readonly remote: Stats | undefined;
  readonly remoteBefore: Stats | undefined;
};

type Limitation = NonNullable<FieldsOf<'send'>['limitation']>;

/** `layers`: at least one. `source`: what they encode. */
export function measureSent(
  layers: readonly LayerInterval[],
  source: Stats | undefined,
  ms: number,
): Numbers & { limitation?: Limitation } {
  const sample: Numbers & { limitation?: Limitation } = {};
  const main = layers.reduce((best, one) => (isMore(one, best) ? one : best));
  // The other side's last word about a layer that rests is an old one.
  const flowing = layers.filter(({ now, before }) => rise(now, before, 'packetsSent') !== 0);
  put(
    sample,
    'bitrate',
    rate(
      sum(layers, ({ now, before }) => rise(now, before, 'bytesSent')),
      ms / 8,
    ),
  );
  put(
    sample,
    'packets',
    sum(layers, ({ now, before }) => rise(now, before, 'packetsSent')),
  );
  put(sample, 'lost', sum(layers, remotelyLost));
  put(sample, 'jitter', milliseconds(largest(flowing, ({ remote }) => remote?.jitter)));
  put(sample, 'rtt', milliseconds(largest(flowing, ({ remote }) => remote?.roundTripTime)));
  put(
    sample,
    'targetBitrate',
    sum(layers, ({ now }) => (now.active === false ? undefined : now.targetBitrate)),
  );
  if (main.now.kind === 'audio') return sample;
  measurePicture(main, ms, sample);
  put(sample, 'sourceFps', source?.framesPerSecond);
  put(sample, 'sourceWidth', source?.width);
  put(sample, 'sourceHeight', source?.height);
  const limitation = limitationOf(layers);
  if (limitation !== undefined) sample.limitation = limitation;
  return sample;
}

/**
 * The largest layer that was encoded all the time is the picture that there is to be had; the others are the same one,
 * smaller. One that began or ended meanwhile, by who wants it or by what there is room for, has few frames for no fault.
 */
function measurePicture({ now, before }: LayerInterval, ms: number, sample: Numbers): void {
  const frames = rise(now, before, 'framesEncoded');
  put(sample, 'fps', rate(frames, ms));
  put(sample, 'qp', per(rise(now, before, 'qpSum'), frames));
  put(sample, 'encodeTime', milliseconds(per(rise(now, before, 'totalEncodeTime'), frames)));
  // A layer that stands still keeps its last size, which nobody gets.
  if (frames === 0) return;
  put(sample, 'width', now.frameWidth);
  put(sample, 'height', now.frameHeight);
}

/** One that encodes before one that does not, all the time before a part of it, then by pixels, or bytes where they are not told. */
function isMore(one: LayerInterval, other: LayerInterval): boolean {
  for (const by of [encodes, wholly, pixels]) {
    if (by(one) !== by(other)) return by(one) > by(other);
  }
  return bytes(one) > bytes(other);
}

const encodes = ({ now, before }: LayerInterval) => Number(rise(now, before, 'framesEncoded') !== 0);
const wholly = ({ now, before }: LayerInterval) =>
  Number(now.active !== false && before.active !== false && !(before.frameWidth === undefined && now.frameWidth! > 0));
const pixels = ({ now }: LayerInterval) => (now.frameWidth ?? 0) * (now.frameHeight ?? 0);
const bytes = ({ now, before }: LayerInterval) => rise(now, before, 'bytesSent') ?? 0;

function remotelyLost({ remote, remoteBefore }: LayerInterval): number | undefined {
  return remote === undefined || remoteBefore === undefined ? undefined : lostBetween(remote, remoteBefore);
}

/** The one that costs most to ignore, where layers differ. */
const GRAVEST = ['cpu', 'bandwidth', 'other', 'none'] as const satisfies Limitation[];

function limitationOf(layers: readonly LayerInterval[]): Limitation | undefined {
  return GRAVEST.find((reason) => layers.some(({ now }) => now.qualityLimitationReason === reason));
}

function known(layers: readonly LayerInterval[], read: (layer: LayerInterval) => number | undefined): number[] {
  return layers.map(read).filter((value) => value !== undefined);
}

/** Of those that are known; undefined where none is. */
function sum(layers: readonly LayerInterval[], read: (layer: LayerInterval) => number | undefined): number | undefined {
  const values = known(layers, read);
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}

function largest(
  layers: readonly LayerInterval[],
  read: (layer: LayerInterval) => number | undefined,
): number | undefined {
  const values = known(layers, read);
  return values.length === 0 ? undefined : Math.max(...values);
}
