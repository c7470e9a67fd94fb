/** What is known of a track, before it is judged. */

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
  /** All that the sender's encoders aim at is what its uplink takes: they would make more. */
  uplinkFull: boolean;

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
    ...{ cpuLimited: none, bandwidthLimited: none, uplinkFull: false },
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
  facts.uplinkFull = false;
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

/** NaN as "no harm". */
export function known(value: number): number {
  return value > 0 ? value : 0;
}
