import type { SentTimes } from './sent-times.ts';

/** What has come of the streams that a bot receives. */
export type Reception = {
  packets: number;
  bytes: number;
  /** By sequence numbers: those that have not come, whether late or never. */
  lost: number;
  /** Milliseconds from a sender in this process to here, where they can be told; the sink empties it. */
  readonly latencies: number[];
  /** RFC 3550 §6.4.1, in milliseconds; one stream's after the other, as the sink asks for them. */
  readonly streams: StreamCount[];
};

export type StreamCount = { readonly jitter: number; readonly packets: number; readonly lost: number };

export function emptyReception(): Reception {
  return { packets: 0, bytes: 0, lost: 0, latencies: [], streams: [] };
}

export type StreamOptions = {
  readonly ssrc: number | undefined;
  readonly clockRate: number;
  readonly sent?: SentTimes | undefined;
  /** Called once, with the first packet. */
  readonly started?: () => void;
};

/** Takes the packets of one stream; RTCP, and what is of other SSRCs (probes, retransmissions), is not counted. */
export function createStream(into: Reception, { ssrc, clockRate, sent, started }: StreamOptions) {
  let highest = -1;
  let first = -1;
  let received = 0;
  let jitter = 0;
  let transit = 0;
  const count: StreamCount = {
    get jitter() {
      return (jitter * 1000) / clockRate;
    },
    get packets() {
      return received;
    },
    get lost() {
      return highest < 0 ? 0 : Math.max(0, highest - first + 1 - received);
    },
  };
  into.streams.push(count);

  return (packet: Buffer): void => {
    // RFC 5761 §4: payload types 64 to 95 in the second byte are RTCP.
    const type = packet[1]! & 0x7f;
    if (packet.length < 12 || (type >= 64 && type < 96)) return;
    if (ssrc !== undefined && packet.readUInt32BE(8) !== ssrc) return;
    const now = performance.now();
    const sequence = packet.readUInt16BE(2);
    const before = count.lost;
    if (highest < 0) {
      [first, highest] = [sequence, sequence];
      started?.();
    } else {
      // What is half the numbers ahead is behind.
      const ahead = (sequence - highest) & 0xffff;
      if (ahead < 0x8000) highest += ahead;
    }
    received += 1;
    into.packets += 1;
    into.bytes += packet.length;
    into.lost += count.lost - before;
    const arrival = (now * clockRate) / 1000 - packet.readUInt32BE(4);
    if (received > 1) jitter += (Math.abs(arrival - transit) - jitter) / 16;
    transit = arrival;
    const age = sent?.age(packet, now) ?? Number.NaN;
    if (age >= 0) into.latencies.push(age);
  };
}
