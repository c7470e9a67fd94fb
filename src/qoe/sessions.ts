/**
 * All sessions whose quality is watched: beacons go in by id, what the server sees by id, and once a second out come
 * scores, changes of level, and points for the store.
 */
import { type Millis, later } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { Identity, ParticipantId, RoomId, RoomName } from '../rooms/ids.ts';
import type { Beacon } from './beacon.ts';
import { LEVELS } from './level.ts';
import { type IngestReport, JOIN_STEPS, QoeSession, type SenderOf } from './session.ts';
import type { ConsumerView, LinkView, ProducerView } from './server-view.ts';
import type { Point } from './store/rollup.ts';
import type { QoeStore } from './store/store.ts';
import { BEST_OPINION } from './tally.ts';

/** How long after its end a session's last beacons are taken, ms. */
const BEACONS_AFTER_END_MS = 60_000;

export type WatchedSession = {
  readonly id: ParticipantId;
  readonly room: RoomName;
  readonly roomId: RoomId;
  readonly identity: Identity;
  readonly joined: Millis;
};

/** Who sends a beacon, by its token. */
export type BeaconSender = { readonly room: string; readonly identity: string };

export type QoeSessionsOptions = {
  readonly store: Pick<QoeStore, 'start' | 'change' | 'add'>;
  /** A level has changed; called within `tick` and `ingest`. */
  readonly onChange: (session: WatchedSession, quality: QoeSession['quality']) => void;
};

type Entry = {
  readonly session: WatchedSession;
  readonly quality: QoeSession;
  readonly key: number;
  /** What it sends. */
  readonly producers: Set<string>;
  /** When it is forgotten; undefined while it goes on. */
  forgetAt: Millis | undefined;
  joinStepsStored: number;
  reconnectsStored: number;
};

export class QoeSessions {
  readonly #options: QoeSessionsOptions;
  readonly #entries = new Map<string, Entry>();
  /** Who sends each producer. */
  readonly #senders = new Map<string, QoeSession>();
  readonly #senderOf: SenderOf = (producerId) => this.#senders.get(producerId);

  constructor(options: QoeSessionsOptions) {
    this.#options = options;
  }

  /** Sessions that are held, ended ones among them. */
  get size(): number {
    return this.#entries.size;
  }

  /** A participant has joined. */
  start(session: WatchedSession): void {
    const { id, room, roomId, identity, joined } = session;
    const key = this.#options.store.start({ id, room, roomId, identity, joined });
    const quality = new QoeSession(id, joined);
    this.#entries.set(id, {
      ...{ session, quality, key, producers: new Set(), forgetAt: undefined, joinStepsStored: 0, reconnectsStored: 0 },
    });
  }

  /** It has left. Beacons that are still on their way are taken for a minute. */
  end(id: ParticipantId, reason: string, now: Millis): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.forgetAt !== undefined) return;
    entry.forgetAt = later(now, BEACONS_AFTER_END_MS);
    this.#storeJoin(entry);
    this.#options.store.change({ key: entry.key, left: now, endReason: reason });
  }

  /**
   * Takes a beacon. Throws `forbidden` where it is for another room or identity than its sender's, and `session-gone` where
   * there is no such session or it ended more than a minute ago.
   */
  ingest(beacon: Beacon, sender: BeaconSender, now: Millis): IngestReport {
    const entry = this.#entries.get(beacon.session);
    if (entry === undefined || (entry.forgetAt !== undefined && entry.forgetAt <= now)) {
      throw new SluiceError('session-gone', { detail: 'There is no such session, or it ended a while ago.' });
    }
    const { room, identity } = entry.session;
    const claimed = (beacon.room ?? room) === room && (beacon.identity ?? identity) === identity;
    if (!claimed || sender.room !== room || sender.identity !== identity) {
      throw new SluiceError('forbidden', { detail: "The beacon is not of the token's room and identity." });
    }
    const report = entry.quality.ingest(beacon, now);
    if (report.accepted > 0 && entry.forgetAt === undefined) this.#score(entry, now);
    if (report.accepted > 0 && entry.forgetAt !== undefined) this.#storeJoin(entry);
    return report;
  }

  takeProducer(id: ParticipantId, view: ProducerView, now: Millis): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.quality.takeProducer(view, now);
    entry.producers.add(view.id);
    this.#senders.set(view.id, entry.quality);
  }

  takeConsumer(id: ParticipantId, view: ConsumerView, now: Millis): void {
    this.#entries.get(id)?.quality.takeConsumer(view, now);
  }

  takeLink(id: ParticipantId, view: LinkView): void {
    this.#entries.get(id)?.quality.takeLink(view);
  }

  /** A producer or consumer of the session is closed. */
  removeTrack(id: ParticipantId, track: string): void {
    const entry = this.#entries.get(id);
    entry?.quality.removeTrack(track);
    if (entry?.producers.delete(track)) this.#senders.delete(track);
  }

  /** How good a session is, as of the last tick or beacon. */
  quality(id: ParticipantId): QoeSession['quality'] | undefined {
    return this.#entries.get(id)?.quality.quality;
  }

  /** Once a second: scores every session, and hands the second to the store. */
  tick(now: Millis): void {
    for (const [id, entry] of this.#entries) {
      if (entry.forgetAt === undefined) {
        this.#score(entry, now);
        this.#storeJoin(entry);
        this.#options.store.add(pointOf(entry.key, entry.quality, now));
      } else if (entry.forgetAt <= now) {
        this.#entries.delete(id);
        for (const producer of entry.producers) this.#senders.delete(producer);
      }
    }
  }

  #score({ session, quality }: Entry, now: Millis): void {
    if (quality.score(now, this.#senderOf)) this.#options.onChange(session, quality.quality);
  }

  #storeJoin(entry: Entry): void {
    const { joinSteps, reconnects } = entry.quality;
    const known = joinSteps.reduce((count, step) => count + Number(step >= 0), 0);
    if (known === entry.joinStepsStored && reconnects === entry.reconnectsStored) return;
    entry.joinStepsStored = known;
    entry.reconnectsStored = reconnects;
    const steps = JOIN_STEPS.map((_, index) => (joinSteps[index]! >= 0 ? Math.round(joinSteps[index]!) : null));
    this.#options.store.change({ key: entry.key, joinSteps: steps, reconnects });
  }
}

/** The second that ends at `now`, as the store has it. */
function pointOf(key: number, of: QoeSession, now: Millis): Point {
  const { up, down, both, experience } = of.quality;
  const sent = of.traffic(true);
  const received = of.traffic(false);
  return {
    session: key,
    t: Math.floor(now / 1000),
    up: whole(up.score * 100),
    down: whole(down.score * 100),
    experience: whole(experience * 100),
    bitrateUp: whole(sent.bitrate / 1000),
    bitrateDown: whole(received.bitrate / 1000),
    lossUp: whole(sent.loss * 10_000),
    lossDown: whole(received.loss * 10_000),
    rtt: whole(of.rtt),
    level: LEVELS.indexOf(both.level),
    cause: both.cause,
    cost: both.cause < 0 ? 0 : Math.max(0, whole((BEST_OPINION - both.score) * 100)),
  };
}

/** A whole number; -1 for what is not known. */
function whole(value: number): number {
  return value >= 0 ? Math.round(value) : -1;
}
