/**
 * What rooms need of an SFU. `media/` implements it with mediasoup; rooms never learn which worker serves them.
 *
 * Everything that these objects refuse, they refuse with a `SluiceError`: `invalid-media`, `unsupported-codec`,
 * `media-unavailable`. `close()` is idempotent, closes children first, and is silent: no listener is called for
 * what the owner closed itself.
 */
import type { DataMode } from './data-header.ts';
import type { MediaKind } from './grants.ts';
import type { ConsumerId, ProducerId, TransportId } from './ids.ts';
import type { DtlsParameters, IceCandidate, IceParameters, RtpCapabilities, RtpParameters } from './ortc.ts';

export type MediaEngine = {
  /** Opens the media of one room, on the least loaded worker. */
  openRoom(listener: MediaRoomListener): Promise<MediaRoom>;
};

export type MediaRoomListener = {
  /** The media of the room is gone (its worker died): every object in it is closed. A new `openRoom` may succeed. */
  lost(): void;
  /** Audio producers that are heard, with their level in dBov (-127 to 0), about every 250 ms; empty once silence falls. */
  levels(levels: readonly { producerId: ProducerId; dBov: number }[]): void;
  /** The producer of the dominant speaker has changed. */
  activeSpeaker(producerId: ProducerId): void;
};

export type MediaRoom = {
  /** What this room can receive and forward. The same for all rooms of one configuration. */
  readonly rtpCapabilities: RtpCapabilities;
  openTransport(listener: MediaTransportListener, options?: TransportOptions): Promise<MediaTransport>;
  /** Sends on open data channels: on those with the numbers `to`, or on all but one. */
  sendData(mode: DataMode, message: Uint8Array, to: readonly number[] | { readonly except: number }): void;
  close(): void;
};

export type TransportOptions = {
  /** Without one nothing is measured, and that costs nothing. */
  observer?: MediaTransportObserver | undefined;
  /** Told from time to time of what the transport has carried since, and of the rest soon after it was closed. */
  onUsed?: ((bytes: UsedBytes) => void) | undefined;
  /** Whether it can carry data channels. */
  data?: boolean;
  /** What the transport forwards carries these in place of the room's own. */
  payloadTypes?: PayloadTypes | undefined;
};

/** Bytes of RTP, from the client and to it. */
export type UsedBytes = { readonly received: number; readonly sent: number };

/**
 * By which payload type a receiver knows each codec, under the payload type that the room's capabilities prefer for it:
 * of a receiver that has chosen them itself. Codecs that are not in it cannot be forwarded.
 */
export type PayloadTypes = ReadonlyMap<number, number>;

export type TransportState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed';
export type MediaTransportListener = {
  /** ICE and DTLS taken together. `disconnected` may heal, or be healed by an ICE restart; `failed` does not. */
  state(state: TransportState): void;
};

/** Hears what the SFU sees of a transport's packets: at most about once a second, and only while there is something to see. */
export type MediaTransportObserver = {
  /** What came in of a producer since the last time. */
  produced(id: ProducerId, seen: StreamStats): void;
  /** What went out of a consumer, and what its receiver reports of it. */
  consumed(id: ConsumerId, seen: StreamStats & { readonly wantedShare: number }): void;
  /** How the transport itself is, whenever that changes. */
  path(seen: PathStats): void;
};

/** A stream as the SFU saw it over the last `ms`, all of its layers together. NaN is what is not known. */
export type StreamStats = {
  /** As in its MIME type, small letters: `opus`, `vp8`. */
  readonly codec: string;
  /** Nothing flows because one of its ends wants so. */
  readonly paused: boolean;
  /** Above 0. */
  readonly ms: number;
  readonly packets: number;
  readonly lost: number;
  /** ms (RFC 3550 §6.4.1). */
  readonly jitter: number;
  /** ms, there and back. */
  readonly rtt: number;
  /** bit/s. */
  readonly bitrate: number;
};

/** A transport as the SFU saw it. */
export type PathStats = {
  /** Whether packets come over TCP (RFC 6544), and not by UDP. */
  readonly tcp: boolean;
  /** False once nothing has come from the client for seconds, while media was sent to it. */
  readonly heard: boolean;
  /** By how many ms media takes longer to come from the client than it did at best; NaN where nobody can say. */
  readonly slowerUp: number;
};

/** What a client needs to reach a transport. */
export type TransportParameters = {
  id: TransportId;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
  /** Where it can carry data channels: streams 0 (reliable) and 1 (lossy), negotiated out of band. */
  sctpParameters?: SctpParameters;
};

/** How to reach the SCTP association of a transport (RFC 8841). Sizes in bytes. */
export type SctpParameters = { port: number; maxSendMessageSize: number; maxReceiveMessageSize: number };

export type MediaDataListener = {
  /** `message` is the listener's own. */
  message(mode: DataMode, message: Uint8Array): void;
  /** The receiver reads so slowly that a reliable message was lost. */
  overflowed(): void;
};

/** The two data channels of one participant. */
export type MediaData = {
  /** From here on, and not before, it is sent what `MediaRoom.sendData` sends to its number. */
  start(): void;
};

export type MediaTransport = {
  readonly id: TransportId;
  readonly parameters: TransportParameters;
  readonly state: TransportState;
  /** Starts DTLS with the client's parameters. Once per transport, else `out-of-order`. */
  connect(dtlsParameters: DtlsParameters): Promise<void>;
  /** New ICE credentials; the old ones work until a check with the new ones arrives (RFC 8445 §2.4). */
  restartIce(): Promise<IceParameters>;
  produce(options: ProduceOptions): Promise<MediaProducer>;
  /**
   * Opens both data channels, which end with the transport. `number`, 0 to 65,534, is what the room's `sendData` knows
   * them by: no other transport of the room may have it. Once per transport that was opened with `data`, else
   * `out-of-order`.
   */
  openData(number: number, listener: MediaDataListener): Promise<MediaData>;
  /** Forwards `producerId` (of the same room) to this transport. */
  consume(options: ConsumeOptions, listener: MediaConsumerListener): Promise<MediaConsumer>;
  close(): void;
};

export type ProduceOptions = {
  kind: MediaKind;
  rtpParameters: RtpParameters;
  paused: boolean;
};

export type MediaProducer = {
  readonly id: ProducerId;
  readonly kind: MediaKind;
  /** Whether it sends several spatial layers that receivers can choose from. */
  readonly layers: { spatial: number; temporal: number };
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): void;
};

export type ConsumeOptions = {
  producerId: ProducerId;
  rtpCapabilities: RtpCapabilities;
  /** Start paused where the client is not ready to receive yet; the key frame is asked for on resume. */
  paused: boolean;
};

/** Simulcast or SVC layers, 0 the lowest. */
export type Layers = { spatialLayer: number; temporalLayer?: number };

export type MediaConsumerListener = {
  /** What is forwarded has changed; undefined: nothing, for want of bandwidth or of a stream. */
  layersChanged(layers: Layers | undefined): void;
};

export type MediaConsumer = {
  readonly id: ConsumerId;
  readonly producerId: ProducerId;
  readonly kind: MediaKind;
  readonly rtpParameters: RtpParameters;
  pause(): Promise<void>;
  resume(): Promise<void>;
  setPreferredLayers(layers: Layers): Promise<void>;
  /**
   * How much it matters where the transport's bandwidth does not suffice, 1 (at first) to 255: the lowest layer of each
   * video comes first, by priority; what is left is given out in rounds, so many layers to each as its priority says.
   */
  setPriority(priority: number): Promise<void>;
  /**
   * One that has been paused from the start can ask too: workers that were built here keep a key frame for half a second,
   * and it begins with that. Upstream's ask for nothing then.
   */
  requestKeyFrame(): Promise<void>;
  close(): void;
};
