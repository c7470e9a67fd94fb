/** Questions that a part's side on the main thread has asked its store: bounded in number and time. */
import { type ErrorCode, SluiceError } from '../kernel/errors.ts';

const MOST = 64;
const WITHIN_MS = 10_000;

type Asked = { resolve: (rows: never) => void; reject: (error: SluiceError) => void; timer: NodeJS.Timeout };

export class Questions {
  readonly #asked = new Map<number, Asked>();
  readonly #unavailable: ErrorCode;
  #sequence = 0;

  /** @param unavailable The code of a refusal where there is no answer. */
  constructor(unavailable: ErrorCode) {
    this.#unavailable = unavailable;
  }

  /** Sends a question by `send`, with its number. Rejects with `limit-reached` where too many wait already. */
  ask<Answer>(send: (sequence: number) => void): Promise<Answer> {
    if (this.#asked.size >= MOST) {
      return Promise.reject(new SluiceError('limit-reached', { detail: 'Too many queries wait already.' }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#sequence += 1;
    const sequence = this.#sequence;
    const timer = setTimeout(() => this.refused(sequence, 'The store did not answer in time.'), WITHIN_MS);
    this.#asked.set(sequence, { resolve, reject, timer });
    send(sequence);
    return promise;
  }

  answered(sequence: number, rows: unknown): void {
    this.#take(sequence)?.resolve(rows as never);
  }

  refused(sequence: number, why: string): void {
    this.#take(sequence)?.reject(new SluiceError(this.#unavailable, { cause: why, retryAfter: 1 }));
  }

  refuseAll(why: string): void {
    for (const sequence of this.#asked.keys()) this.refused(sequence, why);
  }

  #take(sequence: number): Asked | undefined {
    const asked = this.#asked.get(sequence);
    clearTimeout(asked?.timer);
    this.#asked.delete(sequence);
    return asked;
  }
}
