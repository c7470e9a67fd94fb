/** How much of a session's past requests is remembered. Both 1 or more. */
export type RequestLogLimits = {
  /** Requests remembered, and how far an id may run ahead of the last one. */
  readonly requests: number;
  /** Characters of answers held together; the latest answer is held whatever its length. */
  readonly characters: number;
};

/** What to do with a request. */
export type RequestVerdict =
  | { readonly kind: 'new' }
  /** It was begun already, and its answer is on the way. */
  | { readonly kind: 'running' }
  /** It was done already: this is the answer. */
  | { readonly kind: 'answered'; readonly answer: string }
  | { readonly kind: 'refused'; readonly detail: string };

/**
 * Remembers which requests of one session were begun and how they were answered, so that one that is repeated after a
 * resume is answered again and not done again. Ids go up; they may skip a few. Pure.
 */
export class RequestLog {
  readonly #limits: RequestLogLimits;
  /** Answers by request id, ascending; undefined while the request runs, null where the answer is not held any more. */
  readonly #requests = new Map<number, string | undefined | null>();
  #characters = 0;
  #last = 0;

  constructor(limits: RequestLogLimits) {
    this.#limits = limits;
  }

  /** Characters of answers held. */
  get characters(): number {
    return this.#characters;
  }

  /** What to do with a request of this id. Changes nothing. `id` is an integer from 1. */
  judge(id: number): RequestVerdict {
    if (id > this.#last) {
      if (id - this.#last <= this.#limits.requests) return { kind: 'new' };
      return { kind: 'refused', detail: `The request id ${id} is too far ahead of ${this.#last}.` };
    }
    if (!this.#requests.has(id)) {
      return { kind: 'refused', detail: `The request id ${id} was skipped or is too far behind ${this.#last}.` };
    }
    const answer = this.#requests.get(id);
    if (answer === undefined) return { kind: 'running' };
    if (answer === null) return { kind: 'refused', detail: `The answer to request ${id} is not held any more.` };
    return { kind: 'answered', answer };
  }

  /** The request is begun. It was judged to be new. */
  begin(id: number): void {
    this.#last = id;
    this.#requests.set(id, undefined);
    for (const old of this.#requests.keys()) {
      if (this.#requests.size <= this.#limits.requests) break;
      this.#characters -= this.#requests.get(old)?.length ?? 0;
      this.#requests.delete(old);
    }
  }

  /** The request is done. One that was forgotten meanwhile stays forgotten. */
  answered(id: number, answer: string): void {
    if (!this.#requests.has(id) || this.#requests.get(id) !== undefined) return;
    this.#requests.set(id, answer);
    this.#characters += answer.length;
    if (this.#characters <= this.#limits.characters) return;
    for (const [old, held] of this.#requests) {
      if (this.#characters <= this.#limits.characters) break;
      if (old === id || typeof held !== 'string') continue;
      this.#characters -= held.length;
      this.#requests.set(old, null);
    }
  }
}
