/** What delay costs a track, and whose it is: on its way, and in the buffer that waits for what may come late. Pure. */
import { CAUSE, type CauseId } from './causes.ts';
import type { Costs } from './costs.ts';
import { delayImpairment, RATING_BEST } from './emodel.ts';
import { known, type TrackFacts } from './track-facts.ts';

/** One of the two ways, or neither. */
export type Side = 'up' | 'down' | 'neither';

/** Packet and look-ahead of Opus at 20 ms (RFC 6716 §2: 26.5 ms). */
const CODEC_DELAY_MS = 26.5;
/** A jitter buffer without jitter. What it waits beyond that has a cause. */
const USUAL_BUFFER_MS = 60;
/** Jitter below which it explains nothing, ms: what came late then did so because the way got longer at once. */
const SOME_JITTER_MS = 10;
/** Trouble below which it explains nothing. */
const SOME_TROUBLE = 0.01;

/** Adds to `costs` what delay takes from a conversation, from end to end. */
export function addDelay(facts: TrackFacts, costs: Costs): void {
  const cost = delayCost(facts);
  if (cost === 0) return;
  const [up, down, waited] = [wayDelay(facts, 'up'), wayDelay(facts, 'down'), waitedInBuffer(facts)];
  const whole = up + down + waited;
  if (whole === 0) return;
  costs[CAUSE[facts.tcpUp ? 'relay-tcp-up' : 'delay-up']]! += (cost * up) / whole;
  costs[CAUSE[facts.tcpDown ? 'relay-tcp-down' : 'delay-down']]! += (cost * down) / whole;
  if (waited > 0) costs[CAUSE[lateCause(facts)]]! += (cost * waited) / whole;
}

/**
 * The milliseconds that explain what delay on one way is said to cost: those of the way, and those that the buffer waits
 * because of it. NaN where most of the cost is speech that came too late to be played.
 */
export function delayAmount(facts: TrackFacts, side: 'up' | 'down', costs: Costs): number {
  const cause = side === 'up' ? 'delay-up' : 'delay-down';
  const waited = waitedInBuffer(facts);
  const amount = wayDelay(facts, side) + (lateCause(facts) === cause ? waited : 0);
  const explained = (delayCost(facts) * amount) / (wayDelay(facts, 'up') + wayDelay(facts, 'down') + waited);
  return explained >= costs[CAUSE[cause]]! / 2 ? amount : Number.NaN;
}

/** Why something came too late, or a buffer waits for what might. */
export function lateCause(facts: TrackFacts): CauseId {
  const { lateUp, lateDown, jitterUp, jitterDown, tcpUp, tcpDown } = facts;
  const up = lateUp >= 0 ? lateUp : known(jitterUp) / 1000;
  const down = lateDown >= 0 ? lateDown : known(jitterDown) / 1000;
  switch (worseSide(up, down)) {
    case 'up':
      return tcpUp ? 'relay-tcp-up' : jitterUp < SOME_JITTER_MS ? 'delay-up' : 'jitter-up';
    case 'down':
      return tcpDown ? 'relay-tcp-down' : jitterDown < SOME_JITTER_MS ? 'delay-down' : 'jitter-down';
    case 'neither':
      return 'late-source';
  }
}

/** The way that is in more trouble; each as a share, as lost packets would be. */
export function worseSide(up: number, down: number): Side {
  if (Math.max(up, down) < SOME_TROUBLE) return 'neither';
  return up > down ? 'up' : 'down';
}

/** A share of the rating's range is worth the same share of a video's: it waits for the answer as long. */
function delayCost(facts: TrackFacts): number {
  const ways = wayDelay(facts, 'up') + wayDelay(facts, 'down');
  const points = delayImpairment(CODEC_DELAY_MS + ways + bufferOf(facts));
  return facts.kind === 'audio' ? points : -Math.log(Math.max(0.05, 1 - points / RATING_BEST));
}

/** One way, ms; half of the round trip where nobody measured it. */
function wayDelay({ delayUp, rttUp, delayDown, rttDown }: TrackFacts, side: 'up' | 'down'): number {
  if (side === 'up') return delayUp >= 0 ? delayUp : known(rttUp) / 2;
  return delayDown >= 0 ? delayDown : known(rttDown) / 2;
}

function waitedInBuffer(facts: TrackFacts): number {
  return Math.max(0, bufferOf(facts) - USUAL_BUFFER_MS);
}

/** A buffer that nobody told of holds a few deviations of the jitter (RFC 3550 §6.4.1), as NetEQ's does. */
function bufferOf({ buffer, jitterUp, jitterDown }: TrackFacts): number {
  return buffer >= 0 ? buffer : Math.max(USUAL_BUFFER_MS, 4 * (known(jitterUp) + known(jitterDown)));
}
