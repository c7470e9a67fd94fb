/**
 * What is seen of one transport: each of its tracks, and the way to its client.
 *
 * A track that comes in is looked at once a second. Those that go out are many (everyone's to everyone) and share one way: of
 * them two a second are looked at for each client, and the way itself every other second; and all of it each second once any of it
 * shows trouble.
 */
import type { Consumer, Producer, ProducerTraceEventData, WebRtcTransport } from 'mediasoup/types';

import type { ConsumerId, ProducerId } from '../rooms/ids.ts';
import type { MediaTransportObserver, PathStats, TransportState } from '../rooms/media-engine.ts';
import type { AdoptedConsumer } from './consumer.ts';
import { Reception } from './reception.ts';
import { SECOND, type Sampled, type Sampler } from './sampler.ts';
import { since } from './stream-counts.ts';
import { StreamWatch } from './stream-watch.ts';
import type { LayerCounts } from './validate.ts';
import { WayLoss } from './way-loss.ts';
import { WayUp } from './way-up.ts';

type TrackObserver = { on(event: 'pause' | 'resume' | 'close', listener: () => void): unknown };

/** The longest time between two looks at a track that goes out, in ticks. */
const SELDOM = 7 * SECOND;
/** For how long all tracks of a client in trouble are looked at each second, ms. */
const TROUBLE_LASTS_MS = 8000;
/** A share of packets lost, and a change of the round trip in ms, from which on a client counts as in trouble. */
const TROUBLE_LOSS = 0.01;
const TROUBLE_RTT_MS = 40;
/**
 * How long nothing at all may come from a client to whom media is sent, ms. Chromium checks its connection every 2.5 s, others
 * every 5 s at most 6 (RFC 7675 §5.1), and receivers report more often.
 */
const SILENT_AFTER_MS = 6500;
/** By how much the way up has to change for its being told, ms. */
const TOLD_FROM_MS = 15;
/** Reports may come as fast as a client likes; so often a question to the worker may follow, ms. */
const CONFIRMED_AGAIN_AFTER_MS = 500;

export class TransportWatch implements Sampled {
  readonly #transport: WebRtcTransport;
  readonly #sampler: Sampler;
  readonly #observer: MediaTransportObserver;
  readonly #incoming = new Set<StreamWatch>();
  readonly #outgoing = new Set<StreamWatch>();
  #connected = false;
  #troubledUntil = -Infinity;
  /** Share of packets lost by the client's transport-wide feedback; NaN where it sends none. */
  #loss = Number.NaN;
  readonly #wayLoss = new WayLoss();
  #heard: { bytes: number; at: number } | undefined;
  readonly #wayUp = new WayUp();
  #told: PathStats | undefined;
  /** When a round trip was last asked for beside the turns. */
  #confirmedAt = -Infinity;

  constructor(transport: WebRtcTransport, sampler: Sampler, observer: MediaTransportObserver) {
    this.#transport = transport;
    this.#sampler = sampler;
    this.#observer = observer;
    transport.on('iceselectedtuplechange', () => this.#tellPath());
    transport.observer.once('close', () => this.#stop());
  }

  stateChanged(state: TransportState): void {
    this.#connected = state === 'connected';
    for (const track of this.#incoming) track.update(this.#connected);
    for (const track of this.#outgoing) track.update(this.#connected);
    this.#take();
  }

  /** Watches a track that comes in. */
  produced(producer: Producer): void {
    const { codec, clockRate } = describe(producer);
    const id = producer.id as ProducerId;
    const watch = new StreamWatch(
      {
        codec,
        clockRate,
        paused: () => producer.paused,
        stats: () => producer.getStats(),
        period: () => SECOND,
        urgent: () => true,
        seen: (before, now) => {
          const { jitter, rtt } = now;
          this.#observer.produced(id, { codec, paused: false, jitter, rtt, ...since(before, now) });
        },
        fellSilent: (stats) => this.#observer.produced(id, stats),
      },
      this.#sampler,
    );
    producer.on('trace', (trace) => this.#reported(trace, watch));
    // Where it fails the producer is closed, or its worker gone: both are told elsewhere.
    producer.enableTraceEvent(['sr']).catch(() => undefined);
    this.#follow(watch, this.#incoming, producer.observer);
  }

  /** Watches a track that goes out; `layers` are those of its producer, and `wants` says what is to be sent of it. */
  consumed(consumer: Consumer, layers: LayerCounts, wants: Pick<AdoptedConsumer, 'paused' | 'wantedLayers'>): void {
    const { codec, clockRate } = describe(consumer);
    const id = consumer.id as ConsumerId;
    const reception = new Reception();
    const watch = new StreamWatch(
      {
        codec,
        clockRate,
        paused: () => wants.paused || consumer.producerPaused,
        // The producer's stream stands beside it.
        stats: async () => (await consumer.getStats()).filter(({ type }) => type === 'outbound-rtp'),
        period: () => this.#period(),
        urgent: () => this.#troubled(),
        seen: (before, now) => {
          const { loss, ...stats } = reception.between(before, now, this.#loss);
          if (loss > TROUBLE_LOSS || Math.abs(now.rtt - before.rtt) > TROUBLE_RTT_MS) this.#trouble();
          this.#observer.consumed(id, { codec, paused: false, ...stats, wantedShare: wantedShare(wants, layers) });
        },
        fellSilent: (stats) => {
          reception.reset();
          this.#observer.consumed(id, { ...stats, wantedShare: wantedShare(wants, layers) });
        },
      },
      this.#sampler,
    );
    // RTCP has told the worker of loss: nothing is asked for that.
    consumer.on('score', ({ score }) => {
      if (score < 10) this.#trouble();
    });
    this.#follow(watch, this.#outgoing, consumer.observer);
  }

  /** The way to the client, while something is sent on it. */
  async ask(): Promise<void> {
    let stat: Awaited<ReturnType<WebRtcTransport['getStats']>>[number] | undefined;
    try {
      [stat] = await this.#transport.getStats();
    } catch {
      // Closed meanwhile, or its worker is gone: both are told elsewhere.
    }
    if (stat === undefined) return;
    this.#loss = this.#wayLoss.told(stat.rtpPacketLossSent);
    if (this.#loss > TROUBLE_LOSS) this.#trouble();
    const now = performance.now();
    if (this.#heard?.bytes !== stat.bytesReceived) this.#heard = { bytes: stat.bytesReceived, at: now };
    this.#tellPath();
  }

  period(): number {
    return this.#troubled() ? SECOND : 2 * SECOND;
  }

  urgent(): boolean {
    return true;
  }

  #follow(watch: StreamWatch, among: Set<StreamWatch>, observer: TrackObserver): void {
    const update = () => {
      watch.update(this.#connected);
      this.#take();
    };
    among.add(watch);
    observer.on('pause', update);
    observer.on('resume', update);
    observer.on('close', () => {
      watch.stop();
      among.delete(watch);
      this.#take();
    });
    update();
  }

  /** Takes turns itself while anything goes out. */
  #take(): void {
    let flowing = false;
    for (const track of this.#outgoing) flowing ||= track.flows;
    if (flowing) {
      this.#sampler.add(this);
      return;
    }
    this.#sampler.remove(this);
    this.#heard = undefined;
    this.#loss = Number.NaN;
  }

  #stop(): void {
    this.#sampler.remove(this);
    for (const track of [...this.#incoming, ...this.#outgoing]) track.stop();
  }

  #period(): number {
    if (this.#troubled()) return SECOND;
    return Math.min(SELDOM, Math.max(SECOND, (this.#outgoing.size * SECOND) / 2));
  }

  #troubled(): boolean {
    return performance.now() < this.#troubledUntil;
  }

  #trouble(): void {
    const known = this.#troubled();
    this.#troubledUntil = performance.now() + TROUBLE_LASTS_MS;
    if (known) return;
    this.#sampler.hasten(this);
    for (const track of this.#outgoing) track.hasten();
  }

  /** A sender report of the client's, about the track of `watch`. */
  #reported({ type, timestamp, info }: ProducerTraceEventData, watch: StreamWatch): void {
    const { ntpSec, ntpFrac } = info;
    if (type !== 'sr' || typeof ntpSec !== 'number' || typeof ntpFrac !== 'number') return;
    this.#wayUp.report(ntpSec, ntpFrac, timestamp);
    const longer = this.#wayUp.slower - (this.#told?.slowerUp ?? 0);
    const now = performance.now();
    if (!(longer > TROUBLE_RTT_MS) || now - this.#confirmedAt < CONFIRMED_AGAIN_AFTER_MS) {
      this.#tellPath();
      return;
    }
    // What carries a report may also say what the round trip is now (RFC 3611 §4.5), without which a way that is so much longer
    // at once looks like a clock that was set.
    this.#confirmedAt = now;
    void watch.look().then(() => this.#tellPath());
  }

  #tellPath(): void {
    const tcp = this.#transport.iceSelectedTuple?.protocol === 'tcp';
    const heard = this.#heard === undefined || performance.now() - this.#heard.at < SILENT_AFTER_MS;
    const { slower: slowerUp } = this.#wayUp;
    const steady =
      Object.is(this.#told?.slowerUp, slowerUp) || Math.abs(slowerUp - (this.#told?.slowerUp ?? 0)) < TOLD_FROM_MS;
    if (this.#told?.tcp === tcp && this.#told.heard === heard && steady) return;
    this.#told = { tcp, heard, slowerUp };
    this.#observer.path(this.#told);
  }
}

/**
 * Share of the largest layer's pixels that the subscriber wants. The server is not told how large layers are; each has
 * half the width and height of the next, as every SDK's default and every SVC mode without an `h` has it.
 */
function wantedShare({ wantedLayers }: Pick<AdoptedConsumer, 'wantedLayers'>, { spatial }: LayerCounts): number {
  if (wantedLayers === undefined) return 1;
  return 0.25 ** Math.max(0, spatial - 1 - wantedLayers.spatialLayer);
}

function describe({ rtpParameters }: Pick<Producer, 'rtpParameters'>): { codec: string; clockRate: number } {
  const [media] = rtpParameters.codecs;
  const { mimeType = '', clockRate = Number.NaN } = media ?? {};
  return { codec: mimeType.slice(mimeType.indexOf('/') + 1).toLowerCase(), clockRate };
}
