/** What is known of quality, in memory and in the store, as the JSON that the API answers with. */
import { CAUSES, describeCause, NO_CAUSE } from '../qoe/causes.ts';
import { LEVELS } from '../qoe/level.ts';
import type { LiveSession } from '../qoe/sessions.ts';
import type { CostRow, SessionRow, TimelineRow } from '../qoe/store/queries.ts';
import { NO_MINIMUM, readWorst } from '../qoe/store/rollup.ts';
import type { Quality } from '../qoe/tally.ts';
import type { QoeParticipantJson, QoeSeriesJson } from './qoe-schemas.ts';

/** A session that goes on. */
export function participantJson({ session, quality, at, point }: LiveSession): QoeParticipantJson {
  const { id, room, roomId, identity, name, joined } = session;
  return {
    ...{ session: id, room, roomId, identity, name, joined, at },
    up: qualityJson(quality.up),
    down: qualityJson(quality.down),
    both: qualityJson(quality.both),
    experience: score(quality.experience),
    bitrateUp: known(point?.bitrateUp, 1000),
    bitrateDown: known(point?.bitrateDown, 1000),
    lossUp: known(point?.lossUp, 0.0001),
    lossDown: known(point?.lossDown, 0.0001),
    rtt: known(point?.rtt, 1),
  };
}

function qualityJson({ score: value, level, since, cause, amount, causeSince }: Quality) {
  return {
    ...{ score: score(value), level, since },
    cause:
      cause === NO_CAUSE
        ? null
        : {
            ...causeJson(cause),
            text: describeCause(cause, amount),
            since: causeSince,
            amount: amount >= 0 ? Math.round(amount * 10_000) / 10_000 : null,
          },
  };
}

/** A session as it is stored, without its measurements. */
export function sessionJson(row: SessionRow) {
  const { id, room, roomId, identity, joined, left, endReason, lost, poor, good, excellent } = row;
  return {
    ...{ session: id, room, roomId, identity, joined, left, endReason },
    level: LEVELS[row.level]!,
    seconds: { lost, poor, good, excellent },
    experience: {
      mean: row.scoreN === 0 ? null : hundredths(row.scoreSum / row.scoreN),
      lowest: row.scoreMin === NO_MINIMUM ? null : hundredths(row.scoreMin),
    },
  };
}

export function joinStepsJson({ joinSocket, joinAnswered, joinConnected, joinFirstFrame }: SessionRow) {
  return { socket: joinSocket, answered: joinAnswered, connected: joinConnected, firstFrame: joinFirstFrame };
}

export function costJson({ cause, seconds, cost }: CostRow) {
  return { ...causeJson(cause), text: describeCause(cause, Number.NaN), seconds, cost: cost / 100 };
}

/** Rows of one session, in the order of their times, as columns. */
export function seriesJson(rows: readonly TimelineRow[]): QoeSeriesJson {
  const column = <Value>(read: (row: TimelineRow) => Value) => rows.map(read);
  return {
    t: column(({ t }) => t * 1000),
    up: column((row) => mean(row.upSum, row.upN, 0.01)),
    down: column((row) => mean(row.downSum, row.downN, 0.01)),
    experience: column((row) => mean(row.experienceSum, row.experienceN, 0.01)),
    lowest: column(({ upMin, downMin }) => lowest(Math.min(upMin, downMin))),
    bitrateUp: column((row) => mean(row.bitrateUpSum, row.bitrateUpN, 1000)),
    bitrateDown: column((row) => mean(row.bitrateDownSum, row.bitrateDownN, 1000)),
    lossUp: column((row) => mean(row.lossUpSum, row.lossUpN, 0.0001)),
    lossDown: column((row) => mean(row.lossDownSum, row.lossDownN, 0.0001)),
    rtt: column((row) => mean(row.rttSum, row.rttN, 1)),
    level: column(({ lost, poor, good }) => LEVELS[lost > 0 ? 0 : poor > 0 ? 1 : good > 0 ? 2 : 3]),
    cause: column(({ worst }) => CAUSES[readWorst(worst)?.cause ?? NO_CAUSE]?.id ?? null),
  };
}

function causeJson(cause: number) {
  const { id, place } = CAUSES[cause]!;
  return { code: id, place, direction: place === 'uplink' || place === 'source' ? ('up' as const) : ('down' as const) };
}

/** To two decimals; null for NaN. */
function score(value: number): number | null {
  return value >= 0 ? Math.round(value * 100) / 100 : null;
}

/** A stored score. */
function hundredths(value: number): number {
  return Math.round(value) / 100;
}

function lowest(value: number): number | null {
  return value === NO_MINIMUM ? null : hundredths(value);
}

/** A number of a point in its own unit; null where it is not known. */
function known(value: number | undefined, unit: number): number | null {
  return value === undefined || value < 0 ? null : round(value * unit);
}

function mean(sum: number, count: number, unit: number): number | null {
  return count === 0 ? null : round((sum / count) * unit);
}

/** So that no 0.30000000000000004 goes out. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
