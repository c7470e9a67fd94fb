import type { Millis } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';

/** Identities with the time up to which their names are refused; above `limit`, the one that matters shortest goes. */
export class RevokedIdentities {
  readonly #limit: number;
  readonly #until = new Map<string, Millis>();
  readonly #ends = new Deadlines<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(identity: string, issuedUntil: Millis, now: Millis): void {
    // At `issuedUntil` itself the last of the names that are meant has expired.
    for (let over = this.#ends.takeDue(now); over !== undefined; over = this.#ends.takeDue(now)) {
      this.#until.delete(over);
    }
    if (issuedUntil <= now || issuedUntil <= (this.#until.get(identity) ?? 0)) return;
    if (this.#until.size >= this.#limit && !this.#until.has(identity)) {
      const soonest = this.#ends.takeDue(this.#ends.next() ?? now);
      if (soonest !== undefined) this.#until.delete(soonest);
    }
    this.#until.set(identity, issuedUntil);
    this.#ends.set(identity, issuedUntil);
  }

  has({ identity, expiresAt }: { readonly identity: string; readonly expiresAt: Millis }, now: Millis): boolean {
    if (this.#until.size === 0) return false;
    const until = this.#until.get(identity);
    return until !== undefined && until > now && expiresAt <= until;
  }
}
