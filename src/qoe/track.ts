/** What is known of one track of a session: means of what its client and the server measured. */
import { FIELD, LIMITATIONS } from './fields.ts';
import type { Sample } from './sample.ts';
import type { ConsumerView, ProducerView } from './server-view.ts';
import type { TrackFacts } from './track-facts.ts';
import { DecayingMeans } from './window.ts';

/** The means of a track. */
const METRICS = [
  ...['bitrate', 'loss', 'jitter', 'rtt', 'fps', 'qp', 'pixels'],
  ...['concealed', 'discarded', 'buffer', 'frozen', 'freezes', 'decodeTime', 'wantedPixels'],
  ...['targetBitrate', 'sourceFps', 'sourcePixels', 'cpuLimited', 'bandwidthLimited'],
  ...['serverLoss', 'serverJitter', 'serverRtt', 'serverBitrate', 'serverSilent'],
] as const;
type Metric = (typeof METRICS)[number];
const M = Object.fromEntries(METRICS.map((name, index) => [name, index])) as Readonly<Record<Metric, number>>;

const LIMITED_BY = { cpu: LIMITATIONS.indexOf('cpu'), bandwidth: LIMITATIONS.indexOf('bandwidth') };

/** Share of the window without a single packet from which on a track counts as cut off: DTX sends some (RFC 7587 §3.1.3). */
const CUT_OFF = 0.7;
/** By how much the share that is lost has to rise for its being worth a score at once. */
const NOTABLE_LOSS = 0.01;

export class Track {
  /** Whether the session sends it or receives it. */
  readonly sent: boolean;
  /** When the client, and the server, last told of it; -Infinity before the first time. */
  clientAt = -Infinity;
  serverAt = -Infinity;
  /** The last round trip that either told, ms; NaN before the first. */
  lastRtt = Number.NaN;
  readonly #means = new DecayingMeans(METRICS.length);
  #view: ProducerView | ConsumerView | undefined;
  #video = false;

  constructor(sent: boolean) {
    this.sent = sent;
  }

  get kind(): 'audio' | 'video' {
    if (this.#view !== undefined) return this.#view.kind;
    return this.#video ? 'video' : 'audio';
  }

  get paused(): boolean {
    return this.#view?.paused ?? false;
  }

  /** The producer that a received track comes from. */
  get producerId(): string | undefined {
    return this.#view !== undefined && 'producerId' in this.#view ? this.#view.producerId : undefined;
  }

  /** bit/s as the server saw it, else as the client did; NaN where neither did. */
  get bitrate(): number {
    const seen = this.#means.mean(M.serverBitrate);
    return seen >= 0 ? seen : this.#means.mean(M.bitrate);
  }

  /** Round trip to the client, ms; NaN where neither knows. */
  get rtt(): number {
    return either(this.#means.mean(M.serverRtt), this.#means.mean(M.rtt));
  }

  /** What its encoder aims at, bit/s; NaN where the client does not say. */
  get targetBitrate(): number {
    return this.#means.mean(M.targetBitrate);
  }

  /** Share of its packets that were lost on the way between client and server. */
  get loss(): number {
    if (this.#means.mean(M.serverSilent) > CUT_OFF) return 1;
    const seen = this.#means.mean(M.serverLoss);
    const told = this.#means.mean(M.loss);
    // Who receives knows: what the other side has of it are reports, some of them seconds old.
    return this.sent ? either(seen, told) : either(told, seen);
  }

  /** Takes a sample that ended at `at` by the server's clock. */
  takeSample({ values, ms, kind }: Sample, at: number): void {
    this.clientAt = Math.max(this.clientAt, at);
    const means = this.#means;
    const weight = means.begin(at, ms);
    means.add(M.bitrate, values[FIELD.bitrate]!, weight);
    addLoss(means, M.loss, values[FIELD.packets]!, values[FIELD.lost]!, weight / ms);
    means.add(M.jitter, values[FIELD.jitter]!, weight);
    means.add(M.rtt, values[FIELD.rtt]!, weight);
    this.#tookRtt(values[FIELD.rtt]!);
    const fps = values[FIELD.fps]!;
    if (fps >= 0 || values[FIELD.width]! > 0) {
      this.#video = true;
      means.add(M.fps, fps, weight);
      means.add(M.qp, values[FIELD.qp]!, weight);
      means.add(M.pixels, values[FIELD.width]! * values[FIELD.height]!, weight);
    }
    if (kind === 'recv') this.#takeReceived(values, ms, weight);
    else this.#takeSent(values, weight);
  }

  #takeReceived(values: Float64Array, ms: number, weight: number): void {
    const means = this.#means;
    const discarded = values[FIELD.discarded]!;
    means.add(M.discarded, discarded > 0 ? discarded / (discarded + values[FIELD.packets]!) : discarded, weight);
    means.add(M.buffer, values[FIELD.buffer]!, weight);
    means.add(M.concealed, values[FIELD.concealed]!, weight);
    if (!this.#video) return;
    means.add(M.frozen, Math.min(1, values[FIELD.frozen]! / ms), weight);
    means.add(M.freezes, (values[FIELD.freezes]! * 1000) / ms, weight);
    means.add(M.decodeTime, values[FIELD.decodeTime]!, weight);
    means.add(M.wantedPixels, values[FIELD.wantedWidth]! * values[FIELD.wantedHeight]!, weight);
  }

  #takeSent(values: Float64Array, weight: number): void {
    const means = this.#means;
    means.add(M.targetBitrate, values[FIELD.targetBitrate]!, weight);
    if (!this.#video) return;
    means.add(M.sourceFps, values[FIELD.sourceFps]!, weight);
    means.add(M.sourcePixels, values[FIELD.sourceWidth]! * values[FIELD.sourceHeight]!, weight);
    const limitation = values[FIELD.limitation]!;
    if (Number.isNaN(limitation)) return;
    means.add(M.cpuLimited, limitation === LIMITED_BY.cpu ? 1 : 0, weight);
    means.add(M.bandwidthLimited, limitation === LIMITED_BY.bandwidth ? 1 : 0, weight);
  }

  /** Takes what the server saw over the last `view.ms` until `at`. True where more is lost than before. */
  takeView(view: ProducerView | ConsumerView, at: number): boolean {
    const lostBefore = this.loss;
    this.#view = view;
    this.serverAt = Math.max(this.serverAt, at);
    const means = this.#means;
    const weight = means.begin(at, view.ms);
    addLoss(means, M.serverLoss, view.packets, view.lost, weight / view.ms);
    means.add(M.serverJitter, view.jitter, weight);
    means.add(M.serverRtt, view.rtt, weight);
    this.#tookRtt(view.rtt);
    means.add(M.serverBitrate, view.bitrate, weight);
    const silent = this.sent && !view.paused && view.source !== 'screen' && view.packets === 0;
    means.add(M.serverSilent, silent ? 1 : 0, weight);
    return this.loss > (lostBefore >= 0 ? lostBefore : 0) + NOTABLE_LOSS;
  }

  #tookRtt(rtt: number): void {
    if (rtt >= 0) this.lastRtt = rtt;
  }

  /** Fills in what is known of the way from the source to the server. */
  fillSource(facts: TrackFacts): void {
    const means = this.#means;
    this.#fillIdentity(facts);
    facts.sourceFps = means.mean(M.sourceFps);
    facts.sourcePixels = means.mean(M.sourcePixels);
    // Nobody is a bad source for not sending what nobody looks at.
    const wanted = this.#view?.wantedShare ?? 1;
    if (wanted < 1) facts.wantedPixels = wanted * facts.sourcePixels;
    facts.sentFps = means.mean(M.fps);
    facts.sentPixels = means.mean(M.pixels);
    facts.targetBitrate = this.targetBitrate;
    facts.cpuLimited = means.mean(M.cpuLimited);
    facts.bandwidthLimited = means.mean(M.bandwidthLimited);
    facts.lossUp = this.loss;
    facts.jitterUp = either(means.mean(M.serverJitter), means.mean(M.jitter));
    facts.rttUp = either(means.mean(M.rtt), means.mean(M.serverRtt));
    facts.qp = means.mean(M.qp);
  }

  /** Fills in what is known of the way from the server to the receiver, and of what came out there. */
  fillReceived(facts: TrackFacts): void {
    const means = this.#means;
    this.#fillIdentity(facts);
    facts.lossDown = this.loss;
    // The receiver's jitter is that of both ways together; its RTCP reports say the same. They vary apart from each other.
    const jitter = either(means.mean(M.jitter), means.mean(M.serverJitter));
    facts.jitterDown = facts.jitterUp > 0 ? Math.sqrt(Math.max(0, jitter ** 2 - facts.jitterUp ** 2)) : jitter;
    facts.rttDown = either(means.mean(M.serverRtt), means.mean(M.rtt));
    facts.buffer = means.mean(M.buffer);
    facts.concealed = means.mean(M.concealed);
    facts.discarded = means.mean(M.discarded);
    facts.fps = means.mean(M.fps);
    facts.frozen = means.mean(M.frozen);
    facts.freezes = means.mean(M.freezes);
    facts.pixels = means.mean(M.pixels);
    facts.bitrate = means.mean(M.bitrate);
    facts.decodeTime = means.mean(M.decodeTime);
    facts.qp = either(means.mean(M.qp), facts.qp);
    facts.wantedPixels = means.mean(M.wantedPixels);
    const asked = this.#view?.wantedShare ?? Number.NaN;
    if (asked < 1 && facts.sentPixels > 0) {
      const pixels = asked * facts.sentPixels;
      facts.wantedPixels = facts.wantedPixels < pixels ? facts.wantedPixels : pixels;
    }
  }

  #fillIdentity(facts: TrackFacts): void {
    facts.kind = this.kind;
    facts.screen = this.#view?.source === 'screen';
    facts.codec = this.#view?.codec ?? '';
  }
}

function addLoss(means: DecayingMeans, index: number, packets: number, lost: number, decayed: number): void {
  const all = packets + lost;
  if (all > 0) means.add(index, lost / all, decayed * all);
}

function either(first: number, second: number): number {
  return Number.isNaN(first) ? second : first;
}
