/**
 * From what is known of a track to what it costs, by cause; from costs to a score, for all causes or for those of some
 * places. Pure.
 *
 * A track is heard or seen end to end, but nobody is blamed for another one's network: the score of a receiver's downlink
 * counts the costs that arose there, and that of a sender's uplink is made from what the server got.
 */
import { CAUSE, type CauseId, CAUSES, NO_CAUSE, type Place, PLACES } from './causes.ts';
import { CODEC_BEST, codecImpairment, delayImpairment, lossImpairment, opinion, RATING_BEST } from './emodel.ts';
import {
  bitrateCost,
  frameRateCost,
  freezeCost,
  quantiserCost,
  resolutionCost,
  videoLossCost,
  videoOpinion,
} from './video.ts';

/** What is known of a track on its way. A number that nobody told is NaN, and counts as no harm. */
export type TrackFacts = {
  kind: 'audio' | 'video';
  /** A shared screen: a slow one is as it should be. */
  screen: boolean;
  /** In small letters, without `video/`: `opus`, `vp8`. */
  codec: string;

  /** What the camera gives, and what the encoder makes of it. Frames per second; pixels of a frame. */
  sourceFps: number;
  sourcePixels: number;
  sentFps: number;
  sentPixels: number;
  /** What the encoder aims at, bit/s. */
  targetBitrate: number;
  /** Share of the time in which the encoder was held back by its machine, or by the uplink's bandwidth: 0 to 1. */
  cpuLimited: number;
  bandwidthLimited: number;

  /** The sender's way to the server: share lost, ms, ms there and back, ms one way where that was measured. */
  lossUp: number;
  jitterUp: number;
  rttUp: number;
  delayUp: number;
  /** Relayed over TCP or TLS, where one lost packet holds up all behind it. */
  tcpUp: boolean;

  /** The server's way to the receiver. */
  lossDown: number;
  jitterDown: number;
  rttDown: number;
  delayDown: number;
  tcpDown: boolean;

  /**
   * The worst that each way has shown of late (`trouble.ts`), as a share: it says whose a freeze is, and a long buffer. NaN
   * where nobody has watched.
   */
  troubleUp: number;
  troubleDown: number;
  /** The same without what was lost. */
  lateUp: number;
  lateDown: number;

  /** What came out at the receiver. `buffer` in ms, shares from 0 to 1, `freezes` in a second, `bitrate` in bit/s. */
  buffer: number;
  concealed: number;
  discarded: number;
  burst: number;
  fps: number;
  frozen: number;
  freezes: number;
  pixels: number;
  /** Pixels in which it is shown, or that were asked for. */
  wantedPixels: number;
  bitrate: number;
  qp: number;
  decodeTime: number;
};

/** Nothing known. */
export function newFacts(): TrackFacts {
  const none = Number.NaN;
  return {
    ...{ kind: 'audio', screen: false, codec: '' },
    ...{ sourceFps: none, sourcePixels: none, sentFps: none, sentPixels: none, targetBitrate: none },
    ...{ cpuLimited: none, bandwidthLimited: none },
    ...{ lossUp: none, jitterUp: none, rttUp: none, delayUp: none, tcpUp: false },
    ...{ lossDown: none, jitterDown: none, rttDown: none, delayDown: none, tcpDown: false },
    ...{ troubleUp: none, troubleDown: none, lateUp: none, lateDown: none },
    ...{ buffer: none, concealed: none, discarded: none, burst: none, fps: none, frozen: none, freezes: none },
    ...{ pixels: none, wantedPixels: none, bitrate: none, qp: none, decodeTime: none },
  };
}

/** Makes all of `facts` unknown again. Written out: it runs for every track and every beacon. */
export function forget(facts: TrackFacts): void {
  facts.kind = 'audio';
  facts.screen = false;
  facts.codec = '';
  facts.tcpUp = false;
  facts.tcpDown = false;
  facts.sourceFps = Number.NaN;
  facts.sourcePixels = Number.NaN;
  facts.sentFps = Number.NaN;
  facts.sentPixels = Number.NaN;
  facts.targetBitrate = Number.NaN;
  facts.cpuLimited = Number.NaN;
  facts.bandwidthLimited = Number.NaN;
  facts.lossUp = Number.NaN;
  facts.jitterUp = Number.NaN;
  facts.rttUp = Number.NaN;
  facts.delayUp = Number.NaN;
  facts.lossDown = Number.NaN;
  facts.jitterDown = Number.NaN;
  facts.rttDown = Number.NaN;
  facts.delayDown = Number.NaN;
  facts.troubleUp = Number.NaN;
  facts.troubleDown = Number.NaN;
  facts.lateUp = Number.NaN;
  facts.lateDown = Number.NaN;
  facts.buffer = Number.NaN;
  facts.concealed = Number.NaN;
  facts.discarded = Number.NaN;
  facts.burst = Number.NaN;
  facts.fps = Number.NaN;
  facts.frozen = Number.NaN;
  facts.freezes = Number.NaN;
  facts.pixels = Number.NaN;
  facts.wantedPixels = Number.NaN;
  facts.bitrate = Number.NaN;
  facts.qp = Number.NaN;
  facts.decodeTime = Number.NaN;
}

/** Costs by cause: points of R for audio, −ln of what is left for video. */
export type Costs = Float64Array;

export function newCosts(): Costs {
  return new Float64Array(CAUSES.length);
}

/** For each cause 1 where its place is meant, else 0. */
export type Places = Uint8Array;

/** The causes that lie in `places`. */
export function causesIn(...places: Place[]): Places {
  return Uint8Array.from(CAUSES, ({ place }) => Number(places.includes(place)));
}

const EVERYWHERE = causesIn(...PLACES);

/** Packet and look-ahead of Opus at 20 ms (RFC 6716 §2: 26.5 ms). */
const CODEC_DELAY_MS = 26.5;
/** A jitter buffer without jitter. What is above it was caused by jitter. */
const USUAL_BUFFER_MS = 60;
/** Loss below which it explains nothing. */
const SOME_LOSS = 0.01;

/** Fills `costs` with what each cause costs this track from end to end. */
export function rateTrack(facts: TrackFacts, costs: Costs): void {
  costs.fill(0);
  if (facts.kind === 'audio') rateAudio(facts, costs);
  else rateVideo(facts, costs);
  delayCosts(facts, costs);
}

/**
 * The score that `costs` leave: 1 to 4.5, the range of the opinions that both models are made for. Audio without any
 * cost has 4.4: Opus at its best.
 *
 * @param places Whose costs count.
 */
export function foldCosts(kind: 'audio' | 'video', costs: Costs, places: Places = EVERYWHERE): number {
  let sum = 0;
  for (let cause = 0; cause < costs.length; cause += 1) sum += costs[cause]! * places[cause]!;
  return kind === 'audio' ? opinion(RATING_BEST - CODEC_BEST - sum) : videoOpinion(sum);
}

/** The cause that costs most of all, or of those of `places`; `NO_CAUSE` where none costs anything. */
export function worstCause(costs: Costs, places: Places = EVERYWHERE): number {
  let worst = NO_CAUSE;
  let most = 0;
  for (let cause = 0; cause < costs.length; cause += 1) {
    if (costs[cause]! * places[cause]! > most) {
      worst = cause;
      most = costs[cause]!;
    }
  }
  return worst;
}

function rateAudio(facts: TrackFacts, costs: Costs): void {
  const ie = codecImpairment(facts.targetBitrate);
  costs[CAUSE['codec-source']] = ie - CODEC_BEST;
  const up = known(facts.lossUp);
  const down = known(facts.lossDown);
  const late = known(facts.discarded);
  // What was repaired by FEC or retransmission, or hidden in silence, was not lost to the listener.
  const total = facts.concealed >= 0 ? facts.concealed : Math.min(1, 1 - (1 - up) * (1 - down) + late);
  if (!(total > 0)) return;
  const cost = lossImpairment(ie, Math.min(1, total), facts.burst >= 1 ? facts.burst : 1);
  const jitter = Math.max(0, total - up - down);
  const part = cost / (up + down + jitter);
  costs[CAUSE['loss-up']] = part * up;
  costs[CAUSE['loss-down']] = part * down;
  addJitter(facts, costs, part * jitter);
}

/** What came too late or waits for what might: speech that is missing without being lost, and a long buffer. */
function addJitter(facts: TrackFacts, costs: Costs, cost: number): void {
  costs[CAUSE[JITTER[lateSideOf(facts)](facts)]]! += cost;
}

/** Jitter below which it explains nothing, ms: what came late then did so because the way got longer at once. */
const SOME_JITTER_MS = 10;

const JITTER = {
  up: ({ tcpUp, jitterUp }) => (tcpUp ? 'relay-tcp-up' : jitterUp < SOME_JITTER_MS ? 'delay-up' : 'jitter-up'),
  down: ({ tcpDown, jitterDown }) =>
    tcpDown ? 'relay-tcp-down' : jitterDown < SOME_JITTER_MS ? 'delay-down' : 'jitter-down',
  neither: () => 'late-source',
} as const satisfies Record<Side, (facts: TrackFacts) => CauseId>;

/** The way that has spoiled what came out, or neither: then a machine was busy, and no network is blamed for it. */
type Side = 'up' | 'down' | 'neither';

/** Trouble below which it explains nothing. */
const SOME_TROUBLE = 0.01;

function sideOf(facts: TrackFacts): Side {
  const { lossUp, lossDown, jitterUp, jitterDown, troubleUp, troubleDown } = facts;
  const up = Math.max(known(lossUp), troubleUp >= 0 ? troubleUp : known(jitterUp) / 1000);
  const down = Math.max(known(lossDown), troubleDown >= 0 ? troubleDown : known(jitterDown) / 1000);
  return worseSide(up, down);
}

/** The same for what came too late. */
function lateSideOf({ jitterUp, jitterDown, lateUp, lateDown }: TrackFacts): Side {
  return worseSide(lateUp >= 0 ? lateUp : known(jitterUp) / 1000, lateDown >= 0 ? lateDown : known(jitterDown) / 1000);
}

function worseSide(up: number, down: number): Side {
  if (Math.max(up, down) < SOME_TROUBLE) return 'neither';
  return up > down ? 'up' : 'down';
}

function delayCosts(facts: TrackFacts, costs: Costs): void {
  const up = facts.delayUp >= 0 ? facts.delayUp : known(facts.rttUp) / 2;
  const down = facts.delayDown >= 0 ? facts.delayDown : known(facts.rttDown) / 2;
  const buffer = facts.buffer >= 0 ? facts.buffer : usualBuffer(facts);
  const waited = Math.max(0, buffer - USUAL_BUFFER_MS);
  const points = delayImpairment(CODEC_DELAY_MS + up + down + buffer);
  if (points === 0) return;
  // A share of the rating's range is worth the same share of a video's: it waits for the answer as long.
  const cost = facts.kind === 'audio' ? points : -Math.log(Math.max(0.05, 1 - points / RATING_BEST));
  const whole = up + down + waited;
  if (whole === 0) return;
  costs[CAUSE[facts.tcpUp ? 'relay-tcp-up' : 'delay-up']]! += (cost * up) / whole;
  costs[CAUSE[facts.tcpDown ? 'relay-tcp-down' : 'delay-down']]! += (cost * down) / whole;
  if (waited > 0) addJitter(facts, costs, (cost * waited) / whole);
}

/** A buffer that nobody told of holds a few deviations of the jitter (RFC 3550 §6.4.1), as NetEQ's does. */
function usualBuffer({ jitterUp, jitterDown }: TrackFacts): number {
  return Math.max(USUAL_BUFFER_MS, 4 * (known(jitterUp) + known(jitterDown)));
}

function rateVideo(facts: TrackFacts, costs: Costs): void {
  pictureCosts(facts, costs);
  motionCosts(facts, costs);
  const freezesKnown = facts.frozen >= 0;
  costs[CAUSE['loss-up']]! += videoLossCost(known(facts.lossUp), freezesKnown);
  costs[CAUSE['loss-down']]! += videoLossCost(known(facts.lossDown), freezesKnown);
}

/** What a camera gives in a lit room. */
const USUAL_FPS = 24;

/** Resolution and coding. */
function pictureCosts(facts: TrackFacts, costs: Costs): void {
  const offered = least(facts.wantedPixels, facts.sourcePixels >= 0 ? facts.sourcePixels : facts.sentPixels);
  const sent = least(offered, facts.sentPixels);
  const delivered = least(sent, facts.pixels);
  costs[encoderCause(facts)]! += resolutionCost(sent, offered);
  // A layer that its sender had no room for is not one that the receiver had none for.
  const narrow = known(facts.bandwidthLimited) > 0 && sideOf(facts) === 'up' ? 'bandwidth-up' : 'bandwidth-down';
  costs[CAUSE[narrow]]! += resolutionCost(delivered, sent);
  if (facts.qp >= 0) {
    costs[encoderCause(facts)]! += quantiserCost(facts.qp, facts.codec);
  } else if (!facts.screen) {
    // Frames that are missing are no reason to need fewer bits.
    const fps = facts.sourceFps >= 0 ? facts.sourceFps : USUAL_FPS;
    costs[encoderCause(facts)]! += bitrateCost(facts.bitrate, Math.max(1, delivered) * fps, facts.codec);
  }
}

/** Whose it is that the encoder makes less than it could. */
function encoderCause({ cpuLimited, bandwidthLimited }: TrackFacts): number {
  const cpu = known(cpuLimited);
  const bandwidth = known(bandwidthLimited);
  if (cpu === 0 && bandwidth === 0) return CAUSE['codec-source'];
  return cpu >= bandwidth ? CAUSE['cpu-source'] : CAUSE['bandwidth-up'];
}

/** Frame rate and freezes. */
function motionCosts(facts: TrackFacts, costs: Costs): void {
  const { sentFps, fps, screen } = facts;
  const source = facts.sourceFps >= 0 ? facts.sourceFps : least(sentFps, screen ? Number.NaN : USUAL_FPS);
  if (!screen && source > 0) costs[CAUSE['frame-rate-source']]! += frameRateCost(source, USUAL_FPS);
  // A screen that does not change sends no frames.
  if (!screen && source > 0) {
    const encoding = sentFps >= 0 ? frameRateCost(sentFps, source) : 0;
    costs[encoderCause(facts)]! += encoding;
    const all = fps >= 0 ? frameRateCost(fps, source) : 0;
    if (all > encoding) costs[deliveryCause(facts, false)]! += all - encoding;
  }
  if (facts.frozen > 0 || facts.freezes > 0) {
    costs[deliveryCause(facts, true)]! += freezeCost(known(facts.frozen), known(facts.freezes));
  }
}

/** A decoder that needs this share of all time has none left. */
const DECODER_BUSY = 0.85;

/** Why frames that were encoded were not seen. */
function deliveryCause(facts: TrackFacts, frozen: boolean): number {
  if ((facts.decodeTime * facts.fps) / 1000 > DECODER_BUSY) return CAUSE['decoder-receiver'];
  const side = sideOf(facts);
  if (side === 'neither') {
    if (known(facts.cpuLimited) > 0 && !frozen) return CAUSE['cpu-source'];
    // A server that has less to send than was asked for leaves out frames before it leaves out pixels.
    if (facts.pixels < facts.sentPixels && !frozen) return CAUSE['bandwidth-down'];
    return CAUSE[frozen ? 'freezes-source' : 'frame-rate-source'];
  }
  const isUp = side === 'up';
  if (isUp ? facts.tcpUp : facts.tcpDown) return CAUSE[isUp ? 'relay-tcp-up' : 'relay-tcp-down'];
  if (frozen) return CAUSE[isUp ? 'freezes-up' : 'freezes-down'];
  if (isUp) return CAUSE['loss-up'];
  return known(facts.lossDown) >= SOME_LOSS ? CAUSE['loss-down'] : CAUSE['bandwidth-down'];
}

/** NaN as "no harm". */
function known(value: number): number {
  return value > 0 ? value : 0;
}

/** The smaller of two, either of which may be unknown. */
function least(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return b < a ? b : a;
}
