/**
 * Makes samples of reports: remembers of each track what its counters were the last time, and numbers the samples.
 * Reads no clock and asks no browser: reports come in, samples go out.
 */
import type { WrittenSample } from '../../../src/qoe/fields.ts';
import type { JoinTimings } from '../api.ts';
import { createWays, type JoinStep, measureConnection, measureJoin } from './connection.ts';
import { intervalOf, LONGEST, SHORTEST } from './interval.ts';
import { measureReceived } from './received.ts';
import { type LayerInterval, measureSent } from './sent.ts';
import { type Report, readReport, type Stats, type StreamName } from './stats.ts';
import { put } from './values.ts';

/** A track that flows, as far as this side knows. One that is muted or paused is not measured: its silence is no fault. */
type MeasuredTrack = StreamName & {
  /** Of the consumer or the producer. */
  readonly id: string;
  /** Goes up whenever it was muted, unmuted, paused, resumed or replaced: over such a moment nothing is compared. */
  readonly breaks: number;
};
export type ReceivedTrack = MeasuredTrack & {
  /** In device pixels; undefined where that is not known, 0 × 0 where it is not shown. */
  readonly shown: { readonly width: number; readonly height: number } | undefined;
};
export type SentTrack = MeasuredTrack & { readonly trackId: string | undefined };

/** All that there is to be known at one moment. */
export type Observation = {
  /** This machine's clock, ms since the epoch. */
  readonly at: number;
  readonly recv: Iterable<Stats> | undefined;
  readonly send: Iterable<Stats> | undefined;
  readonly received: readonly ReceivedTrack[];
  readonly sent: readonly SentTrack[];
  readonly timings: JoinTimings;
};

/** A track's counters at one time. */
type Base = { readonly breaks: number; readonly streams: ReadonlyMap<string, Stats>; readonly since: number };

export type Collector = {
  /** Samples of what lies between the last observation and this one. */
  take(observation: Observation): WrittenSample[];
  /**
   * Looks at what is received between two observations, and takes nothing. True where trouble has begun since the last one or
   * goes on since a look that was answered with false: an observation is worth making now.
   */
  look(recv: Iterable<Stats>, received: readonly ReceivedTrack[]): boolean;
  /** One of the ways has got slow, and it is not known yet which: in a second it will be. */
  readonly undecided: boolean;
  /** Signaling or ICE was set up again. */
  reconnected(): void;
  /** A new session, of which nothing was told yet: samples are numbered from 0. `at` as in an observation. */
  begin(at: number): void;
};

export function createCollector(startedAt: number): Collector {
  let bases = new Map<string, Base>();
  let sequence = 0;
  /** When its last interval ended, and whether any has. */
  let lastAt = startedAt;
  let observed = false;
  let reconnects = 0;
  const told = new Set<JoinStep>();
  let troubled = false;
  const ways = createWays();

  const next = () => (sequence += 1) - 1;

  function takeReceived(track: ReceivedTrack, report: Report, at: number, kept: Map<string, Base>) {
    const now = report.inbound(track);
    if (now === undefined) return undefined;
    const base = bases.get(track.id);
    const before = base?.breaks === track.breaks ? base.streams.get(now.id) : undefined;
    const ms = before && intervalOf(now, before);
    if (base === undefined || before === undefined || ms === undefined) {
      if (before === undefined || !isTooSoon(now, before)) keep(kept, track, [now], now.timestamp);
      else if (base !== undefined) kept.set(track.id, base);
      return undefined;
    }
    keep(kept, track, [now], base.since);
    const numbers = measureReceived(now, before, ms, now.timestamp - base.since);
    if (now.kind === 'video' && track.shown !== undefined) {
      put(numbers, 'wantedWidth', track.shown.width);
      put(numbers, 'wantedHeight', track.shown.height);
    }
    return { kind: 'recv', seq: next(), at, ms: Math.round(ms), track: track.id, ...numbers } as const;
  }

  function takeSent(track: SentTrack, report: Report, at: number, kept: Map<string, Base>) {
    const layers = report.outbound(track);
    if (layers.length === 0) return undefined;
    const base = bases.get(track.id);
    const streams = base?.breaks === track.breaks ? base.streams : undefined;
    const remotes = layers.map((layer) => report.remoteInbound(layer)).filter((remote) => remote !== undefined);
    const intervals: LayerInterval[] = [];
    let ms = 0;
    for (const now of layers) {
      const before = streams?.get(now.id);
      if (before === undefined) continue;
      if (base !== undefined && isTooSoon(now, before)) {
        kept.set(track.id, base);
        return undefined;
      }
      const length = intervalOf(now, before);
      if (length === undefined) continue;
      ms = length;
      const remote = report.remoteInbound(now);
      intervals.push({ now, before, remote, remoteBefore: remote && streams?.get(remote.id) });
    }
    keep(kept, track, [...layers, ...remotes], 0);
    const [first] = layers;
    if (intervals.length === 0 || first === undefined) return undefined;
    const fields = measureSent(intervals, report.source(first, track.trackId), ms);
    return { kind: 'send', seq: next(), at, ms: Math.round(ms), track: track.id, ...fields } as const;
  }

  function takeSession(recv: Report | undefined, send: Report | undefined, { at, timings }: Observation) {
    const elapsed = at - lastAt;
    // Asked twice in a moment, as by who leaves right behind a sample: what there is to tell waits.
    if (observed && elapsed >= 0 && elapsed < SHORTEST) return undefined;
    observed = true;
    // A clock that was set back or far ahead says nothing about how long it was.
    const ms = Math.min(LONGEST, Math.max(SHORTEST, elapsed));
    lastAt = at;
    const fields: ReturnType<typeof measureConnection> = measureConnection(recv, send);
    ways.measure(recv, send, fields);
    measureJoin(timings, told, fields);
    if (reconnects > 0) put(fields, 'reconnects', reconnects);
    reconnects = 0;
    return Object.keys(fields).length === 0
      ? undefined
      : ({ kind: 'session', seq: next(), at, ms, ...fields } as const);
  }

  return {
    take(observation) {
      const { at, received, sent } = observation;
      const recv = observation.recv && readReport(observation.recv);
      const send = observation.send && readReport(observation.send);
      const kept = new Map<string, Base>();
      const samples: (WrittenSample | undefined)[] = [takeSession(recv, send, observation)];
      if (recv !== undefined) for (const track of received) samples.push(takeReceived(track, recv, at, kept));
      if (send !== undefined) for (const track of sent) samples.push(takeSent(track, send, at, kept));
      // Those that were not seen this time begin anew when they are back.
      bases = kept;
      return samples.filter((sample) => sample !== undefined);
    },
    look(recv, received) {
      const report = readReport(recv);
      const slower = ways.hear(report);
      const before = troubled;
      troubled = slower || received.some((track) => isSpoiled(track, report, bases.get(track.id)));
      return troubled && !before;
    },
    get undecided() {
      return ways.undecided;
    },
    reconnected: () => void (reconnects += 1),
    begin(at) {
      bases = new Map();
      sequence = 0;
      lastAt = at;
      observed = false;
    },
  };
}

/** A share of packets lost, or of sound made up, from which on a track is spoiled. */
const SPOILED = 0.02;
/** What begins is not whole at once, ms: that is no news. */
const BEGINNING = 3000;

/** Whether a track lost something, froze, or had to be made up since its `base`. */
function isSpoiled(track: ReceivedTrack, report: Report, base: Base | undefined): boolean {
  const now = report.inbound(track);
  const before = base?.breaks === track.breaks && now !== undefined ? base.streams.get(now.id) : undefined;
  const ms = now && before && intervalOf(now, before);
  if (base === undefined || now === undefined || before === undefined || ms === undefined) return false;
  const since = now.timestamp - base.since;
  if (since < BEGINNING) return false;
  const numbers = measureReceived(now, before, ms, since);
  const { packets = 0, lost = 0, concealed = 0, freezes = 0 } = numbers;
  return lost > SPOILED * (lost + packets) || concealed > SPOILED || freezes > 0;
}

function keep(kept: Map<string, Base>, { id, breaks }: MeasuredTrack, streams: readonly Stats[], since: number): void {
  kept.set(id, { breaks, streams: new Map(streams.map((one) => [one.id, one])), since });
}

/** Asked twice in a moment: the base of before stays. */
function isTooSoon(now: Stats, before: Stats): boolean {
  const ms = now.timestamp - before.timestamp;
  return ms >= 0 && ms < SHORTEST;
}
