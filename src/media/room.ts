import type {
  RouterRtpCodecCapability,
  RtpCapabilities as RouterRtpCapabilities,
  WebRtcTransport,
} from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { DataMode } from '../rooms/data-header.ts';
import type {
  MediaRoom,
  MediaRoomListener,
  MediaTransport,
  MediaTransportListener,
  TransportOptions,
} from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import { type BranchLease, Branches } from './branches.ts';
import { MAX_MESSAGE, SEND_BUFFER } from './data.ts';
import { Listening } from './listening.ts';
import { refusing } from './refusal.ts';
import { SfuTransport } from './transport.ts';
import type { RoomMedia } from './transport.ts';
import { TransportMeter } from './transport-meter.ts';
import { TransportWatch } from './transport-watch.ts';
import type { WorkerProcess } from './worker-process.ts';

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
  /** Capabilities of receivers that were checked, and what comes of them. */
  readonly usable: WeakMap<RtpCapabilities, RouterRtpCapabilities>;
  readonly initialOutgoingBitrate: number;
  readonly maxIncomingBitrate: number | undefined;
};

/**
 * Opens a room on `host`, with who speaks and how loud.
 *
 * @param hosts The workers that run now: where the room goes on when `host` is full.
 */
export async function openSfuRoom(
  host: WorkerProcess,
  settings: RoomSettings,
  hosts: () => readonly WorkerProcess[],
  listener: MediaRoomListener,
): Promise<MediaRoom> {
  let room: SfuRoom | undefined;
  // Before there is a room, whoever opens it learns of a worker's death by the refusal.
  const branches = new Branches(settings, hosts, () => room?.lost());
  try {
    const listening = await Listening.open(await branches.openOwn(host));
    return (room = new SfuRoom(settings, listener, branches, listening));
  } catch (error) {
    branches.close();
    throw error;
  }
}

class SfuRoom implements MediaRoom {
  readonly rtpCapabilities: RtpCapabilities;
  readonly #settings: RoomSettings;
  readonly #listener: MediaRoomListener;
  readonly #branches: Branches;
  readonly #media: RoomMedia;
  #closed = false;

  constructor(settings: RoomSettings, listener: MediaRoomListener, branches: Branches, listening: Listening) {
    this.rtpCapabilities = settings.capabilities;
    this.#settings = settings;
    this.#listener = listener;
    this.#branches = branches;
    this.#media = {
      capabilities: settings.capabilities,
      usable: settings.usable,
      producers: new Map(),
      observe: (producer, branch) => listening.add(producer, branch),
    };
    listening.tell(listener, () => this.#closed);
  }

  async openTransport(
    listener: MediaTransportListener,
    { data = false, observer, payloadTypes, onUsed }: TransportOptions = {},
  ): Promise<MediaTransport> {
    if (this.#closed) throw new SluiceError('media-unavailable');
    return refusing(
      async () => {
        const lease = await this.#branches.take(payloadTypes);
        const { branch } = lease;
        const transport = await this.#createTransport(lease, data);
        const { maxIncomingBitrate } = this.#settings;
        if (maxIncomingBitrate !== undefined) await transport.setMaxIncomingBitrate(maxIncomingBitrate);
        if (this.#closed) {
          transport.close();
          throw new SluiceError('media-unavailable');
        }
        const watch = observer && new TransportWatch(transport, branch.host.sampler, observer);
        const meter = onUsed && new TransportMeter(transport, branch.host, onUsed);
        return new SfuTransport(transport, this.#media, listener, { branch, watch, meter });
      },
      () => (this.#closed ? 'media-unavailable' : undefined),
    );
  }

  sendData(mode: DataMode, message: Uint8Array, to: readonly number[] | { readonly except: number }): void {
    for (const { data } of this.#branches.open()) data.send(mode, message, to);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#branches.close();
  }

  /** One of its workers is gone, and what was on it: what is on others is nothing without it. */
  lost(): void {
    if (this.#closed) return;
    this.close();
    this.#listener.lost();
  }

  async #createTransport({ branch, release }: BranchLease, data: boolean): Promise<WebRtcTransport> {
    try {
      const transport = await branch.router.createWebRtcTransport({
        webRtcServer: branch.host.server,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        ...(data ? DATA : {}),
        initialAvailableOutgoingBitrate: this.#settings.initialOutgoingBitrate,
        iceConsentTimeout: ICE_CONSENT_SECONDS,
      });
      transport.observer.once('close', release);
      return transport;
    } catch (error) {
      release();
      throw error;
    }
  }
}
