/**
 * Quality of experience, made for charts: times are ms since 1970, scores are numbers from 1.0 to 5.0, rates are bit/s, loss is
 * a share from 0 to 1; null: not known. docs/qoe.md explains them.
 */
import type { LeaveReason } from './event-types.ts';

export type QualityLevel = 'lost' | 'poor' | 'good' | 'excellent';
/** Participants, sessions or seconds of each level. */
export type LevelCounts = Record<QualityLevel, number>;

/** What costs quality, and whose it is. `code` is one of docs/qoe.md. */
export type CauseParts = {
  code: string;
  /** For people: `loss 8 % up`. */
  text: string;
  place: 'uplink' | 'downlink' | 'source' | 'receiver';
  direction: 'up' | 'down';
};
export type Quality = {
  score: number | null;
  level: QualityLevel;
  /** Since when it has this level. */
  since: number;
  cause: (CauseParts & { since: number; amount: number | null }) | null;
};

/** A participant that is there, as of the last second. */
export type QualityOfParticipant = {
  /** The participant's id. */
  session: string;
  room: string;
  roomId: string;
  identity: string;
  name: string;
  joined: number;
  at: number;
  up: Quality;
  down: Quality;
  /** The worse of both: what the others see beside its name. */
  both: Quality;
  /** All that it hears and sees, whoever is to blame. */
  experience: number | null;
  bitrateUp: number | null;
  bitrateDown: number | null;
  lossUp: number | null;
  lossDown: number | null;
  rtt: number | null;
};

export type QualityOfRoomNow = {
  room: string;
  roomId: string;
  participants: number;
  level: QualityLevel | null;
  levels: LevelCounts;
  since: number | null;
};

/** Columns of the same length: row i of each is of the time t[i]. */
export type QualitySeries = {
  t: number[];
  up: (number | null)[];
  down: (number | null)[];
  experience: (number | null)[];
  lowest: (number | null)[];
  bitrateUp: (number | null)[];
  bitrateDown: (number | null)[];
  lossUp: (number | null)[];
  lossDown: (number | null)[];
  rtt: (number | null)[];
  level: QualityLevel[];
  cause: (string | null)[];
};

/** One presence of an identity in a room. */
export type QualitySession = {
  session: string;
  room: string;
  roomId: string;
  identity: string;
  joined: number;
  /** null while it is there. */
  left: number | null;
  /** `server-ended`: the server went away under it. */
  endReason: LeaveReason | 'server-ended' | null;
  /** The worst in which it was for a while. */
  level: QualityLevel;
  seconds: LevelCounts;
  experience: { mean: number | null; lowest: number | null };
};

export type CauseCost = CauseParts & {
  /** Seconds in which it cost most. */
  seconds: number;
  /** Points of the score that it took, summed over these seconds. */
  cost: number;
};

export type QualityOfRoom = {
  room: string;
  /** Whether the room is open. */
  live: boolean;
  participants: QualityOfParticipant[];
  from: number;
  to: number;
  /** Seconds of a row. */
  step: number;
  sessions: (QualitySession & { series: QualitySeries })[];
  /** False where there was more in the range than an answer holds. */
  complete: boolean;
};

export type QualityReport = QualitySession & {
  live: boolean;
  /** ms from the call to join until each step was done. */
  joinSteps: Record<'socket' | 'answered' | 'connected' | 'firstFrame', number | null>;
  reconnects: number;
  causes: CauseCost[];
  step: number;
  series: QualitySeries;
};

export type QualityCauses = { from: number; to: number; causes: CauseCost[]; sessions: LevelCounts };

type InSession = { session: string; room: string; roomId: string; identity: string; at: number };
/** What the live stream brings; docs/api.md says when. Let a `switch` pass over types that are not listed here. */
export type LiveQuality =
  | { type: 'score' | 'session-started'; data: QualityOfParticipant }
  | { type: 'sample'; data: InSession & { samples: Record<string, unknown>[] } }
  | { type: 'session-ended'; data: InSession & { endReason: QualitySession['endReason'] } }
  | { type: 'lost'; data: { scores: number; samples: number; sessions: number } };
