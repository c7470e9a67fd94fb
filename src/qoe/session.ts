/** One session's quality: takes its beacons and what the server sees of it, and says how good it is. */
import type { Millis } from '../kernel/clock.ts';
import type { Beacon } from './beacon.ts';
import { CAUSE, NO_CAUSE } from './causes.ts';
import { ClockOffset } from './clock-offset.ts';
import { FIELD, type FieldName } from './fields.ts';
import { Headroom } from './headroom.ts';
import { type LevelState, newLevel, updateLevel } from './level.ts';
import { causesIn, newCosts } from './costs.ts';
import { newSample, readSample, type Rejection } from './sample.ts';
import { rateTrack } from './score.ts';
import { SequenceWindow } from './sequence-window.ts';
import type { ConsumerView, LinkView, ProducerView } from './server-view.ts';
import { BEST_OPINION, type Quality, setQuality, Tally } from './tally.ts';
import { forget, newFacts, type TrackFacts } from './track-facts.ts';
import { Track } from './track.ts';
import { Trouble, WaySeen } from './trouble.ts';
import { Ways } from './ways.ts';
import { STALE_AFTER_MS } from './window.ts';

/** Tracks of a session at once, as rooms are large; more are refused. */
const MAX_TRACKS = 1024;
/** Of these, those that only the client knows: the server sees every real one within a second or two. */
const MAX_CLAIMED = 64;
/** A cause that comes back within this time was never gone. */
const CAUSE_GAP_MS = 5000;

/** The steps of a join, in their order. */
export const JOIN_STEPS = [
  'joinSocket',
  'joinAnswered',
  'joinConnected',
  'joinFirstFrame',
] as const satisfies FieldName[];

/** What became of a beacon's samples. */
export type IngestReport = {
  accepted: number;
  duplicate: number;
  rejected: number;
  /** Each refused sample: its place in the beacon, why, and the field that it is about. */
  reasons: { index: number; why: Rejection; field?: string }[];
};

export type SessionQuality = {
  /** What this participant sends, as the server gets it: its uplink and its source. */
  readonly up: Quality;
  /** What the server sends it, as it comes out: its downlink and its machine. */
  readonly down: Quality;
  /** The worse of both: what the others see beside its name. */
  readonly both: Quality;
  /** All that it hears and sees, whoever is to blame: 1 to 5, NaN while nothing is known. */
  experience: number;
};

/** Finds the session that sends a producer. */
export type SenderOf = (producerId: string) => QoeSession | undefined;

const UP = causesIn('uplink', 'source');
const DOWN = causesIn('downlink', 'receiver');

// One at a time is scored or read: what that needs is there once.
const sample = newSample();
const facts = newFacts();
const costs = newCosts();

export class QoeSession {
  readonly id: string;
  readonly quality: SessionQuality;
  /** ms from the call to join, by `JOIN_STEPS`; NaN where the client has not said. */
  readonly joinSteps = new Float64Array(JOIN_STEPS.length).fill(Number.NaN);
  /** Times that it was set up again. */
  reconnects = 0;
  readonly #tracks = new Map<string, Track>();
  readonly #sequence = new SequenceWindow();
  readonly #clock = new ClockOffset();
  readonly #ways = new Ways();
  readonly #headroom = new Headroom();
  readonly #levels: { up: LevelState; down: LevelState; both: LevelState };
  /** When each cause began and was last there, by cause and direction. */
  readonly #causes = new Map<number, { since: Millis; seen: Millis }>();
  readonly #trouble = { up: new Trouble(), down: new Trouble() };
  #view: LinkView | undefined;
  #relayed = false;
  #overTcp = false;
  #over = false;

  constructor(id: string, now: Millis) {
    this.id = id;
    this.#levels = { up: newLevel(now), down: newLevel(now), both: newLevel(now) };
    this.quality = { up: unknown(now), down: unknown(now), both: unknown(now), experience: Number.NaN };
  }

  /**
   * Judges each sample of `beacon`, which came at `receivedAt`, and takes those that are new and good.
   *
   * @param taken Where the samples that were taken are put, as they came, for who wants them.
   */
  ingest(beacon: Beacon, receivedAt: Millis, taken?: unknown[]): IngestReport {
    const report: IngestReport = { accepted: 0, duplicate: 0, rejected: 0, reasons: [] };
    this.#clock.observe(beacon.sentAt, receivedAt);
    for (let index = 0; index < beacon.samples.length; index += 1) {
      const refused = readSample(beacon.samples[index], beacon.sentAt, sample);
      if (refused !== undefined) {
        refuse(report, index, refused.why, refused.field);
        continue;
      }
      const arrival = this.#sequence.look(sample.seq);
      if (arrival === 'seen') report.duplicate += 1;
      else if (arrival === 'old') refuse(report, index, 'ancient', 'seq');
      else {
        const why = this.#take(receivedAt);
        if (why !== undefined) {
          refuse(report, index, why, 'track');
          continue;
        }
        this.#sequence.add(sample.seq);
        report.accepted += 1;
        taken?.push(beacon.samples[index]);
      }
    }
    return report;
  }

  #take(receivedAt: number): Rejection | undefined {
    const at = Math.min(receivedAt, sample.at + this.#clock.offset);
    if (sample.kind === 'session') {
      this.#takeSession(at);
      return undefined;
    }
    if (this.#over) return undefined;
    const track = this.#track(sample.track, sample.kind === 'send', receivedAt);
    if (track === undefined) return 'too-many-tracks';
    if (track.sent !== (sample.kind === 'send')) return 'inconsistent';
    track.takeSample(sample, at);
    return undefined;
  }

  #takeSession(at: number): void {
    const { values, ms } = sample;
    this.#ways.takeTold(values[FIELD.rtt]!, values[FIELD.delayUp]!, values[FIELD.delayDown]!, at, ms);
    this.#headroom.take(values[FIELD.available]!, at);
    if (values[FIELD.candidateType]! >= 0) this.#relayed = values[FIELD.candidateType] === 3;
    if (values[FIELD.protocol]! >= 0) this.#overTcp = values[FIELD.protocol] !== 0;
    if (values[FIELD.reconnects]! > 0) this.reconnects += values[FIELD.reconnects]!;
    for (let step = 0; step < JOIN_STEPS.length; step += 1) {
      const took = values[FIELD[JOIN_STEPS[step]!]]!;
      // A second join of the same session is a reconnect, and no part of the first.
      if (Number.isNaN(this.joinSteps[step]!)) this.joinSteps[step] = took;
    }
  }

  #track(id: string, sent: boolean, now: number, viewed = false): Track | undefined {
    const found = this.#tracks.get(id);
    if (found !== undefined) return found;
    if (!this.#hasRoom(viewed)) this.#dropStale(now);
    if (!this.#hasRoom(viewed)) return undefined;
    const track = new Track(sent);
    this.#tracks.set(id, track);
    return track;
  }

  /** The server knows which way a track goes, whatever a client has said of it. */
  #viewed(id: string, sent: boolean, now: number): Track | undefined {
    if (this.#tracks.get(id)?.sent === !sent) this.#tracks.delete(id);
    return this.#track(id, sent, now, true);
  }

  #hasRoom(viewed: boolean): boolean {
    if (viewed || this.#tracks.size < MAX_CLAIMED) return this.#tracks.size < MAX_TRACKS;
    let claimed = 0;
    for (const { serverAt } of this.#tracks.values()) claimed += Number(serverAt === -Infinity);
    return claimed < MAX_CLAIMED && this.#tracks.size < MAX_TRACKS;
  }

  /** It is over: only what judges late beacons stays, and the steps of its join may still come. */
  end(): void {
    this.#over = true;
    this.#tracks.clear();
    this.#causes.clear();
  }

  #dropStale(now: number): void {
    for (const [id, track] of this.#tracks) {
      if (now - Math.max(track.clientAt, track.serverAt) > STALE_AFTER_MS) this.#tracks.delete(id);
    }
  }

  /** Takes what the server saw of a track that the session sends. True where it has got worse. */
  takeProducer(view: ProducerView, now: Millis): boolean {
    return this.#viewed(view.id, true, now)?.takeView(view, now) ?? false;
  }

  /** Takes what the server saw of a track that it sends to the session. True where it has got worse. */
  takeConsumer(view: ConsumerView, now: Millis): boolean {
    return this.#viewed(view.id, false, now)?.takeView(view, now) ?? false;
  }

  /** True where it is another way than it was. */
  takeLink(view: LinkView): boolean {
    const cut = this.#view?.connected !== view.connected;
    this.#view = view;
    return this.#ways.takeSlowerUp(view.slowerUp) || cut;
  }

  /** The producer or consumer is closed. */
  removeTrack(id: string): void {
    this.#tracks.delete(id);
  }

  /** Fills in what is known of a track's way to the server; nothing where the session does not send it. */
  fillUplink(producerId: string, into: TrackFacts, now: Millis): void {
    const track = this.#tracks.get(producerId);
    if (track === undefined) return;
    track.fillSource(into);
    if (Number.isNaN(into.rttUp)) into.rttUp = this.#ways.rtt;
    into.delayUp = this.#ways.up(now);
    into.uplinkFull = this.#headroom.usedUp;
    into.tcpUp = this.#isRelayedOverTcp;
    into.troubleUp = this.#trouble.up.at(now);
    into.lateUp = this.#trouble.up.lateAt(now);
  }

  get #isRelayedOverTcp(): boolean {
    return (this.#relayed && this.#overTcp) || (this.#view?.overTcp ?? false);
  }

  /** Round trip to the client, ms; NaN where it is not known. */
  get rtt(): number {
    const told = this.#ways.rtt;
    if (told >= 0) return told;
    // A client that tells nothing of itself: what its tracks' RTCP reports say.
    let [sum, count] = [0, 0];
    for (const { rtt } of this.#tracks.values()) {
      if (!(rtt >= 0)) continue;
      sum += rtt;
      count += 1;
    }
    return sum / count;
  }

  /** bit/s and share lost of what is sent (`up`) or received, over all tracks; NaN where nothing is known. */
  traffic(up: boolean): { bitrate: number; loss: number } {
    let bitrate = Number.NaN;
    let lost = 0;
    let weight = 0;
    for (const track of this.#tracks.values()) {
      if (track.sent !== up || !(track.bitrate >= 0)) continue;
      bitrate = (bitrate >= 0 ? bitrate : 0) + track.bitrate;
      if (track.loss >= 0) {
        lost += track.loss * (track.bitrate + 1);
        weight += track.bitrate + 1;
      }
    }
    return { bitrate, loss: lost / weight };
  }

  /** Scores everything anew. Call it when something came in, and once a second. True when a level has changed. */
  score(now: Millis, senderOf: SenderOf): boolean {
    this.#ways.look(this.#tracks.values());
    this.#headroom.look(this.#tracks.values(), now);
    for (const tally of [up, down, whole]) tally.reset();
    for (const way of [seenUp, seenDown]) way.reset();
    for (const [id, track] of this.#tracks) {
      if (track.paused || now - Math.max(track.clientAt, track.serverAt) > STALE_AFTER_MS) continue;
      forget(facts);
      if (track.sent) {
        this.fillUplink(id, facts, now);
        seenUp.add(facts.lossUp, facts.jitterUp);
        rateTrack(facts, costs);
        up.add(facts, costs, UP);
        continue;
      }
      const { producerId } = track;
      if (producerId !== undefined) senderOf(producerId)?.fillUplink(producerId, facts, now);
      track.fillReceived(facts);
      if (Number.isNaN(facts.rttDown)) facts.rttDown = this.#ways.rtt;
      facts.delayDown = this.#ways.down(now);
      facts.tcpDown = this.#isRelayedOverTcp;
      facts.troubleDown = this.#trouble.down.at(now);
      facts.lateDown = this.#trouble.down.lateAt(now);
      seenDown.add(facts.lossDown, facts.jitterDown);
      rateTrack(facts, costs);
      down.add(facts, costs, DOWN);
      whole.add(facts, costs);
    }
    this.#trouble.up.take(seenUp.loss, seenUp.jitter, this.#ways.up(now), now);
    this.#trouble.down.take(seenDown.loss, seenDown.jitter, this.#ways.down(now), now);
    const { quality } = this;
    if (this.#view?.connected === false) {
      setQuality(quality.up, 1, CAUSE['disconnected-up'], Number.NaN);
      setQuality(quality.down, 1, CAUSE['disconnected-down'], Number.NaN);
      quality.experience = 1;
    } else {
      up.into(quality.up);
      down.into(quality.down);
      quality.experience = whole.score();
    }
    const worse =
      quality.up.score <= quality.down.score || Number.isNaN(quality.down.score) ? quality.up : quality.down;
    setQuality(quality.both, worse.score, worse.cause, worse.amount);
    const upChanged = this.#update('up', now);
    const downChanged = this.#update('down', now);
    quality.both.causeSince = worse.causeSince;
    return this.#update('both', now) || upChanged || downChanged;
  }

  #update(which: 'up' | 'down' | 'both', now: Millis): boolean {
    const quality = this.quality[which];
    const state = this.#levels[which];
    if (which !== 'both') quality.causeSince = this.#causeSince(which === 'up', quality.cause, now);
    // Where nothing is known nothing hurts, and what hurt before is forgotten as slowly as if it had become good.
    const score = Number.isNaN(quality.score) ? BEST_OPINION : quality.score;
    if (!updateLevel(state, score, now)) return false;
    quality.level = state.level;
    quality.since = state.since;
    return true;
  }

  #causeSince(isUp: boolean, cause: number, now: Millis): Millis {
    if (cause === NO_CAUSE) return now;
    const key = 2 * cause + Number(isUp);
    const known = this.#causes.get(key);
    if (known === undefined) {
      this.#causes.set(key, { since: now, seen: now });
      return now;
    }
    if (now - known.seen > CAUSE_GAP_MS) known.since = now;
    known.seen = now;
    return known.since;
  }
}

function unknown(now: Millis): Quality {
  return {
    ...{ score: Number.NaN, level: 'excellent', since: now },
    ...{ cause: NO_CAUSE, amount: Number.NaN, causeSince: now },
  };
}

function refuse(report: IngestReport, index: number, why: Rejection, field: string | undefined): void {
  report.rejected += 1;
  report.reasons.push({ index, why, ...(field === undefined ? {} : { field }) });
}

const seenUp = new WaySeen();
const seenDown = new WaySeen();
const up = new Tally();
const down = new Tally();
const whole = new Tally();
