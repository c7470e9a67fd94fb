import type {
  Producer,
  RtpCapabilities as RouterRtpCapabilities,
  RtpParameters as RouterRtpParameters,
  SctpParameters as RouterSctpParameters,
  WebRtcTransport,
} from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { TransportId } from '../rooms/ids.ts';
import type {
  ConsumeOptions,
  MediaConsumer,
  MediaConsumerListener,
  MediaData,
  MediaDataListener,
  MediaProducer,
  MediaTransport,
  MediaTransportListener,
  ProduceOptions,
  SctpParameters,
  TransportParameters,
  TransportState,
} from '../rooms/media-engine.ts';
import type { DtlsParameters, IceParameters, RtpCapabilities, RtpParameters } from '../rooms/ortc.ts';
import type { Branch } from './branch.ts';
import { adoptConsumer } from './consumer.ts';
import { Downlink } from './downlink.ts';
import type { MediaCounts } from './load.ts';
import { adoptProducer } from './producer.ts';
import { refusing } from './refusal.ts';
import type { TransportMeter } from './transport-meter.ts';
import type { TransportWatch } from './transport-watch.ts';
import {
  checkDtlsParameters,
  checkRtpCapabilities,
  checkRtpParameters,
  hasSmallerLayer,
  layerCounts,
  withRoomExtensions,
} from './validate.ts';
import type { LayerCounts } from './validate.ts';

/**
 * Milliseconds between two key frames that receivers can make a sender produce of one encoding: two a second, however many
 * people join at once, at the price of waiting so long for the second one. (Chromium's encoder makes none within 300 ms.)
 */
const KEY_FRAME_INTERVAL_MS = 500;

type Source = {
  readonly layers: LayerCounts;
  /** Whether it can be sent as a smaller picture. */
  readonly shrinks: boolean;
  readonly branch: Branch;
};

/** What the transports of one room share. */
export type RoomMedia = {
  readonly capabilities: RtpCapabilities;
  /** Capabilities of receivers that were checked, and what comes of them in any room. */
  readonly usable: WeakMap<RtpCapabilities, RouterRtpCapabilities>;
  /** The producers of the room: what a receiver can choose of each, and where it comes in. */
  readonly producers: Map<string, Source>;
  /** Starts to listen how loud an audio producer on `branch` is. */
  observe(producer: Producer, branch: Branch): Promise<void>;
};

type TransportExtras = {
  /** Where it is. */
  readonly branch: Branch;
  /** Measures it, where anybody wants to know. */
  readonly watch?: TransportWatch | undefined;
  /** Counts what it carries, where anybody wants to know. */
  readonly meter?: TransportMeter | undefined;
};

export class SfuTransport implements MediaTransport {
  readonly id: TransportId;
  readonly #transport: WebRtcTransport;
  readonly #room: RoomMedia;
  readonly #listener: MediaTransportListener;
  readonly #branch: Branch;
  readonly #watch: TransportWatch | undefined;
  readonly #meter: TransportMeter | undefined;
  readonly #downlink: Downlink;
  #state: TransportState = 'new';
  #connecting = false;
  #hasData = false;
  readonly #gone = () => (this.#transport.closed ? 'transport-not-found' : undefined);

  constructor(
    transport: WebRtcTransport,
    room: RoomMedia,
    listener: MediaTransportListener,
    { branch, watch, meter }: TransportExtras,
  ) {
    this.id = transport.id as TransportId;
    this.#branch = branch;
    this.#transport = transport;
    this.#room = room;
    this.#listener = listener;
    this.#watch = watch;
    this.#meter = meter;
    this.#downlink = new Downlink(transport);
    transport.on('icestatechange', () => this.#stateChanged());
    transport.on('dtlsstatechange', () => this.#stateChanged());
    count(branch.host.load.counts, 'transports', transport.observer);
  }

  get state(): TransportState {
    return this.#state;
  }

  get parameters(): TransportParameters {
    const { iceParameters, iceCandidates, dtlsParameters, sctpParameters } = this.#transport;
    return {
      id: this.id,
      iceParameters,
      iceCandidates,
      // The worker knows its certificate's hashes from SHA-1 to SHA-512. RFC 8827 §6.5 asks for SHA-256, and a client
      // that is given several may choose the weakest.
      dtlsParameters: {
        ...dtlsParameters,
        fingerprints: dtlsParameters.fingerprints.filter(({ algorithm }) => algorithm === 'sha-256'),
      },
      ...(sctpParameters === undefined ? {} : { sctpParameters: reachedAt(sctpParameters) }),
    };
  }

  async connect(dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#open();
    if (this.#connecting) throw new SluiceError('out-of-order', { detail: 'the transport is connected already' });
    const checked = checkDtlsParameters(dtlsParameters);
    this.#connecting = true;
    await refusing(() => transport.connect({ dtlsParameters: checked }), this.#gone);
  }

  async restartIce(): Promise<IceParameters> {
    const transport = this.#open();
    return refusing(() => transport.restartIce(), this.#gone);
  }

  async produce({ kind, rtpParameters, paused }: ProduceOptions): Promise<MediaProducer> {
    const transport = this.#open();
    const checked = expectSilence(kind, checkRtpParameters(kind, rtpParameters, this.#room.capabilities));
    const layers = layerCounts(checked);
    const shrinks = hasSmallerLayer(rtpParameters);
    return refusing(async () => {
      const producer = await transport.produce({
        kind,
        rtpParameters: checked as RouterRtpParameters,
        paused,
        ...(kind === 'video' ? { keyFrameRequestDelay: KEY_FRAME_INTERVAL_MS } : {}),
      });
      const branch = this.#branch;
      this.#room.producers.set(producer.id, { layers, shrinks, branch });
      producer.observer.once('close', () => this.#room.producers.delete(producer.id));
      count(branch.host.load.counts, 'producers', producer.observer);
      try {
        this.#open();
        if (kind === 'audio') await this.#room.observe(producer, branch);
      } catch (error) {
        producer.close();
        throw error;
      }
      this.#watch?.produced(producer);
      this.#meter?.produced(producer);
      const adopted = adoptProducer(producer, layers);
      const close = () => {
        this.#meter?.ending(producer);
        adopted.close();
      };
      return { ...adopted, close };
    }, this.#gone);
  }

  async consume(options: ConsumeOptions, listener: MediaConsumerListener): Promise<MediaConsumer> {
    const transport = this.#open();
    const { producerId, rtpCapabilities, paused } = options;
    const source = this.#room.producers.get(producerId);
    if (source === undefined) throw new SluiceError('producer-not-found');
    const usable = this.#usable(rtpCapabilities);
    const ended = () => this.#gone() ?? (this.#room.producers.has(producerId) ? undefined : 'producer-not-found');
    return refusing(async () => {
      const { layers, branch } = source;
      const track = await this.#branch.bring(producerId, branch);
      const wanted = { producerId: track.id, rtpCapabilities: usable, paused };
      const consumer = await transport.consume(wanted).catch((error) => {
        track.release();
        throw error;
      });
      consumer.observer.once('close', track.release);
      count(this.#branch.host.load.counts, 'consumers', consumer.observer);
      if (transport.closed) consumer.close();
      this.#open();
      const adopted = adoptConsumer(consumer, layers, listener);
      this.#watch?.consumed(consumer, layers, adopted);
      if (consumer.kind === 'video') this.#downlink.add(consumer, adopted, source.shrinks);
      return { ...adopted.consumer, producerId };
    }, ended);
  }

  async openData(number: number, listener: MediaDataListener): Promise<MediaData> {
    const transport = this.#open();
    if (transport.sctpParameters === undefined || this.#hasData) {
      throw new SluiceError('out-of-order', { detail: 'The transport has data channels already, or can have none.' });
    }
    this.#hasData = true;
    return refusing(() => this.#branch.data.open(transport, number, listener), this.#gone);
  }

  close(): void {
    this.#meter?.finish();
    this.#transport.close();
  }

  #usable(given: RtpCapabilities): RouterRtpCapabilities {
    const { usable: known, capabilities } = this.#room;
    let usable = known.get(given);
    if (usable === undefined) {
      checkRtpCapabilities(given);
      usable = withRoomExtensions(given, capabilities) as RouterRtpCapabilities;
      known.set(given, usable);
    }
    return usable;
  }

  /** The transport. One that was closed while the worker answered must not keep what the answer brought. */
  #open(): WebRtcTransport {
    if (this.#transport.closed) throw new SluiceError('transport-not-found');
    return this.#transport;
  }

  #stateChanged(): void {
    if (this.#transport.closed) return;
    const state = jointState(this.#transport);
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'connected') this.#meter?.start();
    this.#watch?.stateChanged(state);
    this.#listener.state(state);
  }
}

function reachedAt({ port, maxSendMessageSize, maxReceiveMessageSize }: RouterSctpParameters): SctpParameters {
  return { port, maxSendMessageSize, maxReceiveMessageSize };
}

/** ICE and DTLS as one: DTLS that has failed or ended does not come back, ICE may (RFC 8445 §9). */
function jointState({ iceState, dtlsState }: Pick<WebRtcTransport, 'iceState' | 'dtlsState'>): TransportState {
  if (dtlsState === 'failed' || dtlsState === 'closed') return 'failed';
  if (iceState === 'disconnected') return 'disconnected';
  if (iceState === 'new') return 'new';
  return dtlsState === 'connected' ? 'connected' : 'connecting';
}

/** Every sender of audio is asked for DTX (see codecs.ts), so no packets from it means silence, not a dead stream. */
function expectSilence(kind: ProduceOptions['kind'], parameters: RtpParameters): RtpParameters {
  if (kind !== 'audio') return parameters;
  const [encoding = {}] = parameters.encodings ?? [];
  return { ...parameters, encodings: [{ ...encoding, dtx: true }] };
}

/** Counts something for as long as it is open. */
function count(
  counts: MediaCounts,
  what: keyof MediaCounts,
  observer: { once(event: 'close', listener: () => void): unknown },
): void {
  counts[what] += 1;
  observer.once('close', () => {
    counts[what] -= 1;
  });
}
