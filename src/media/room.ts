import type {
  ActiveSpeakerObserver,
  AudioLevelObserver,
  Router,
  RouterRtpCodecCapability,
  WebRtcTransport,
} from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { DataMode } from '../rooms/data-header.ts';
import type { ProducerId } from '../rooms/ids.ts';
import type {
  MediaRoom,
  MediaRoomListener,
  MediaTransport,
  MediaTransportListener,
  TransportOptions,
} from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import { MAX_MESSAGE, RoomData, SEND_BUFFER } from './data.ts';
import { createEgressPool, type Egress, type EgressPool } from './egress.ts';
import { refusing } from './refusal.ts';
import { SfuTransport } from './transport.ts';
import type { RoomMedia } from './transport.ts';
import { TransportWatch } from './transport-watch.ts';
import type { LayerCounts } from './validate.ts';
import type { WorkerProcess } from './worker-process.ts';

/**
 * RFC 6464 levels. Speech is at -45 to -15 dBov and a whisper near -55; what browsers let through of a quiet room is
 * below -70. Only the 16 loudest are told: more voices at once nobody tells apart, and the room's tick stays small.
 */
const LEVELS = { interval: 250, threshold: -70, maxEntries: 16 };
/**
 * Seconds without an answered consent check until a peer counts as disconnected (RFC 7675 §5.1): more than the 20 s
 * in which a session may come back, so that its media goes on without anything being renegotiated.
 */
const ICE_CONSENT_SECONDS = 30;

const DATA = {
  enableSctp: true,
  maxSendMessageSize: MAX_MESSAGE,
  maxReceiveMessageSize: MAX_MESSAGE,
  sctpSendBufferSize: SEND_BUFFER,
  sctpPerStreamSendQueueLimit: SEND_BUFFER,
};

/** What every room of an engine has in common. */
export type RoomSettings = {
  readonly codecs: RouterRtpCodecCapability[];
  readonly capabilities: RtpCapabilities;
  readonly initialOutgoingBitrate: number;
  readonly maxIncomingBitrate: number | undefined;
};

/** Opens a router with its observers on `host`. */
export async function openSfuRoom(
  host: WorkerProcess,
  settings: RoomSettings,
  listener: MediaRoomListener,
): Promise<MediaRoom> {
  // Counted from the start, so that rooms which are opened at the same time spread over the workers.
  host.counts.rooms += 1;
  let router: Router | undefined;
  try {
    router = await host.worker.createRouter({ mediaCodecs: settings.codecs });
    const [levels, speaker] = await Promise.all([
      router.createAudioLevelObserver(LEVELS),
      router.createActiveSpeakerObserver(),
    ]);
    return new SfuRoom(host, settings, listener, router, levels, speaker);
  } catch (error) {
    host.counts.rooms -= 1;
    router?.close();
    throw error;
  }
}

class SfuRoom implements MediaRoom {
  readonly rtpCapabilities: RtpCapabilities;
  readonly #host: WorkerProcess;
  readonly #settings: RoomSettings;
  readonly #listener: MediaRoomListener;
  readonly #router: Router;
  readonly #levels: AudioLevelObserver;
  readonly #speaker: ActiveSpeakerObserver;
  readonly #producers = new Map<string, LayerCounts>();
  readonly #data: RoomData;
  readonly #media: RoomMedia;
  readonly #egresses: EgressPool;
  #closed = false;

  constructor(
    host: WorkerProcess,
    settings: RoomSettings,
    listener: MediaRoomListener,
    router: Router,
    levels: AudioLevelObserver,
    speaker: ActiveSpeakerObserver,
  ) {
    this.rtpCapabilities = settings.capabilities;
    this.#host = host;
    this.#settings = settings;
    this.#listener = listener;
    this.#router = router;
    this.#levels = levels;
    this.#speaker = speaker;
    this.#data = new RoomData(router);
    this.#media = {
      capabilities: settings.capabilities,
      counts: host.counts,
      producers: this.#producers,
      observe: (producerId) => this.#observe(producerId),
      data: this.#data,
    };
    this.#egresses = createEgressPool({
      router,
      openRouter: (mediaCodecs) => host.worker.createRouter({ mediaCodecs }),
      ...settings,
    });
    host.rooms.add(this);
    levels.on('volumes', (volumes) => {
      if (this.#closed) return;
      listener.levels(volumes.map(({ producer, volume }) => ({ producerId: producer.id as ProducerId, dBov: volume })));
    });
    levels.on('silence', () => {
      if (!this.#closed) listener.levels([]);
    });
    speaker.on('dominantspeaker', ({ producer }) => {
      if (!this.#closed) listener.activeSpeaker(producer.id as ProducerId);
    });
  }

  async openTransport(
    listener: MediaTransportListener,
    { data = false, observer, payloadTypes }: TransportOptions = {},
  ): Promise<MediaTransport> {
    if (this.#closed) throw new SluiceError('media-unavailable');
    return refusing(
      async () => {
        const egress = payloadTypes === undefined ? undefined : await this.#egresses.take(payloadTypes);
        const transport = await this.#createTransport(egress, data);
        const { maxIncomingBitrate } = this.#settings;
        if (maxIncomingBitrate !== undefined) await transport.setMaxIncomingBitrate(maxIncomingBitrate);
        if (this.#closed) {
          transport.close();
          throw new SluiceError('media-unavailable');
        }
        const watch = observer && new TransportWatch(transport, this.#host.sampler, observer);
        return new SfuTransport(transport, this.#media, listener, { egress, watch });
      },
      () => (this.#closed ? 'media-unavailable' : undefined),
    );
  }

  sendData(mode: DataMode, message: Uint8Array, to: readonly number[] | { readonly except: number }): void {
    this.#data.send(mode, message, to);
  }

  close(): void {
    if (!this.#end()) return;
    this.#egresses.close();
    this.#router.close();
  }

  /** The worker is gone, and the router with it. */
  lost(): void {
    if (this.#end()) this.#listener.lost();
  }

  #end(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#host.rooms.delete(this);
    this.#host.counts.rooms -= 1;
    return true;
  }

  async #createTransport(egress: Egress | undefined, data: boolean): Promise<WebRtcTransport> {
    try {
      const transport = await (egress?.router ?? this.#router).createWebRtcTransport({
        webRtcServer: this.#host.server,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        ...(data ? DATA : {}),
        initialAvailableOutgoingBitrate: this.#settings.initialOutgoingBitrate,
        iceConsentTimeout: ICE_CONSENT_SECONDS,
      });
      if (egress !== undefined) transport.observer.once('close', () => egress.release());
      return transport;
    } catch (error) {
      egress?.release();
      throw error;
    }
  }

  async #observe(producerId: ProducerId): Promise<void> {
    await Promise.all([this.#levels.addProducer({ producerId }), this.#speaker.addProducer({ producerId })]);
  }
}
