import { rtpPacket } from '../../tests/support/rtp-peer.ts';
import type { Clip } from './clip.ts';
import { SentTimes } from './sent-times.ts';

/** One stream that a bot sends, over and over. */
export type SendingStream = {
  readonly sent: SentTimes;
  /** Packets so far. */
  readonly packets: number;
  /** Sends whatever is due by `now`, in milliseconds of performance.now(). */
  advance(now: number): void;
  /** The next frame begins the clip anew: somebody asks for a key frame. */
  restart(): void;
};

export type SendingOptions = {
  readonly clip: Clip;
  readonly payloadType: number;
  readonly ssrc: number;
  readonly send: (packet: Buffer) => void;
  /** When the first frame is due. */
  readonly from: number;
};

/** After a stall no more than this is caught up with. */
const MOST_BEHIND_MS = 200;
/**
 * As libwebrtc paces: at 2.5 times the bitrate, in bursts of what that is in 40 ms. A frame leaves at once, and a key frame in
 * pieces.
 */
const PACE = 2.5;
const BURST_MS = 40;

export function createSendingStream({ clip, payloadType, ssrc, send, from }: SendingOptions): SendingStream {
  const sent = new SentTimes(clip);
  const every = (clip.ticks * 1000) / clip.clockRate;
  const bytesPerMs = (PACE * bytesOf(clip)) / (clip.frames.length * every);
  let due = from;
  let index = 0;
  let sequence = 0;
  let timestamp = 0;
  let packets = 0;
  const queue: { readonly number: number; readonly packet: Buffer }[] = [];
  /** Bytes that may leave now. */
  let credit = 0;
  let credited = from;

  const queueFrame = () => {
    const { first, payloads } = clip.frames[index]!;
    for (const [offset, payload] of payloads.entries()) {
      const marker = clip.kind === 'video' && offset === payloads.length - 1;
      const packet = rtpPacket({ payloadType, ssrc, sequence, timestamp, marker, payload });
      queue.push({ number: first + offset, packet });
      sequence = (sequence + 1) & 0xffff;
    }
    index = (index + 1) % clip.frames.length;
    timestamp = (timestamp + clip.ticks) >>> 0;
  };
  const sendQueued = (now: number) => {
    credit = Math.min(BURST_MS * bytesPerMs, credit + Math.max(0, now - credited) * bytesPerMs);
    credited = now;
    while (queue.length > 0 && credit > 0) {
      const { number, packet } = queue.shift()!;
      sent.sent(number, performance.now());
      send(packet);
      credit -= packet.length;
      packets += 1;
    }
  };
  return {
    sent,
    get packets() {
      return packets;
    },
    advance(now) {
      if (now - due > MOST_BEHIND_MS) due = now;
      while (due <= now) {
        queueFrame();
        due += every;
      }
      sendQueued(now);
    },
    restart() {
      if (clip.kind === 'video') index = 0;
    },
  };
}

function bytesOf({ frames }: Clip): number {
  return frames.flatMap(({ payloads }) => payloads).reduce((sum, { length }) => sum + length, 0);
}

/** Whether a packet is RTCP that asks for a key frame: PLI (RFC 4585 §6.3.1) or FIR (RFC 5104 §4.3.1), in a compound. */
export function asksForKeyFrame(packet: Buffer): boolean {
  for (let at = 0; at + 4 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1)) {
    const [format, type] = [packet[at]! & 0x1f, packet[at + 1]];
    if (type === 206 && (format === 1 || format === 4)) return true;
  }
  return false;
}
