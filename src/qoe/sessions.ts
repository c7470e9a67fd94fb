/**
 * All sessions whose quality is watched: beacons go in by id, what the server sees by id, and once a second out come
 * scores, changes of level, thresholds that were passed, and points for the store.
 */
import { later, type Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { Identity, ParticipantId, RoomId, RoomName } from '../rooms/ids.ts';
import type { Beacon } from './beacon.ts';
import { isKnown, pointOf } from './point.ts';
import { type IngestReport, JOIN_STEPS, QoeSession, type SenderOf } from './session.ts';
import type { ConsumerView, LinkView, ProducerView } from './server-view.ts';
import type { Point } from './store/rollup.ts';
import type { QoeStore } from './store/store.ts';
import { type Crossing, type Threshold, Thresholds } from './thresholds.ts';

/** How long after its end a session's last beacons are taken, ms. */
const BEACONS_AFTER_END_MS = 60_000;
/** Ended sessions that are held for that at most: the oldest go first. */
const MAX_ENDED = 20_000;
/** Each session has its turn once a second, in one of so many slices of it. */
const SLICES = 20;
const SLICE_MS = 1000 / SLICES;
/** What is new is scored at once, unless something just was, ms: then it waits, and who sends many beacons pays for none. */
const SCORED_AGAIN_AFTER_MS = 200;
/** A score that has fallen by so much is told at once, and not with its session's turn. */
const NOTABLE_FALL = 0.1;

export type WatchedSession = {
  readonly id: ParticipantId;
  readonly room: RoomName;
  readonly roomId: RoomId;
  readonly identity: Identity;
  /** For people to read. */
  readonly name: string;
  readonly joined: Millis;
};

/** A session that goes on, as of its last turn. */
export type LiveSession = {
  readonly session: WatchedSession;
  readonly quality: QoeSession['quality'];
  /** When it was scored. */
  readonly at: Millis;
  /** The last second of it; undefined before the first. */
  readonly point: Point | undefined;
};

/** Who sends a beacon, by its token. */
export type BeaconSender = { readonly room: string; readonly identity: string };

export type QoeSessionsOptions = {
  readonly store: Pick<QoeStore, 'start' | 'change' | 'add'>;
  readonly thresholds: readonly Threshold[];
  /** A level has changed; called within `advance` and `ingest`. */
  readonly onChange: (live: LiveSession) => void;
  readonly onCrossing: (session: WatchedSession, crossing: Crossing, quality: QoeSession['quality']) => void;
  /** A score is clearly below what was last told, at the same level; called within `advance` and `ingest`. */
  readonly onFall: (live: LiveSession) => void;
  /** A session had its turn, once a second. */
  readonly onSecond: (live: LiveSession) => void;
  /** The steps of a join, ms by JOIN_STEPS, as they become known. NaN: not by now. */
  readonly onJoinStep: (step: (typeof JOIN_STEPS)[number], milliseconds: number) => void;
};

type Entry = LiveSession & {
  readonly watch: QoeSession;
  readonly key: number;
  /** What it sends. */
  readonly producers: Set<string>;
  readonly thresholds: Thresholds;
  readonly slice: Set<Entry>;
  at: Millis;
  point: Point | undefined;
  /** The scores that were told last; NaN where there was none. */
  readonly told: { up: number; down: number };
  /** When it is forgotten; undefined while it goes on. */
  forgetAt: Millis | undefined;
  joinStepsStored: number;
  reconnectsStored: number;
};

export class QoeSessions {
  readonly #options: QoeSessionsOptions;
  /** Those that go on, and those that ended a short while ago, the oldest first. */
  readonly #live = new Map<string, Entry>();
  readonly #ended = new Map<string, Entry>();
  readonly #slices = Array.from({ length: SLICES }, () => new Set<Entry>());
  readonly #rooms = new Map<RoomName, Set<Entry>>();
  /** Who sends each producer. */
  readonly #senders = new Map<string, QoeSession>();
  /** Those of which there is news that no score has in it yet. */
  readonly #due = new Set<Entry>();
  readonly #senderOf: SenderOf = (producerId) => this.#senders.get(producerId);
  /** The last slice that had its turn, counted from the epoch. */
  #turn = Number.NaN;
  #nextSlice = 0;

  constructor(options: QoeSessionsOptions) {
    this.#options = options;
  }

  /** Sessions that are held: those that go on, and ended ones. */
  get size(): { live: number; ended: number } {
    return { live: this.#live.size, ended: this.#ended.size };
  }

  /** A participant has joined. */
  start(session: WatchedSession): void {
    const { id, room, roomId, identity, joined } = session;
    const key = this.#options.store.start({ id, room, roomId, identity, joined });
    const watch = new QoeSession(id, joined);
    const slice = this.#slices[this.#nextSlice]!;
    this.#nextSlice = (this.#nextSlice + 1) % SLICES;
    const entry: Entry = {
      ...{ session, watch, quality: watch.quality, at: joined, point: undefined, key, slice },
      ...{ producers: new Set(), thresholds: new Thresholds(this.#options.thresholds) },
      ...{ told: { up: Number.NaN, down: Number.NaN } },
      ...{ forgetAt: undefined, joinStepsStored: 0, reconnectsStored: 0 },
    };
    this.#live.set(id, entry);
    slice.add(entry);
    const others = this.#rooms.get(room);
    if (others === undefined) this.#rooms.set(room, new Set([entry]));
    else others.add(entry);
  }

  /** It has left. Beacons that are still on their way are taken for a minute. */
  end(id: ParticipantId, reason: string, now: Millis): void {
    const entry = this.#live.get(id);
    if (entry === undefined) return;
    this.#live.delete(id);
    this.#due.delete(entry);
    entry.slice.delete(entry);
    this.#leaveRoom(entry);
    entry.thresholds.end(levelsOf(entry), (crossing) =>
      this.#options.onCrossing(entry.session, crossing, entry.quality),
    );
    for (const producer of entry.producers) this.#senders.delete(producer);
    entry.producers.clear();
    entry.watch.end();
    entry.forgetAt = later(now, BEACONS_AFTER_END_MS);
    this.#ended.set(id, entry);
    if (this.#ended.size > MAX_ENDED) this.#forgetOldest();
    this.#storeJoin(entry);
    this.#options.store.change({ key: entry.key, left: now, endReason: reason });
  }

  /**
   * Takes a beacon. Throws `forbidden` where it is for another room or identity than its sender's, and `session-ended` where
   * there is no such session or it ended more than a minute ago.
   *
   * @param taken Where the samples that were taken are put, as they came, for who wants them.
   */
  ingest(beacon: Beacon, sender: BeaconSender, now: Millis, taken?: unknown[]): IngestReport {
    const entry = this.#live.get(beacon.session) ?? this.#ended.get(beacon.session);
    if (entry === undefined || (entry.forgetAt !== undefined && entry.forgetAt <= now)) {
      throw new SluiceError('session-ended', { detail: 'There is no such session, or it ended over a minute ago.' });
    }
    const { room, identity } = entry.session;
    const claimed = (beacon.room ?? room) === room && (beacon.identity ?? identity) === identity;
    if (!claimed || sender.room !== room || sender.identity !== identity) {
      throw new SluiceError('forbidden', { detail: "The beacon is not of the token's room and identity." });
    }
    const report = entry.watch.ingest(beacon, now, taken);
    if (report.accepted === 0) return report;
    if (entry.forgetAt !== undefined) this.#storeJoin(entry);
    else if (isOld(entry, now)) this.#score(entry, now);
    return report;
  }

  takeProducer(id: ParticipantId, view: ProducerView, now: Millis): void {
    const entry = this.#live.get(id);
    if (entry === undefined) return;
    if (entry.watch.takeProducer(view, now)) this.#due.add(entry);
    entry.producers.add(view.id);
    this.#senders.set(view.id, entry.watch);
  }

  takeConsumer(id: ParticipantId, view: ConsumerView, now: Millis): void {
    const entry = this.#live.get(id);
    if (entry?.watch.takeConsumer(view, now)) this.#due.add(entry);
  }

  takeLink(id: ParticipantId, view: LinkView): void {
    const entry = this.#live.get(id);
    if (entry?.watch.takeLink(view)) this.#due.add(entry);
  }

  /** A producer or consumer of the session is closed. */
  removeTrack(id: ParticipantId, track: string): void {
    const entry = this.#live.get(id);
    entry?.watch.removeTrack(track);
    if (entry?.producers.delete(track)) this.#senders.delete(track);
  }

  /** A session that goes on. */
  live(id: string): (LiveSession & { readonly key: number }) | undefined {
    return this.#live.get(id);
  }

  /** Those that go on in a room, in the order in which they came. */
  inRoom(room: RoomName): Iterable<LiveSession> {
    return this.#rooms.get(room) ?? [];
  }

  /** Rooms in which sessions go on. */
  rooms(): Iterable<[RoomName, Iterable<LiveSession>]> {
    return this.#rooms;
  }

  /**
   * Gives each session its turn, once in every second of the clock: scores it, and hands the second to the store. A turn is in
   * one of 20 slices, so that no call has all sessions to go through. Those of which there is news are scored as well. Call it
   * 20 times a second.
   */
  advance(now: Millis): void {
    const turn = Math.floor(now / SLICE_MS);
    // What was slept through is lost: a second cannot be measured afterwards. The same where the clock was set.
    let next = turn - this.#turn <= SLICES && turn >= this.#turn ? this.#turn + 1 : turn;
    for (; next <= turn; next += 1) {
      const t = Math.floor((next * SLICE_MS) / 1000);
      for (const entry of this.#slices[next % SLICES]!) this.#second(entry, t, now);
    }
    this.#turn = turn;
    for (const entry of this.#due) if (isOld(entry, now)) this.#score(entry, now);
    while (this.#forgetExpired(now));
  }

  #second(entry: Entry, t: number, now: Millis): void {
    this.#score(entry, now, true);
    this.#storeJoin(entry);
    entry.point = pointOf(entry.key, entry.watch, t);
    // A second of which nothing is known is none of excellence.
    if (isKnown(entry.point)) this.#options.store.add(entry.point);
    entry.thresholds.update(levelsOf(entry), now, (crossing) =>
      this.#options.onCrossing(entry.session, crossing, entry.quality),
    );
    this.#options.onSecond(entry);
    tell(entry);
  }

  #score(entry: Entry, now: Millis, isTurn = false): void {
    entry.at = now;
    this.#due.delete(entry);
    if (entry.watch.score(now, this.#senderOf)) {
      tell(entry);
      this.#options.onChange(entry);
    } else if (!isTurn && hasFallen(entry)) {
      tell(entry);
      this.#options.onFall(entry);
    }
  }

  #leaveRoom(entry: Entry): void {
    const others = this.#rooms.get(entry.session.room);
    others?.delete(entry);
    if (others?.size === 0) this.#rooms.delete(entry.session.room);
  }

  #forgetExpired(now: Millis): boolean {
    for (const { forgetAt } of this.#ended.values()) {
      if (forgetAt !== undefined && forgetAt <= now) return this.#forgetOldest();
      break;
    }
    return false;
  }

  #forgetOldest(): boolean {
    for (const id of this.#ended.keys()) return this.#ended.delete(id);
    return false;
  }

  #storeJoin(entry: Entry): void {
    const { joinSteps, reconnects } = entry.watch;
    let known = 0;
    for (let step = 0; step < JOIN_STEPS.length; step += 1) if (joinSteps[step]! >= 0) known |= 1 << step;
    if (known === entry.joinStepsStored && reconnects === entry.reconnectsStored) return;
    for (const [step, name] of JOIN_STEPS.entries()) {
      if ((known & ~entry.joinStepsStored & (1 << step)) !== 0) this.#options.onJoinStep(name, joinSteps[step]!);
    }
    entry.joinStepsStored = known;
    entry.reconnectsStored = reconnects;
    const steps = JOIN_STEPS.map((_, index) => (joinSteps[index]! >= 0 ? Math.round(joinSteps[index]!) : null));
    this.#options.store.change({ key: entry.key, joinSteps: steps, reconnects });
  }
}

/** Whether it may be scored outside of its turn. A clock that was set back is no reason to wait. */
function isOld({ at }: Entry, now: Millis): boolean {
  return now - at >= SCORED_AGAIN_AFTER_MS || now < at;
}

function tell({ told, quality: { up, down } }: Entry): void {
  told.up = up.score;
  told.down = down.score;
}

function hasFallen({ told, quality: { up, down } }: Entry): boolean {
  return up.score <= told.up - NOTABLE_FALL || down.score <= told.down - NOTABLE_FALL;
}

function levelsOf({ quality }: LiveSession) {
  return { up: quality.up.level, down: quality.down.level };
}
