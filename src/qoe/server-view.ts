/**
 * What the server itself sees of a session, in the form in which QoE takes it. The media adapter fills it from producer,
 * consumer and transport stats; everything but the ids is optional, and NaN where it is not known.
 *
 * Counts are those since the last view of the same track, over `ms`.
 */
import type { MediaKind, Source } from '../rooms/grants.ts';

/** A track that the session sends, as it came in. */
export type ProducerView = {
  readonly id: string;
  readonly kind: MediaKind;
  readonly source: Source;
  /** As in its MIME type, small letters: `opus`, `vp8`. */
  readonly codec: string;
  /** Muted by its sender: silence is as it should be. */
  readonly paused: boolean;
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

/** A track that the server sends to the session. */
export type ConsumerView = {
  readonly id: string;
  readonly producerId: string;
  readonly kind: MediaKind;
  readonly source: Source;
  readonly codec: string;
  /** Nothing is forwarded because either end wants so. */
  readonly paused: boolean;
  readonly ms: number;
  /** Sent, and lost as the receiver's RTCP reports say. */
  readonly packets: number;
  readonly lost: number;
  readonly jitter: number;
  readonly rtt: number;
  readonly bitrate: number;
  /** Share of the pixels of the largest layer that the subscriber has asked for: 1 where it takes all. */
  readonly wantedShare: number;
};

/** The session's transports. */
export type LinkView = {
  /** Whether ICE and DTLS stand, for all transports that have been set up; true while the first ones are being set up. */
  readonly connected: boolean;
  /** One way, ms, where it could be measured: round trips cannot say which half of them is slow. */
  readonly delayUp: number;
  readonly delayDown: number;
  /** Whether media comes through a relay that the client reaches over TCP or TLS. */
  readonly relayedOverTcp: boolean;
};
