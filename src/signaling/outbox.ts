/** How much a session keeps of what its client may have to be told again. Both 1 or more. */
export type OutboxLimits = { readonly events: number; readonly characters: number };

/** An event as JSON text, without its sequence number; one object serves all sessions that are sent the same event. */
export type EncodedEvent = { readonly head: string; readonly tail: string };

/** An event with the sequence number that it has in one session. */
export type SequencedEvent = { readonly seq: number; readonly event: EncodedEvent };

/**
 * Numbers the events of one session from 1, and keeps the latest of them for a client that lost its socket.
 * Pure: it sends nothing.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  // A Map iterates in insertion order, so the first key is the oldest event.
  readonly #kept = new Map<number, EncodedEvent>();
  #characters = 0;
  #last = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** The sequence number given last; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Characters held, at most as many as the limits say. */
  get characters(): number {
    return this.#characters;
  }

  /** Gives `event` its number, and drops the oldest ones beyond the limits. */
  push(event: EncodedEvent): SequencedEvent {
    this.#last += 1;
    this.#kept.set(this.#last, event);
    this.#characters += length(event);
    while (this.#kept.size > this.#limits.events || this.#characters > this.#limits.characters) this.#dropOldest();
    return { seq: this.#last, event };
  }

  /** The client has everything up to `seq`, which needs to be kept no longer. */
  received(seq: number): void {
    while (this.#kept.size > 0 && this.#oldest <= seq) this.#dropOldest();
  }

  /** Everything after `seq`, in order; undefined where some of it is not held any more or `seq` was never given. */
  since(seq: number): SequencedEvent[] | undefined {
    if (seq > this.#last || seq < this.#oldest - 1) return undefined;
    const missed: SequencedEvent[] = [];
    for (let next = seq + 1; next <= this.#last; next += 1) {
      const event = this.#kept.get(next);
      if (event !== undefined) missed.push({ seq: next, event });
    }
    return missed;
  }

  /** The number of the oldest event held; one after the last where none is. */
  get #oldest(): number {
    return this.#last - this.#kept.size + 1;
  }

  #dropOldest(): void {
    const oldest = this.#oldest;
    const event = this.#kept.get(oldest);
    if (event === undefined) return;
    this.#kept.delete(oldest);
    this.#characters -= length(event);
  }
}

function length({ head, tail }: EncodedEvent): number {
  return head.length + tail.length;
}
