/** Reads one sample out of parsed JSON, and says what is wrong with it. Allocates nothing for a good one. */
import { CLIENT_TIME, INTERVAL, MAX_SEQUENCE } from './beacon.ts';
import { FIELD_NAMES, type FieldRule, FIELDS, type SampleKind } from './fields.ts';

/** Why a sample was not taken. These are metric labels, too. */
export const REJECTIONS = [
  /** It is not an object, or a field has the wrong type or is a word that is not known. */
  'wrong-type',
  'missing-field',
  'unknown-field',
  /** A number that is none: null is what JSON makes of NaN and Infinity. */
  'not-a-number',
  'not-an-integer',
  'negative',
  /** Above what can be. */
  'absurd',
  /** Fields that cannot be true together: more frozen time than the interval has. */
  'inconsistent',
  /** Its interval ends after the beacon was sent, by the client's own clock. */
  'future',
  /** It is too old to change anything. */
  'ancient',
  /** The session has as many tracks as it may have. */
  'too-many-tracks',
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** A sample that was read. One object serves for all: copy what must last. */
export type Sample = {
  kind: SampleKind;
  /** Counts the samples of the session. */
  seq: number;
  /** End of its interval by the client's clock, ms. */
  at: number;
  /** Length of the interval, ms. */
  ms: number;
  /** Id of the producer or the consumer; empty for `session`. */
  track: string;
  /** By `FIELD`; NaN where the client did not say. */
  readonly values: Float64Array;
};

/** The outcome for a sample that was not read: the reason, and the field that it is about. */
export type Refused = { readonly why: Rejection; readonly field?: string };

/** A sample's interval may end this much after the beacon was sent: clocks of a browser have steps. */
const FUTURE_TOLERANCE_MS = 1000;
/** What is older changes no score, and is not written any more. */
const MAX_AGE_MS = 10 * 60_000;

type Slot = FieldRule & {
  readonly index: number;
  readonly kinds: number;
  readonly codes?: ReadonlyMap<string, number>;
};

const KIND_BIT = { send: 1, recv: 2, session: 4 } as const satisfies Record<SampleKind, number>;

const SLOTS: ReadonlyMap<string, Slot> = new Map(
  FIELD_NAMES.map((name, index) => {
    const rule: FieldRule = FIELDS[name];
    const kinds = rule.of.reduce((bits, kind) => bits | KIND_BIT[kind], 0);
    const codes = rule.words === undefined ? undefined : new Map(rule.words.map((each, code) => [each, code]));
    return [name, { ...rule, index, kinds, ...(codes === undefined ? {} : { codes }) }];
  }),
);

export function newSample(): Sample {
  return { kind: 'session', seq: 0, at: 0, ms: 0, track: '', values: new Float64Array(FIELD_NAMES.length) };
}

/** Reads `raw` into `into`; undefined when it is good. After a refusal `into` holds nothing that may be used. */
export function readSample(raw: unknown, sentAt: number, into: Sample): Refused | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { why: 'wrong-type' };
  const { kind, seq, at, ms, track } = raw as Record<string, unknown>;
  if (kind === undefined) return { why: 'missing-field', field: 'kind' };
  if (!isKind(kind)) return { why: 'wrong-type', field: 'kind' };
  const refused =
    checkNumber(seq, 0, MAX_SEQUENCE, true, 'seq') ??
    checkNumber(at, CLIENT_TIME.min, CLIENT_TIME.max, false, 'at') ??
    checkNumber(ms, INTERVAL.min, INTERVAL.max, false, 'ms') ??
    checkTrack(kind, track) ??
    checkAge(at as number, sentAt);
  if (refused !== undefined) return refused;
  into.kind = kind;
  into.seq = seq as number;
  into.at = at as number;
  into.ms = ms as number;
  into.track = kind === 'session' ? '' : (track as string);
  return readFields(raw as Record<string, unknown>, KIND_BIT[kind], into.values) ?? checkTogether(into);
}

function readFields(raw: Record<string, unknown>, kind: number, values: Float64Array): Refused | undefined {
  values.fill(Number.NaN);
  for (const name in raw) {
    const slot = SLOTS.get(name);
    if (slot === undefined || (slot.kinds & kind) === 0) {
      if (isHeader(name, kind)) continue;
      return { why: 'unknown-field', field: printable(name) };
    }
    const value = raw[name];
    if (slot.codes !== undefined) {
      const code = typeof value === 'string' ? slot.codes.get(value) : undefined;
      if (code === undefined) return { why: 'wrong-type', field: name };
      values[slot.index] = code;
      continue;
    }
    const refused = checkNumber(value, slot.min, slot.max, slot.integer === true, name);
    if (refused !== undefined) return refused;
    values[slot.index] = value as number;
  }
  return undefined;
}

/** The fields that every sample has. */
function isHeader(name: string, kind: number): boolean {
  switch (name) {
    case 'kind':
    case 'seq':
    case 'at':
    case 'ms':
      return true;
    case 'track':
      return kind !== KIND_BIT.session;
    default:
      return false;
  }
}

function isKind(value: unknown): value is SampleKind {
  return value === 'send' || value === 'recv' || value === 'session';
}

function checkNumber(value: unknown, min: number, max: number, integer: boolean, field: string): Refused | undefined {
  if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value))) {
    return undefined;
  }
  return { why: whyNot(value, min, max), field };
}

function whyNot(value: unknown, min: number, max: number): Rejection {
  if (value === undefined) return 'missing-field';
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return 'not-a-number';
  if (typeof value !== 'number') return 'wrong-type';
  if (value < 0) return 'negative';
  return value > max || value < min ? 'absurd' : 'not-an-integer';
}

function checkTrack(kind: SampleKind, track: unknown): Refused | undefined {
  if (kind === 'session') return undefined;
  if (track === undefined) return { why: 'missing-field', field: 'track' };
  if (typeof track !== 'string' || track.length === 0 || track.length > 64) {
    return { why: 'wrong-type', field: 'track' };
  }
  return undefined;
}

/** By the client's clock alone, so that one which is wrong by years is as good as any. */
function checkAge(at: number, sentAt: number): Refused | undefined {
  if (at > sentAt + FUTURE_TOLERANCE_MS) return { why: 'future', field: 'at' };
  if (at < sentAt - MAX_AGE_MS) return { why: 'ancient', field: 'at' };
  return undefined;
}

const FROZEN = FIELD_NAMES.indexOf('frozen');

/** A freeze that began before the interval is told when it ends: some more of it than the interval is no lie. */
const FROZEN_BEFORE_MS = 30_000;

function checkTogether({ ms, values }: Sample): Refused | undefined {
  return values[FROZEN]! > ms + FROZEN_BEFORE_MS ? { why: 'inconsistent', field: 'frozen' } : undefined;
}

/** A name that a client made up, fit to be shown to it. */
function printable(name: string): string {
  return name.replaceAll(/[^\x21-\x7e]/gu, '?').slice(0, 32);
}
