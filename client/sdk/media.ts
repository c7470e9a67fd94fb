/**
 * One set-up of media: a receiving and a sending transport of one offer of the server. When the server's media or the
 * session is lost, the room closes it and opens another.
 */
import type { Consumer, Device, Producer, RtpCodecCapability, Transport } from 'mediasoup-client/types';

import type { ConsumerInfo, IceServer, MediaOffer } from '../../src/rooms/events.ts';
import type { Source } from '../../src/rooms/grants.ts';
import type { TransportParameters } from '../../src/rooms/media-engine.ts';
import type { DtlsParameters, RtpParameters } from '../../src/rooms/ortc.ts';
import type { MediaState } from './api.ts';
import { type DataChannels, openDataChannels } from './data-channels.ts';
import { browserCertificate, loadDevice } from './capabilities.ts';
import type { E2ee } from './e2ee/session.ts';
import { clientError, toClientError, type SluiceClientError } from './errors.ts';
import { hearsNothing } from './ice-probe.ts';
import { type IceRecovery, watchIce } from './ice-recovery.ts';
import { watchCredentials } from './ice-renewal.ts';
import type { Link } from './link.ts';
import type { Reports } from './qoe/reporter.ts';
import type { Stats } from './qoe/stats.ts';
import { type Scope } from './scope.ts';
import { senderOptions, type SendOptions } from './encodings.ts';

/** How long ICE and DTLS are left alone before receivers are negotiated, in milliseconds. */
const CONNECTED_WITHIN = 60;
const NO_DATA = Promise.resolve(undefined);

export type MediaListener = {
  /** Both transports taken together, as far as they are in use. */
  state(state: MediaState): void;
  deviceLoaded(): void;
  /** DTLS of the receiving transport is up. */
  receiving(): void;
  /** These can be received, and the server is about to be asked to let them flow. */
  resuming(infos: readonly ConsumerInfo[]): void;
  /** A track is received from now on. */
  received(info: ConsumerInfo, consumer: Consumer): void;
  problem(error: SluiceClientError): void;
  /** ICE of a transport is being set up again. */
  restarting(): void;
  /** The server does not answer a request to restart ICE: signaling may be as dead as the media is. */
  unanswered(): void;
  /** ICE restarts do not help. */
  hopeless(): void;
};

export type MediaOptions = {
  offer: MediaOffer;
  request: Link['request'];
  scope: Scope;
  listener: MediaListener;
  iceTransportPolicy: RTCIceTransportPolicy;
  /** Undefined: media is not encrypted end to end. */
  e2ee: E2ee | undefined;
};

export type SendRequest = SendOptions & { source: Source; track: MediaStreamTrack; paused: boolean };

export type Media = {
  readonly closed: boolean;
  /** Resolves when ICE has begun to check, from where on it gets along without the page, or as `started`. */
  readonly checking: Promise<void>;
  /** Resolves when ICE and DTLS are up, or cannot be brought there soon. */
  readonly started: Promise<void>;
  /** Undefined where the server offers none, or the browser refuses them. */
  readonly data: Promise<DataChannels | undefined>;
  readonly state: MediaState;
  /** Sets up the receivers of `infos` in one negotiation, then lets those flow that the server holds back. */
  receive(infos: readonly ConsumerInfo[], isHeld: (info: ConsumerInfo) => boolean): Promise<void>;
  /** Rejects with the server's refusal, or `closed` when this media is closed meanwhile. */
  send(request: SendRequest): Promise<Producer>;
  /** The network is another one. */
  networkChanged(): void;
  /** It may be: what hears nothing any more is restarted. */
  checkNetwork(): void;
  /** What the browser counts, of both transports in one call each; of one that was never used nothing. */
  reports(): Promise<Reports>;
  /** The same of the transport that receives. */
  received(): Promise<Reports['recv']>;
  close(): void;
};

/** Opens the transports; rejects with `not-supported` where browser and server share no codec. */
export async function openMedia(options: MediaOptions): Promise<Media> {
  const { offer, request, listener, e2ee } = options;
  const [device, certificate] = await Promise.all([loadDevice(offer.rtpCapabilities), browserCertificate()]);
  listener.deviceLoaded();
  const scope = options.scope.child();
  const transports = new Map<Transport, IceRecovery>();
  let state: MediaState = 'new';
  let send: Transport | undefined;
  let iceServers = offer.iceServers;
  // Relays end what was allocated with a credential together with it: ICE must have moved on by then.
  const renewal = watchCredentials(scope, () => {
    // Nothing is lost by it, and where it fails, what follows from that is told soon enough.
    for (const transport of transports.keys()) restartIce(transport).catch(() => undefined);
  });
  const useServers = (servers: IceServer[]) => {
    iceServers = servers;
    renewal.received(servers);
  };
  useServers(offer.iceServers);

  const stateChanged = () => {
    const next = taken([...transports.keys()].map((transport) => transport.connectionState));
    if (next === state || scope.closed) return;
    state = next;
    listener.state(state);
  };

  function open(direction: 'send' | 'recv'): Transport {
    const settings = { certificates: [certificate], ...e2ee?.configuration };
    const transport = create(device, direction, { ...offer, iceServers }, options.iceTransportPolicy, settings);
    transport.on('connect', ({ dtlsParameters }, done) => {
      // No need to wait for the answer before ICE starts: the server learns of this before the first check arrives.
      done();
      const params = { transportId: transport.id, dtlsParameters };
      request('transport-connect', params).catch(failed);
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, done, refused) => {
      const { source, paused, size } = appData as Produced;
      request('produce', { kind, source, paused, ...size, rtpParameters: rtpParameters as RtpParameters }).then(
        ({ producer }) => {
          // Asked over media that is gone by now: what it came to belongs to nobody.
          if (transport.closed) request('producer-close', { producerId: producer.id }).catch(() => undefined);
          done(producer);
        },
        refused,
      );
    });
    const recovery = watchIce({
      scope,
      restart: async () => {
        await restartIce(transport);
        if (!transport.closed) listener.restarting();
      },
      unanswered: () => listener.unanswered(),
      lost: () => {
        for (const [other, its] of transports) if (other.connectionState === 'connected') its.restartNow();
      },
      hopeless: () => listener.hopeless(),
    });
    transport.on('connectionstatechange', (now) => {
      recovery.stateChanged(now);
      if (now === 'connected' && direction === 'recv') listener.receiving();
      stateChanged();
    });
    transports.set(transport, recovery);
    return transport;
  }

  async function restartIce(transport: Transport): Promise<void> {
    const answer = await request('transport-restart-ice', { transportId: transport.id });
    if (transport.closed) return;
    useServers(answer.iceServers);
    // Those that it was made with carry credentials that a long call outlives.
    await transport.updateIceServers({ iceServers: answer.iceServers });
    await transport.restartIce({ iceParameters: answer.iceParameters });
  }

  /** With which codec a sender is made whose frames are encrypted, and what is done with it before it sends. */
  function encryption(source: Source, kind: string, codecs: readonly RtpCodecCapability[]) {
    if (e2ee === undefined) return {};
    const codec = e2ee.choose(kind, codecs);
    return { codec, onRtpSender: (sender: RTCRtpSender) => e2ee.seal(sender, source, codec) };
  }

  function failed(error: unknown): void {
    if (!scope.closed) listener.problem(toClientError(error, 'media-failed'));
  }

  async function receiveOne(info: ConsumerInfo): Promise<Consumer | undefined> {
    try {
      return await recv.consume({
        id: info.id,
        producerId: info.producerId,
        kind: info.kind,
        rtpParameters: info.rtpParameters as Consumer['rtpParameters'],
        // Tracks of one stream are played in sync: voice with face, and a screen with its sound.
        streamId: `${info.participantId}-${info.source.startsWith('screen') ? 'screen' : 'person'}`,
        ...(e2ee === undefined ? {} : { onRtpReceiver: e2ee.open(info) }),
      });
    } catch (error) {
      failed(error);
      if (!scope.closed) request('consumer-close', { consumerIds: [info.id] }).catch(() => undefined);
      return undefined;
    }
  }

  async function resume(infos: readonly ConsumerInfo[]): Promise<void> {
    if (infos.length === 0 || scope.closed) return;
    listener.resuming(infos);
    await request('consumer-resume', { consumerIds: infos.map(({ id }) => id) }).catch(failed);
  }

  const recv = open('recv');
  scope.onClose(() => {
    for (const transport of transports.keys()) transport.close();
  });
  const data = offer.recv.sctpParameters === undefined ? NO_DATA : openDataChannels(recv.handler, scope);
  data.catch((error: unknown) => failed(error));
  // Its negotiation is short, and brings ICE and DTLS, which that of receivers would only slow down: it waits for them.
  const started = data.then(() => connection(recv, scope)).catch(() => undefined);
  const checking = Promise.race([started, firstChange(recv)]);

  return {
    get closed() {
      return scope.closed;
    },
    get state() {
      return state;
    },
    checking,
    started,
    data: data.catch(() => undefined),
    async receive(infos, isHeld) {
      await started;
      // All in one turn of the event loop: mediasoup-client makes one negotiation of it.
      const consumers = await Promise.all(infos.map(receiveOne));
      const ready = infos.filter((info, at) => consumers[at] !== undefined && info.paused && !isHeld(info));
      // First of all: a key frame takes its time, in which pages can set up what shows it.
      const resumed = resume(ready);
      for (const [at, info] of infos.entries()) {
        const consumer = consumers[at];
        if (consumer !== undefined) listener.received(info, consumer);
      }
      await resumed;
    },
    async send({ source, track, paused, ...sendOptions }) {
      if (scope.closed) throw clientError('closed');
      send ??= open('send');
      const settings = track.getSettings();
      const appData: Produced = { source, paused, size: track.kind === 'video' ? told(settings) : {} };
      try {
        const codecs = device.sendRtpCapabilities.codecs ?? [];
        return await send.produce({
          track,
          ...senderOptions(source, { ...settings, contentHint: track.contentHint }, sendOptions, codecs),
          ...encryption(source, track.kind, codecs),
          // Tracks are stopped and disabled by those who own them.
          stopTracks: false,
          disableTrackOnPause: false,
          appData,
        });
      } catch (error) {
        if (scope.closed) throw clientError('closed', error);
        throw toClientError(
          error,
          error instanceof Error && error.name === 'UnsupportedError' ? 'not-supported' : 'media-failed',
        );
      }
    },
    async reports() {
      const [ofRecv, ofSend] = await Promise.all([reportOf(recv), reportOf(send)]);
      return { recv: ofRecv, send: ofSend };
    },
    received: () => reportOf(recv),
    networkChanged() {
      for (const [{ connectionState }, recovery] of transports) if (connectionState !== 'new') recovery.restartNow();
    },
    checkNetwork() {
      for (const [transport, recovery] of transports) {
        if (transport.connectionState !== 'connected') continue;
        void hearsNothing(transport, scope).then((nothing) => nothing && recovery.restartNow());
      }
    },
    close: () => scope.close(),
  };
}

/** What the server is told of a track besides how it is sent. */
type Produced = { source: Source; paused: boolean; size: { size?: { width: number; height: number } } };

function told({ width = 0, height = 0 }: MediaTrackSettings): Produced['size'] {
  return width > 0 && height > 0 ? { size: { width, height } } : {};
}

async function reportOf(transport: Transport | undefined): Promise<Iterable<Stats> | undefined> {
  if (transport === undefined || transport.closed || transport.connectionState === 'new') return undefined;
  return (await transport.getStats()).values() as Iterable<Stats>;
}

/** Resolves when `transport` is not new any more. */
function firstChange(transport: Transport): Promise<void> {
  return new Promise((resolve) => void transport.once('connectionstatechange', () => resolve()));
}

/** Resolves when `transport` is connected, or when that takes longer than with a server that is near. */
function connection(transport: Transport, scope: Scope): Promise<void> {
  return new Promise((resolve) => {
    const stop = scope.after(CONNECTED_WITHIN, resolve);
    transport.on('connectionstatechange', (state) => {
      if (state !== 'connected') return;
      stop();
      resolve();
    });
  });
}

function create(
  device: Device,
  direction: 'send' | 'recv',
  offer: MediaOffer,
  iceTransportPolicy: RTCIceTransportPolicy,
  additionalSettings: object,
): Transport {
  const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters }: TransportParameters = offer[direction];
  const options = {
    id,
    iceParameters,
    iceCandidates,
    dtlsParameters: dtlsParameters as { fingerprints: DtlsParameters['fingerprints'] },
    iceServers: offer.iceServers,
    ...(sctpParameters === undefined ? {} : { sctpParameters }),
    iceTransportPolicy,
    additionalSettings,
  };
  return direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
}

/** One that is being set up says nothing against the other, which is connected. */
const RANKS = ['new', 'connecting', 'connected', 'disconnected', 'failed'] as const satisfies readonly MediaState[];

function taken(together: readonly string[]): MediaState {
  const rank = Math.max(0, ...together.map((state) => RANKS.indexOf(state as MediaState)));
  return RANKS[rank] ?? 'new';
}
