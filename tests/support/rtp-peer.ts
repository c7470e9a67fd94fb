/**
 * WebRTC peers without a browser: real ICE, DTLS and SRTP (libdatachannel) against a media transport, with RTP packets
 * written and read by the test. Also what such a peer says of itself in ORTC terms.
 */
import { once, EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { Audio, cleanup, PeerConnection, Video } from 'node-datachannel';
import type { Track } from 'node-datachannel';

import type { DataMode } from '../../src/rooms/data-header.ts';
import type { MediaConsumer, MediaTransport, TransportParameters } from '../../src/rooms/media-engine.ts';
import type { DtlsParameters, RtpParameters } from '../../src/rooms/ortc.ts';

export const OPUS_PAYLOAD_TYPE = 111;
export const VP8_PAYLOAD_TYPE = 96;
export const VP8_RTX_PAYLOAD_TYPE = 97;
export const AUDIO_LEVEL_EXTENSION = 10;
const AUDIO_LEVEL_URI = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

/** A connected peer; `close()` ends its side without a word to the server's. */
export type Peer = { readonly connection: PeerConnection; close(): void };

/** A peer that sends. */
export type SendingPeer = Peer & {
  /** Sends an RTP or RTCP packet as it is, encrypted. */
  send(packet: Buffer): void;
  /** Key frames that it was asked for so far (PLI and FIR, RFC 4585 §6.3.1, RFC 5104 §4.3.1). */
  readonly keyFrameRequests: number;
};

/** A peer with data channels alone: what came on both, and how to send. */
export type DataPeer = Peer & {
  readonly messages: readonly { readonly mode: DataMode; readonly text: string }[];
  send(mode: DataMode, text: string): void;
};

/** A track that arrives. */
export type ReceivedTrack = {
  /** RTP packets of the consumer's SSRC so far. */
  readonly packets: readonly Buffer[];
  readonly bytes: number;
  /** Resolves when `count` more packets have come, with these; rejects after `milliseconds`. */
  more(count: number, milliseconds?: number): Promise<Buffer[]>;
  /** Sends an RTCP packet to the sender. */
  report(packet: Buffer): void;
};

/** A peer that receives. */
export type ReceivingPeer = Peer & {
  /** Negotiates one more consumer, as a browser does for each `consumer-added`. */
  add(consumer: Pick<MediaConsumer, 'kind' | 'rtpParameters'>): Promise<ReceivedTrack>;
};

/** One stream that a sending peer announces. */
export type SentTrack = { kind: 'audio' | 'video'; mid: string; ssrcs: readonly number[] };

/** Connects a peer that sends `tracks` on `transport`; resolves once DTLS is up. */
export async function connectSender(transport: Reachable, tracks: readonly SentTrack[]): Promise<SendingPeer> {
  const connection = newConnection();
  const opened = tracks.map((track) => hold(connection.addTrack(hold(describe(track)))));
  connection.setLocalDescription('offer');
  const answer = tracks.map((track) => mediaSection(track.mid, track.kind, 'recvonly', ''));
  connection.setRemoteDescription(sessionDescription(transport.parameters, 'passive', answer), 'answer');
  let keyFrameRequests = 0;
  for (const track of opened) {
    track.onMessage((packet) => {
      keyFrameRequests += countKeyFrameRequests(packet);
    });
  }
  await handshake(connection, transport, opened);
  const [first] = opened;
  return {
    connection,
    get keyFrameRequests() {
      return keyFrameRequests;
    },
    send: (packet) => {
      if (first?.isOpen() === true) first.sendMessageBinary(packet);
    },
    close: () => connection.close(),
  };
}

/** What a peer needs of a transport. */
export type Reachable = Pick<MediaTransport, 'parameters' | 'connect'>;

/** A peer that receives on `transport`; it connects with the first consumer. */
export function createReceiver(transport: Reachable): ReceivingPeer {
  const connection = newConnection();
  const sections: string[] = [];
  const arrivals = new EventEmitter();
  connection.onTrack((track) => arrivals.emit(track.mid(), hold(track)));
  let joined = false;
  return {
    connection,
    async add({ kind, rtpParameters }) {
      const { mid = '' } = rtpParameters;
      sections.push(mediaSection(mid, kind, 'sendonly', ssrcLines(rtpParameters), rtpParameters));
      const arrived = once(arrivals, mid);
      connection.setRemoteDescription(sessionDescription(transport.parameters, 'actpass', sections), 'offer');
      const [track] = (await arrived) as [Track];
      const received = receive(track, rtpParameters.encodings?.[0]?.ssrc);
      if (!joined) {
        joined = true;
        await handshake(connection, transport);
      }
      return received;
    },
    close: () => connection.close(),
  };
}

/** Opens the data channels of `transport` (streams 0 and 1, negotiated by the application). */
export async function connectData(transport: Reachable): Promise<DataPeer> {
  const connection = newConnection();
  const messages: { mode: DataMode; text: string }[] = [];
  const modes = ['reliable', 'lossy'] as const;
  const channels = modes.map((mode, id) => {
    const lossy = mode === 'lossy' ? { unordered: true, maxRetransmits: 0 } : {};
    const channel = hold(connection.createDataChannel(mode, { negotiated: true, id, ...lossy }));
    channel.onMessage((message) => messages.push({ mode, text: Buffer.from(message as Buffer).toString() }));
    return channel;
  });
  connection.setLocalDescription('offer');
  const { port = 5000 } = transport.parameters.sctpParameters ?? {};
  const section = [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    `a=sctp-port:${port}`,
    'a=max-message-size:262144',
  ].join('\r\n');
  connection.setRemoteDescription(sessionDescription(transport.parameters, 'passive', [section]), 'answer');
  await handshake(connection, transport, channels);
  return {
    connection,
    messages,
    send: (mode, text) => void channels[modes.indexOf(mode)]?.sendMessageBinary(Buffer.from(text)),
    close: () => connection.close(),
  };
}

/** Ends libdatachannel's threads, without which a process does not end. Once, after the last peer was closed. */
export function releasePeers(): void {
  cleanup();
}

/** What a sender of one Opus stream tells the server. */
export function opusParameters(ssrc: number, mid = 'audio'): RtpParameters {
  return {
    mid,
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: OPUS_PAYLOAD_TYPE,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1 },
        rtcpFeedback: [{ type: 'transport-cc' }],
      },
    ],
    headerExtensions: [{ uri: AUDIO_LEVEL_URI, id: AUDIO_LEVEL_EXTENSION }],
    encodings: [{ ssrc }],
    rtcp: { cname: 'peer' },
  };
}

/** What a sender of VP8 tells the server: one SSRC, or one for each simulcast layer from the lowest up. */
export function vp8Parameters(ssrcs: readonly number[], mid = 'video'): RtpParameters {
  return {
    mid,
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: VP8_PAYLOAD_TYPE,
        clockRate: 90_000,
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
      },
      {
        mimeType: 'video/rtx',
        payloadType: VP8_RTX_PAYLOAD_TYPE,
        clockRate: 90_000,
        parameters: { apt: VP8_PAYLOAD_TYPE },
      },
    ],
    headerExtensions: [],
    encodings: ssrcs.map((ssrc) => ({ ssrc })),
    rtcp: { cname: 'peer' },
  };
}

export type RtpFields = {
  payloadType: number;
  ssrc: number;
  sequence: number;
  timestamp: number;
  marker?: boolean;
  /** One-byte header extensions (RFC 8285 §4.2) by id. */
  extensions?: Record<number, Buffer>;
  payload: Buffer;
};

/** An RTP packet (RFC 3550 §5.1). */
export function rtpPacket(fields: RtpFields): Buffer {
  const { payloadType, ssrc, sequence, timestamp, marker = false, extensions, payload } = fields;
  const header = Buffer.alloc(12);
  header[0] = 0x80 | (extensions === undefined ? 0 : 0x10);
  header[1] = (marker ? 0x80 : 0) | payloadType;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(ssrc >>> 0, 8);
  return Buffer.concat([header, extensions === undefined ? Buffer.alloc(0) : extensionBlock(extensions), payload]);
}

/** 20 ms of Opus at a level of `dBov` (-127 to 0, RFC 6464). */
export function opusPacket(ssrc: number, index: number, dBov = -30): Buffer {
  return rtpPacket({
    payloadType: OPUS_PAYLOAD_TYPE,
    ssrc,
    sequence: index,
    timestamp: index * 960,
    extensions: { [AUDIO_LEVEL_EXTENSION]: Buffer.of(0x80 | -dBov) },
    payload: Buffer.concat([Buffer.of(0x78), Buffer.alloc(60, index & 0xff)]),
  });
}

/** A VP8 frame in one packet (RFC 7741 §4.2); the first of a stream should be a key frame. */
export function vp8Packet(ssrc: number, index: number, keyFrame: boolean, bytes = 400): Buffer {
  const frame = Buffer.alloc(bytes, 0x5a);
  // Payload descriptor: start of a partition, no extensions. Then the frame's header, whose lowest bit is 0 for a key frame.
  frame[0] = 0x10;
  frame[1] = keyFrame ? 0x00 : 0x01;
  if (keyFrame) Buffer.of(0x00, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01).copy(frame, 2);
  return rtpPacket({
    payloadType: VP8_PAYLOAD_TYPE,
    ssrc,
    sequence: index,
    timestamp: index * 3000,
    marker: true,
    payload: frame,
  });
}

/** A sender report (RFC 3550 §6.4.1), by which a server relates the clocks of simulcast streams. */
export function senderReport(ssrc: number, at: number, timestamp: number): Buffer {
  const packet = Buffer.alloc(28);
  packet.writeUInt32BE(0x80c80006, 0);
  packet.writeUInt32BE(ssrc >>> 0, 4);
  packet.writeUInt32BE((Math.floor(at / 1000) + 2_208_988_800) >>> 0, 8);
  packet.writeUInt32BE(Math.floor(((at % 1000) / 1000) * 2 ** 32) >>> 0, 12);
  packet.writeUInt32BE(timestamp >>> 0, 16);
  return packet;
}

/** A receiver report on one stream (RFC 3550 §6.4.2); `lost` is the share in 1/256 and the count since the beginning. */
export function receiverReport(
  ssrc: number,
  lost: { fraction: number; total: number },
  {
    highest,
    jitter,
    lastReport = 0,
    delay = 0,
  }: { highest: number; jitter: number; lastReport?: number; delay?: number },
): Buffer {
  const packet = Buffer.alloc(32);
  packet.writeUInt32BE(0x81c90007, 0);
  packet.writeUInt32BE(0xfeed, 4);
  packet.writeUInt32BE(ssrc >>> 0, 8);
  packet.writeUInt32BE((((lost.fraction & 0xff) << 24) | (lost.total & 0xffffff)) >>> 0, 12);
  packet.writeUInt32BE(highest >>> 0, 16);
  packet.writeUInt32BE(jitter, 20);
  packet.writeUInt32BE(lastReport >>> 0, 24);
  packet.writeUInt32BE(delay, 28);
  return packet;
}

/** The SSRC of an RTP packet. */
export function ssrcOf(packet: Buffer): number {
  return packet.readUInt32BE(8);
}

/**
 * libdatachannel's wrappers crash the process when they are collected while its threads still use them (seen with
 * node-datachannel 0.33.4), and a collected track falls silent: all of them live as long as the process.
 */
const held: unknown[] = [];

function hold<T>(wrapper: T): T {
  held.push(wrapper);
  return wrapper;
}

function newConnection(): PeerConnection {
  return hold(new PeerConnection('peer', { iceServers: [], disableAutoNegotiation: false, bindAddress: '127.0.0.1' }));
}

/** Of a compound RTCP packet (RFC 3550 §6.1). */
function countKeyFrameRequests(packet: Buffer): number {
  let found = 0;
  for (let at = 0; at + 4 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1)) {
    const format = (packet[at] ?? 0) & 0x1f;
    if (packet[at + 1] === 206 && (format === 1 || format === 4)) found += 1;
  }
  return found;
}

function describe({ kind, mid, ssrcs }: SentTrack): Audio | Video {
  if (kind === 'audio') {
    const audio = new Audio(mid, 'SendOnly');
    audio.addOpusCodec(OPUS_PAYLOAD_TYPE);
    for (const ssrc of ssrcs) audio.addSSRC(ssrc, 'peer');
    return audio;
  }
  const video = new Video(mid, 'SendOnly');
  video.addVP8Codec(VP8_PAYLOAD_TYPE);
  for (const ssrc of ssrcs) video.addSSRC(ssrc, 'peer');
  return video;
}

/** Has the server begin DTLS, and waits for its end. */
async function handshake(
  connection: PeerConnection,
  transport: Reachable,
  tracks: readonly { isOpen(): boolean }[] = [],
): Promise<void> {
  await transport.connect(fingerprintOf(connection));
  // Polled: a callback is told only of what happens after it was set.
  const deadline = performance.now() + 10_000;
  while (connection.state() !== 'connected' || !tracks.every((track) => track.isOpen())) {
    if (connection.state() === 'failed' || performance.now() > deadline) throw new Error('the peer did not connect');
    await sleep(1);
  }
}

function fingerprintOf(connection: PeerConnection): DtlsParameters {
  const found = /a=fingerprint:sha-256 (\S+)/.exec(connection.localDescription()?.sdp ?? '');
  if (found?.[1] === undefined) throw new Error('the peer has no fingerprint');
  return { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: found[1] }] };
}

export function sessionDescription(server: TransportParameters, setup: string, sections: readonly string[]): string {
  const { iceParameters, iceCandidates, dtlsParameters } = server;
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  const mids = sections.map((section) => /a=mid:(\S+)/.exec(section)?.[1] ?? '');
  const transport = [
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:sha-256 ${fingerprint?.value ?? ''}`,
    `a=setup:${setup}`,
    ...iceCandidates
      .filter(({ protocol }) => protocol === 'udp')
      .map((it) => `a=candidate:${it.foundation} 1 udp ${it.priority} ${it.address} ${it.port} typ ${it.type}`),
    'a=end-of-candidates',
  ].join('\r\n');
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${mids.join(' ')}`,
    ...sections.map((section) => `${section}\r\n${transport}`),
    '',
  ].join('\r\n');
}

export function mediaSection(
  mid: string,
  kind: 'audio' | 'video',
  direction: 'sendonly' | 'recvonly',
  streams: string,
  parameters?: RtpParameters,
): string {
  const codecs = parameters?.codecs ?? [
    kind === 'audio'
      ? { mimeType: 'audio/opus', payloadType: OPUS_PAYLOAD_TYPE, clockRate: 48_000, channels: 2 }
      : { mimeType: 'video/VP8', payloadType: VP8_PAYLOAD_TYPE, clockRate: 90_000 },
  ];
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map((codec) => codec.payloadType).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=${direction}`,
    'a=rtcp-mux',
    ...codecs.map(({ payloadType, mimeType, clockRate, channels }) => {
      const name = mimeType.slice(mimeType.indexOf('/') + 1);
      return `a=rtpmap:${payloadType} ${name}/${clockRate}${channels === undefined || channels < 2 ? '' : `/${channels}`}`;
    }),
    ...(streams === '' ? [] : [streams]),
  ].join('\r\n');
}

export function ssrcLines({ encodings = [], rtcp }: RtpParameters): string {
  return encodings
    .flatMap(({ ssrc, rtx }) => [ssrc, rtx?.ssrc])
    .filter((ssrc) => ssrc !== undefined)
    .map((ssrc) => `a=ssrc:${ssrc} cname:${rtcp?.cname ?? 'server'}`)
    .join('\r\n');
}

function receive(track: Track, ssrc: number | undefined): ReceivedTrack {
  const packets: Buffer[] = [];
  const arrivals = new EventEmitter();
  let bytes = 0;
  track.onMessage((packet) => {
    // RFC 5761 §4: payload types 64 to 95 in the second byte are RTCP.
    const type = (packet[1] ?? 0) & 0x7f;
    if (type >= 64 && type < 96) return;
    // Others are the server's probes for bandwidth, and retransmissions.
    if (ssrcOf(packet) !== ssrc) return;
    packets.push(Buffer.from(packet));
    bytes += packet.length;
    arrivals.emit('packet');
  });
  return {
    packets,
    get bytes() {
      return bytes;
    },
    report: (packet) => void track.sendMessageBinary(packet),
    async more(count, milliseconds = 5000) {
      const from = packets.length;
      const signal = AbortSignal.timeout(milliseconds);
      while (packets.length < from + count) {
        await once(arrivals, 'packet', { signal }).catch(() => {
          throw new Error(`${packets.length - from} of ${count} packets arrived in ${milliseconds} ms`);
        });
      }
      return packets.slice(from);
    },
  };
}

function extensionBlock(extensions: Record<number, Buffer>): Buffer {
  const elements = Object.entries(extensions).map(([id, value]) =>
    Buffer.concat([Buffer.of((Number(id) << 4) | (value.length - 1)), value]),
  );
  const body = Buffer.concat(elements);
  const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
  const header = Buffer.alloc(4);
  header.writeUInt16BE(0xbede, 0);
  header.writeUInt16BE(padded.length / 4, 2);
  return Buffer.concat([header, padded]);
}
