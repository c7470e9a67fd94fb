/**
 * What the server itself sees of its participants' media, track by track. Rooms put together what the engine measured
 * with whose it is; who judges it, and what comes of it, is not for them to know.
 *
 * Everything but ids and kinds is NaN where it is not known. Counts are those since the last view of the same track,
 * over `ms`.
 */
import type { MediaKind, Source } from './grants.ts';
import type { ParticipantId } from './ids.ts';

/** A track that the participant sends, as it came in. */
export type ProducerView = {
  readonly id: string;
  readonly kind: MediaKind;
  readonly source: Source;
  /** As in its MIME type, small letters: `opus`, `vp8`. */
  readonly codec: string;
  /** Muted by its sender, or wanted by nobody: silence is as it should be. */
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
  /** Share of the picture's pixels that its sender was told to send: below 1 where nobody looks at more. */
  readonly wantedShare: number;
};

/** A track that the server sends to the participant. */
export type ConsumerView = {
  readonly id: string;
  readonly producerId: string;
  readonly kind: MediaKind;
  readonly source: Source;
  readonly codec: string;
  /** Nothing is forwarded because either end wants so. */
  readonly paused: boolean;
  readonly ms: number;
  /** Arrived and lost, as the receiver's RTCP says; both 0 while it has said nothing. Between its reports they are estimates, and no whole numbers. */
  readonly packets: number;
  readonly lost: number;
  readonly jitter: number;
  readonly rtt: number;
  readonly bitrate: number;
  /** Share of the pixels of the largest layer that the subscriber has asked for: 1 where it takes all. */
  readonly wantedShare: number;
};

/** The participant's transports. */
export type LinkView = {
  /** Whether ICE and DTLS stand, for all transports that have been set up; true while the first ones are being set up. */
  readonly connected: boolean;
  /** By how many ms media takes longer to come than it did at best, where that could be measured: round trips cannot say which half of them is slow. */
  readonly slowerUp: number;
  /** Whether media comes over TCP (RFC 6544). How a client reaches a relay, only the client can tell. */
  readonly overTcp: boolean;
};

/** Who is told of it. Called while rooms are busy: returns at once and throws nothing. */
export type MediaObserver = {
  producer(of: ParticipantId, view: ProducerView): void;
  consumer(of: ParticipantId, view: ConsumerView): void;
  link(of: ParticipantId, view: LinkView): void;
  /** The producer or consumer of this id is closed. */
  removed(of: ParticipantId, track: string): void;
};

/** Levels of a connection's quality. A level's code on the wire is its place here. */
export const QUALITY_LEVELS = ['lost', 'poor', 'good', 'excellent'] as const;
export type QualityLevel = (typeof QUALITY_LEVELS)[number];

/** How good a participant's connection is said to be. */
export type ConnectionQuality = {
  /** The worse of both directions: what the others are told. */
  readonly level: QualityLevel;
  readonly up: QualityLevel;
  readonly down: QualityLevel;
  /** What cost most, as docs/qoe.md names causes; null where nothing did. */
  readonly cause: string | null;
};
