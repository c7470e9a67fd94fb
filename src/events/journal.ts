/**
 * The order of facts before they are stored: which numbers they get, which are on their way to the disk, which may be
 * announced. It neither reads a clock nor waits.
 */
import { type EventFact, eventText, type StoredEvent } from './event.ts';

/** Events that are written in one transaction. `first` is the number of the first; the others follow without a gap. */
export type EventBatch = { readonly first: number; readonly texts: readonly string[] };

type Waiting = { readonly fact: EventFact; readonly roomSeq: number | undefined };

/** Facts without which others would make no sense. Their number is bounded by the rooms and participants that are there. */
const ALWAYS: ReadonlySet<EventFact['type']> = new Set([
  'room-started',
  'room-closed',
  'participant-joined',
  'participant-aborted',
  'participant-left',
]);

export class Journal {
  readonly #most: number;
  readonly #roomSeqs = new Map<string, number>();
  #waiting: Waiting[] = [];
  #underway: { readonly facts: readonly Waiting[]; readonly batch: EventBatch } | undefined;
  /** The last number that was given; undefined while the store has not said where it stands. */
  #last: number | undefined;
  #lost = 0;

  /** @param most Facts that may wait; when there are as many, nobody may join, and what is not needed is left out. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Facts that wait or are on their way. */
  get waiting(): number {
    return this.#waiting.length + (this.#underway?.facts.length ?? 0);
  }

  /** Whether so many facts wait that nothing new should begin. */
  get full(): boolean {
    return this.#waiting.length >= this.#most;
  }

  /** The last number that was given to a batch. */
  get last(): number {
    return this.#last ?? 0;
  }

  /** Takes the next fact. False where it was left out, as too many wait. */
  append(fact: EventFact): boolean {
    if (this.full && !ALWAYS.has(fact.type)) {
      this.#lost += 1;
      return false;
    }
    if (this.#lost > 0 && !this.full) {
      this.#waiting.push({ fact: { type: 'facts-lost', at: fact.at, count: this.#lost }, roomSeq: undefined });
      this.#lost = 0;
    }
    this.#waiting.push({ fact, roomSeq: this.#roomSeq(fact) });
    return true;
  }

  /**
   * The store is open, and `last` is the last number in it. Returns what was on its way and turns out to be stored: it
   * may be announced now. What was on its way and is not there is given by `takeBatch` again.
   *
   * @param anew Whether this is another store than the one before, and has nothing of it.
   */
  opened(last: number, anew: boolean): StoredEvent[] {
    const underway = this.#underway;
    const isStored = underway !== undefined && !anew && last >= lastOf(underway.batch);
    const stored = isStored ? this.committed(lastOf(underway.batch)) : [];
    if (this.#underway !== undefined) {
      this.#waiting = [...this.#underway.facts, ...this.#waiting];
      this.#last = this.#underway.batch.first - 1;
      this.#underway = undefined;
    }
    this.#last = Math.max(last, this.#last ?? 0);
    return stored;
  }

  /** Numbers up to `most` of the facts that wait. Undefined where none does, or one batch is on its way already. */
  takeBatch(most: number): EventBatch | undefined {
    if (this.#last === undefined || this.#underway !== undefined || this.#waiting.length === 0) return undefined;
    const facts = this.#waiting.slice(0, most);
    this.#waiting = this.#waiting.slice(most);
    const first = this.#last + 1;
    const texts = facts.map(({ fact, roomSeq }, index) => eventText(fact, first + index, roomSeq));
    this.#last += facts.length;
    this.#underway = { facts, batch: { first, texts } };
    return this.#underway.batch;
  }

  /** The batch up to the number `last` is stored: these may be announced, in this order. */
  committed(last: number): StoredEvent[] {
    const underway = this.#underway;
    if (underway === undefined || last !== lastOf(underway.batch)) return [];
    this.#underway = undefined;
    return underway.facts.map(({ fact, roomSeq }, index) => ({
      seq: underway.batch.first + index,
      roomSeq,
      type: fact.type,
      fact,
      room: 'room' in fact ? fact.room : undefined,
      text: underway.batch.texts[index]!,
    }));
  }

  #roomSeq(fact: EventFact): number | undefined {
    if (!('roomId' in fact)) return undefined;
    const next = (this.#roomSeqs.get(fact.roomId) ?? 0) + 1;
    if (fact.type === 'room-closed') this.#roomSeqs.delete(fact.roomId);
    else this.#roomSeqs.set(fact.roomId, next);
    return next;
  }
}

function lastOf({ first, texts }: EventBatch): number {
  return first + texts.length - 1;
}
