/** WebRTC connections of bots (libdatachannel): real ICE, DTLS and SRTP, with RTP packets written and read here. */
import { Audio, cleanup, PeerConnection, type Track, Video } from 'node-datachannel';

import type { ConsumerInfo } from '../../src/rooms/events.ts';
import type { TransportParameters } from '../../src/rooms/media-engine.ts';
import type { DtlsParameters, RtpParameters } from '../../src/rooms/ortc.ts';
import { mediaSection, sessionDescription, ssrcLines } from '../../tests/support/rtp-peer.ts';
import type { VideoCodec } from './clip.ts';

export const PAYLOAD_TYPES = { opus: 111, vp8: 96, h264: 98 } as const;
export const H264_PROFILE = 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';

const CONNECT_WITHIN_MS = 15_000;

/**
 * libdatachannel's wrappers crash the process when they are collected while its threads still use them (seen with
 * node-datachannel 0.33.4), and a collected track falls silent: all of them live as long as the process.
 */
const held: unknown[] = [];

function hold<T>(wrapper: T): T {
  held.push(wrapper);
  return wrapper;
}

/** Ends libdatachannel's threads, without which a process does not end. Once, after the last connection was closed. */
export function releasePeers(): void {
  cleanup();
}

export type SentMedia = {
  readonly kind: 'audio' | 'video';
  readonly codec: 'opus' | VideoCodec;
  readonly ssrc: number;
};

export function newConnection(): PeerConnection {
  return hold(new PeerConnection('bot', { iceServers: [], disableAutoNegotiation: false, bindAddress: '127.0.0.1' }));
}

/** Resolves when DTLS is up; rejects where ICE or DTLS fail, or take too long. */
export function connected(connection: PeerConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('the connection took too long')), CONNECT_WITHIN_MS);
    const settle = (state: string) => {
      if (state === 'connected') resolve();
      else if (state === 'failed' || state === 'closed') reject(new Error(`the connection ${state}`));
      else return;
      clearTimeout(limit);
    };
    connection.onStateChange(settle);
    // The callback is told only of what happens after it was set.
    settle(connection.state());
  });
}

/** A track that sends: of a kind and codec, with one SSRC. */
export function addTrack(connection: PeerConnection, { kind, codec, ssrc }: SentMedia, mid: string): Track {
  const media = kind === 'audio' ? new Audio(mid, 'SendOnly') : new Video(mid, 'SendOnly');
  if (media instanceof Audio) media.addOpusCodec(PAYLOAD_TYPES.opus);
  else if (codec === 'h264') media.addH264Codec(PAYLOAD_TYPES.h264, H264_PROFILE);
  else media.addVP8Codec(PAYLOAD_TYPES.vp8);
  media.addSSRC(ssrc, 'bot', 'bot', mid);
  return hold(connection.addTrack(hold(media)));
}

export type SendingConnection = {
  readonly mids: readonly string[];
  /** What the server has to be told, before it can answer. */
  readonly dtls: DtlsParameters;
  readonly connected: Promise<void>;
  /** Before `connected` packets go nowhere. */
  readonly send: (packet: Buffer) => void;
  /** RTCP that the server sends. */
  readonly onPacket: (listener: (packet: Buffer) => void) => void;
  readonly close: () => void;
};

/** A connection to a transport of ours on which `media` can be sent. */
export function connectSender(transport: TransportParameters, media: readonly SentMedia[]): SendingConnection {
  const connection = newConnection();
  const mids = media.map(({ kind }, index) => `${kind}${index}`);
  const tracks = media.map((its, index) => addTrack(connection, its, mids[index]!));
  connection.setLocalDescription('offer');
  const sections = media.map(({ kind, codec }, index) =>
    mediaSection(mids[index]!, kind, 'recvonly', '', codecOf(codec)),
  );
  const up = connected(connection);
  connection.setRemoteDescription(sessionDescription(transport, 'passive', sections), 'answer');
  // One track is enough for packets of all: SRTP goes by SSRC.
  const [first] = tracks;
  return {
    mids,
    dtls: fingerprintOf(connection),
    connected: up,
    send: (packet) => {
      if (first?.isOpen() === true) first.sendMessageBinary(packet);
    },
    onPacket(listener) {
      for (const track of tracks) track.onMessage((packet) => listener(packet));
    },
    close: () => connection.close(),
  };
}

export type ReceivingConnection = {
  /**
   * Negotiates more consumers; returns what the server has to be told with the first of them. Packets of one without a
   * listener are decrypted and dropped.
   */
  add(
    consumers: readonly ConsumerInfo[],
    listenerOf: (consumer: ConsumerInfo) => ((packet: Buffer) => void) | undefined,
  ): DtlsParameters;
  readonly connected: Promise<void>;
  readonly close: () => void;
};

export function connectReceiver(transport: TransportParameters): ReceivingConnection {
  const connection = newConnection();
  const up = connected(connection);
  // Whoever receives nothing never connects, and nobody waits for it.
  up.catch(() => undefined);
  const sections: string[] = [];
  const listeners = new Map<string, (packet: Buffer) => void>();
  connection.onTrack((track) => {
    const listener = listeners.get(track.mid());
    if (listener !== undefined) hold(track).onMessage((packet) => listener(packet));
  });
  return {
    connected: up,
    add(consumers, listenerOf) {
      for (const consumer of consumers) {
        const { mid = '' } = consumer.rtpParameters;
        const listener = listenerOf(consumer);
        if (listener !== undefined) listeners.set(mid, listener);
        const streams = ssrcLines(consumer.rtpParameters);
        sections.push(mediaSection(mid, consumer.kind, 'sendonly', streams, consumer.rtpParameters));
      }
      connection.setRemoteDescription(sessionDescription(transport, 'actpass', sections), 'offer');
      return fingerprintOf(connection);
    },
    close: () => connection.close(),
  };
}

const CODECS = {
  opus: {
    ...{ mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
    ...{ parameters: { minptime: 10, useinbandfec: 1 }, rtcpFeedback: [] },
  },
  vp8: { mimeType: 'video/VP8', clockRate: 90_000, rtcpFeedback: [{ type: 'nack', parameter: 'pli' }] },
  h264: {
    ...{ mimeType: 'video/H264', clockRate: 90_000, rtcpFeedback: [{ type: 'nack', parameter: 'pli' }] },
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
};

/** What a bot says of a codec in ORTC terms, and what stands in its SDP. */
export function codecOf(codec: SentMedia['codec']): Pick<RtpParameters, 'codecs'> {
  return { codecs: [{ ...CODECS[codec], payloadType: PAYLOAD_TYPES[codec] }] };
}

function fingerprintOf(connection: PeerConnection): DtlsParameters {
  const found = /a=fingerprint:sha-256 (\S+)/.exec(connection.localDescription()?.sdp ?? '');
  if (found?.[1] === undefined) throw new Error('the connection has no fingerprint');
  return { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: found[1] }] };
}
