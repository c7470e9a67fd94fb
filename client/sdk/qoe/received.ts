/** What became of one received track between two reports. Pure. */
import type { Stats } from './stats.ts';
import { milliseconds, type Numbers, per, put, rate, rise } from './values.ts';

/** `ms` is the interval; `since` the time for which the track has been watched without a break, interval included. */
export function measureReceived(now: Stats, before: Stats, ms: number, since: number): Numbers {
  const numbers: Numbers = {};
  const packets = rise(now, before, 'packetsReceived');
  const emitted = rise(now, before, 'jitterBufferEmittedCount');
  put(numbers, 'bitrate', rate(rise(now, before, 'bytesReceived'), ms / 8));
  put(numbers, 'packets', packets);
  put(numbers, 'lost', lostBetween(now, before));
  // With nothing received it is the one of before.
  if (packets !== 0) put(numbers, 'jitter', milliseconds(now.jitter));
  put(numbers, 'discarded', rise(now, before, 'packetsDiscarded'));
  put(numbers, 'buffer', milliseconds(per(rise(now, before, 'jitterBufferDelay'), emitted)));
  if (now.kind === 'audio') put(numbers, 'concealed', concealedShare(now, before));
  else measurePicture(now, before, ms, since, numbers);
  return numbers;
}

function measurePicture(now: Stats, before: Stats, ms: number, since: number, numbers: Numbers): void {
  const frames = rise(now, before, 'framesDecoded');
  put(numbers, 'fps', rate(frames, ms));
  if (frames !== 0) {
    put(numbers, 'width', now.frameWidth);
    put(numbers, 'height', now.frameHeight);
  }
  put(numbers, 'qp', per(rise(now, before, 'qpSum'), frames));
  put(numbers, 'decodeTime', milliseconds(per(rise(now, before, 'totalDecodeTime'), frames)));
  const frozen = milliseconds(rise(now, before, 'totalFreezesDuration'));
  // A freeze is counted when it is over. What of it lies before `since` was a muted camera or a paused track.
  put(numbers, 'frozen', frozen === undefined ? undefined : Math.min(frozen, since, ms + CARRIED_OVER));
  put(numbers, 'freezes', rise(now, before, 'freezeCount'));
}

/** What the server believes of frozen time from before the interval, in ms. */
const CARRIED_OVER = 30_000;

/** Packets that come late after all are counted back, more of them perhaps than were lost since: that is none. */
export function lostBetween(now: Stats, before: Stats): number | undefined {
  const lost = (now.packetsLost ?? Number.NaN) - (before.packetsLost ?? Number.NaN);
  return Number.isNaN(lost) ? undefined : Math.max(0, lost);
}

/** Silence that was made up is not missed. Where a browser does not tell it apart, all of it counts. */
function concealedShare(now: Stats, before: Stats): number | undefined {
  const concealed = rise(now, before, 'concealedSamples');
  if (concealed === undefined) return undefined;
  const silent = rise(now, before, 'silentConcealedSamples') ?? 0;
  const share = per(Math.max(0, concealed - silent), rise(now, before, 'totalSamplesReceived'));
  return share === undefined ? undefined : Math.min(1, share);
}
