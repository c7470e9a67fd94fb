/**
 * From what is known of a track to what it costs, by cause. Pure.
 *
 * A track is heard or seen end to end, but nobody is blamed for another one's network: the score of a receiver's downlink
 * counts the costs that arose there, and that of a sender's uplink is made from what the server got.
 */
import { CAUSE } from './causes.ts';
import type { Costs } from './costs.ts';
import { addDelay, lateCause, type Side, worseSide } from './delay.ts';
import { CODEC_BEST, codecImpairment, lossImpairment } from './emodel.ts';
import { known, type TrackFacts } from './track-facts.ts';
import { bitrateCost, frameRateCost, freezeCost, quantiserCost, resolutionCost, videoLossCost } from './video.ts';

/** Loss below which it explains nothing. */
const SOME_LOSS = 0.01;

/** Fills `costs` with what each cause costs this track from end to end. */
export function rateTrack(facts: TrackFacts, costs: Costs): void {
  costs.fill(0);
  if (facts.kind === 'audio') rateAudio(facts, costs);
  else rateVideo(facts, costs);
  addDelay(facts, costs);
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
  // What is missing without being lost came too late.
  costs[CAUSE[lateCause(facts)]]! += part * jitter;
}

/** The way that has spoiled what came out, or neither: then a machine was busy, and no network is blamed for it. */
function sideOf(facts: TrackFacts): Side {
  const { lossUp, lossDown, jitterUp, jitterDown, troubleUp, troubleDown } = facts;
  const up = Math.max(known(lossUp), troubleUp >= 0 ? troubleUp : known(jitterUp) / 1000);
  const down = Math.max(known(lossDown), troubleDown >= 0 ? troubleDown : known(jitterDown) / 1000);
  return worseSide(up, down);
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
function encoderCause({ cpuLimited, bandwidthLimited, uplinkFull }: TrackFacts): number {
  const cpu = known(cpuLimited);
  const bandwidth = known(bandwidthLimited);
  // Browsers speak of a limit where it costs pixels or frames, and not where it makes them coarse.
  if (cpu === 0 && bandwidth === 0) return CAUSE[uplinkFull ? 'bandwidth-up' : 'codec-source'];
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
  const lost = known(isUp ? facts.lossUp : facts.lossDown) >= SOME_LOSS;
  if (isUp) return CAUSE[lost ? 'loss-up' : 'bandwidth-up'];
  return CAUSE[lost ? 'loss-down' : 'bandwidth-down'];
}

/** The smaller of two, either of which may be unknown. */
function least(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return b < a ? b : a;
}
