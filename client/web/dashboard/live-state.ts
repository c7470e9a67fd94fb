/** Who is where and how well, as the live stream tells it. No clock of its own: times are this machine's, ms. */
import { LEVELS, type Level } from '../../../src/qoe/level.ts';
import type { Ended, Person, RoomSummary } from './answers.ts';

/** Somebody in a room, and what was last told of it. */
export type Present = {
  session: string;
  room: string;
  identity: string;
  report: Person;
  /** When it was last heard of, by this machine's clock. */
  heardAt: number;
};

export type LiveRoom = {
  name: string;
  /** The worst first, and by identity among equals. */
  people: Present[];
  /** Undefined while nobody in it has been scored. */
  level: Level | undefined;
  counts: Record<Level, number>;
};

/** Each participant is told of once a second. Who is not for this long is gone, and its end got lost. */
export const SILENT_FOR_MS = 10_000;
/** After the stream was opened anew, who is not among those that it begins with is gone. */
export const SETTLE_MS = 3000;

export class LiveState {
  readonly #people = new Map<string, Present>();
  /** Rooms that were there when the stream began, empty ones too. */
  readonly #rooms = new Set<string>();
  #openedAt = 0;

  /** The stream begins, for the first time or again. */
  opened(now: number): void {
    this.#openedAt = now;
  }

  /** What the server said when it was asked for its rooms. */
  known(rooms: readonly RoomSummary[]): void {
    this.#rooms.clear();
    for (const { room } of rooms) this.#rooms.add(room);
  }

  /** Somebody came in, or was scored. */
  scored(person: Person, now: number): void {
    const { session, room, identity } = person;
    this.#people.set(session, { session, room, identity, report: person, heardAt: now });
  }

  ended({ session }: Ended): void {
    const person = this.#people.get(session);
    if (person === undefined) return;
    this.#people.delete(session);
    this.#rooms.delete(person.room);
  }

  /** Forgets those who are gone. True where there were some. */
  prune(now: number): boolean {
    const before = this.#people.size;
    for (const [session, { heardAt }] of this.#people) {
      const silentSince = Math.max(heardAt, this.#openedAt);
      const silentFor = heardAt < this.#openedAt ? SETTLE_MS : SILENT_FOR_MS;
      if (now - silentSince > silentFor) this.#people.delete(session);
    }
    return this.#people.size !== before;
  }

  /** Those in `room`, the worst first. */
  people(room: string): Present[] {
    return [...this.#people.values()].filter((person) => person.room === room).toSorted(byTrouble);
  }

  /** All rooms, the worst first. */
  rooms(): LiveRoom[] {
    const rooms = new Map<string, Present[]>();
    for (const name of this.#rooms) rooms.set(name, []);
    for (const person of this.#people.values()) {
      const people = rooms.get(person.room);
      if (people === undefined) rooms.set(person.room, [person]);
      else people.push(person);
    }
    return [...rooms].map(([name, people]) => summary(name, people)).toSorted(worstFirst);
  }
}

/** What somebody is called: for people to read, and not unique as the identity is. */
export function nameOf({ report, identity }: Present): string {
  return report.name === '' ? identity : report.name;
}

/** The level of somebody, undefined while it was not scored. */
export function levelOf({ report }: Present): Level | undefined {
  return typeof report.both.score === 'number' ? report.both.level : undefined;
}

/** Whether this level is one that somebody should see to. */
export function isTrouble(level: Level | undefined): boolean {
  return level === 'lost' || level === 'poor';
}

/** 0 is the worst; what is not known comes last. */
export function rank(level: Level | undefined): number {
  return level === undefined ? LEVELS.length : LEVELS.indexOf(level);
}

export function noCounts(): Record<Level, number> {
  return { lost: 0, poor: 0, good: 0, excellent: 0 };
}

function summary(name: string, people: Present[]): LiveRoom {
  const counts = noCounts();
  let level: Level | undefined;
  for (const person of people) {
    const its = levelOf(person);
    if (its === undefined) continue;
    counts[its] += 1;
    if (rank(its) < rank(level)) level = its;
  }
  return { name, people: people.toSorted(byTrouble), level, counts };
}

function byTrouble(a: Present, b: Present): number {
  return rank(levelOf(a)) - rank(levelOf(b)) || compare(a.identity, b.identity) || compare(a.session, b.session);
}

function worstFirst(a: LiveRoom, b: LiveRoom): number {
  return (
    rank(a.level) - rank(b.level) ||
    b.counts.lost - a.counts.lost ||
    b.counts.poor - a.counts.poor ||
    compare(a.name, b.name)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
