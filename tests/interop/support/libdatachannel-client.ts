/**
 * A client on libdatachannel, the library of OBS: it publishes as OBS does, with the library's own packetizers behind
 * an encoder, here a recording. It has no decoder: what it plays is taken apart as far as the first bytes of a frame go.
 */
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  Audio,
  H264RtpPacketizer,
  PeerConnection,
  RtcpNackResponder,
  RtcpReceivingSession,
  RtcpSrReporter,
  RtpPacketizationConfig,
  RtpPacketizer,
  type Track,
  Video,
} from 'node-datachannel';

import { pictures, sounds } from './clip.ts';
import { type Endpoint, exchange } from './exchange.ts';

const [OPUS, H264, VP8] = [111, 96, 97];
const GATHERED_WITHIN = 10_000;

/** `end()` ends the session, and resolves with the status of that. */
export type Publisher = { end(): Promise<number> };
export type PacketPlayer = Publisher & {
  /** Packets of sound, pictures by their last packets, and the size that the last key frame says (VP8). */
  readonly received: { readonly sounds: number; readonly pictures: number; readonly size: string };
};

/** Publishes the recording: H.264 of 320 × 180, and Opus. */
export async function publishWithLibdatachannel(t: TestContext, endpoint: Endpoint): Promise<Publisher> {
  const connection = connect(t);
  const [audio, video] = [new Audio('0', 'SendOnly'), new Video('1', 'SendOnly')];
  audio.addOpusCodec(OPUS);
  audio.addSSRC(4711, 'obs', 'stream', 'sound');
  video.addH264Codec(H264);
  video.addSSRC(4712, 'obs', 'stream', 'picture');
  const sending = [
    sender(connection.addTrack(hold(audio)), 48_000, 4711, OPUS, sounds(), 20),
    sender(connection.addTrack(hold(video)), 90_000, 4712, H264, pictures(), 100),
  ];
  const end = await negotiate(connection, endpoint);
  const timer = setInterval(() => sending.forEach((send) => send()), 10);
  t.after(() => clearInterval(timer));
  return {
    end() {
      // To send on a connection that the server has closed is an error.
      clearInterval(timer);
      return end();
    },
  };
}

/** Plays one track of sound and one of pictures (VP8). */
export async function playWithLibdatachannel(t: TestContext, endpoint: Endpoint): Promise<PacketPlayer> {
  const connection = connect(t);
  const [audio, video] = [new Audio('0', 'RecvOnly'), new Video('1', 'RecvOnly')];
  audio.addOpusCodec(OPUS);
  video.addVP8Codec(VP8);
  const received = { sounds: 0, pictures: 0, size: '' };
  const tracks = [audio, video].map((one) => hold(connection.addTrack(hold(one))));
  for (const track of tracks) track.setMediaHandler(hold(new RtcpReceivingSession()));
  tracks[0]?.onMessage((packet) => {
    if (payloadType(packet) === OPUS) received.sounds += 1;
  });
  tracks[1]?.onMessage((packet) => {
    // The server's probes for bandwidth have another payload type.
    if (payloadType(packet) !== VP8) return;
    received.size = keyFrameSize(packet) ?? received.size;
    if (packet[1]! >= 0x80) received.pictures += 1;
  });
  return { received, end: await negotiate(connection, endpoint) };
}

/** Sends what is due of a recording with `every` milliseconds from one part to the next. */
function sender(
  track: Track,
  clockRate: number,
  ssrc: number,
  type: number,
  recording: readonly Buffer[],
  every: number,
): () => void {
  const config = hold(new RtpPacketizationConfig(ssrc, 'obs', type, clockRate));
  const packetizer = type === H264 ? new H264RtpPacketizer('StartSequence', config) : new RtpPacketizer(config);
  hold(packetizer).addToChain(hold(new RtcpSrReporter(config)));
  packetizer.addToChain(hold(new RtcpNackResponder()));
  hold(track).setMediaHandler(packetizer);
  const first = config.timestamp;
  let began: number | undefined;
  let sent = 0;
  return () => {
    if (!track.isOpen()) return;
    began ??= performance.now();
    for (; performance.now() - began >= sent * every; sent += 1) {
      config.timestamp = (first + (sent * every * clockRate) / 1000) >>> 0;
      track.sendMessageBinary(recording[sent % recording.length]!);
    }
  };
}

/** Offers, and takes the answer; returns what ends the session. */
async function negotiate(connection: PeerConnection, endpoint: Endpoint): Promise<Publisher['end']> {
  connection.setLocalDescription('offer');
  const until = performance.now() + GATHERED_WITHIN;
  while (connection.gatheringState() !== 'complete' && performance.now() < until) await sleep(5);
  const { answer, end } = await exchange(endpoint, connection.localDescription()?.sdp ?? '');
  connection.setRemoteDescription(answer, 'answer');
  return end;
}

function connect(t: TestContext): PeerConnection {
  const connection = new PeerConnection('peer', {
    iceServers: [],
    disableAutoNegotiation: true,
    bindAddress: '127.0.0.1',
  });
  t.after(() => connection.close());
  return hold(connection);
}

function payloadType(packet: Buffer): number {
  return packet[1]! & 0x7f;
}

/** RFC 7741 §4.2 and RFC 6386 §9.1: the size that stands behind the start code of a key frame. */
function keyFrameSize(packet: Buffer): string | undefined {
  const extended = (packet[0]! & 0x10) === 0 ? 0 : 4 + 4 * packet.readUInt16BE(14 + 4 * (packet[0]! & 0xf));
  const start = 12 + 4 * (packet[0]! & 0xf) + extended;
  const payload = packet.subarray(start);
  if (payload.length < 20 || (payload[0]! & 0x1f) !== 0x10) return undefined;
  let at = 1;
  if (payload[0]! >= 0x80) {
    const fields = payload[1]!;
    at = 2;
    if (fields >= 0x80) at += payload[2]! >= 0x80 ? 2 : 1;
    if ((fields & 0x40) !== 0) at += 1;
    if ((fields & 0x30) !== 0) at += 1;
  }
  if ((payload[at]! & 1) !== 0 || payload.readUIntBE(at + 3, 3) !== 0x9d012a) return undefined;
  return `${payload.readUInt16LE(at + 6) & 0x3fff}x${payload.readUInt16LE(at + 8) & 0x3fff}`;
}

/** libdatachannel's wrappers crash the process when they are collected while its threads still use them (0.33.4). */
const held: object[] = [];

function hold<Wrapper extends object>(wrapper: Wrapper): Wrapper {
  held.push(wrapper);
  return wrapper;
}
