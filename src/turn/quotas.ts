import { MAPPED_IPV4 } from '../stun/address.ts';

/** What is counted. Connections are those of RFC 6062, or a stream's that has not said yet who it is. */
export const QUOTA_KINDS = ['allocations', 'permissions', 'channels', 'connections'] as const;

export type QuotaKind = (typeof QUOTA_KINDS)[number];

/** How many of one kind may be held; `Infinity` for any number. */
export type QuotaLimit = { readonly user: number; readonly address: number; readonly total: number };

export type QuotaLimits = Readonly<Record<QuotaKind, QuotaLimit>>;

/** Whose limit is reached: metric labels by the number that `take` returns. 0 is granted. */
export const QUOTA_REFUSALS = ['granted', 'user', 'address', 'total'] as const;

/** 0 granted, 1 refused for the user, 2 for the address, 3 in total. */
export type QuotaVerdict = 0 | 1 | 2 | 3;

/**
 * What one allocation (or one stream of an unknown client) holds. It counts for its user, for its client's address
 * (an IPv6 address as its /64, which one host has to itself) and in total.
 */
export type QuotaAccount = {
  /** Takes one, or none and says whose limit is reached. */
  take(kind: QuotaKind): QuotaVerdict;
  /** Gives back what was taken; never more than is held. */
  giveBack(kind: QuotaKind, count?: number): void;
  /** The client has another address from now on, be it over its limit or not (RFC 8016: the move was granted before). */
  move(a: number, b: number, c: number, d: number): void;
  /** Gives back everything. The account takes nothing any more. */
  close(): void;
};

/** Who holds how much. Bounded by what is held: a user or address that holds nothing is forgotten. */
export type Quotas = {
  /** `user`: what allocations count by, the identity; undefined while it is not known. */
  open(user: string | undefined, a: number, b: number, c: number, d: number): QuotaAccount;
  /** What is held of a kind by all. */
  total(kind: QuotaKind): number;
  /** Users and addresses that are remembered. */
  readonly size: number;
};

type Holder = { readonly counts: number[]; accounts: number };

/**
 * What a client's address counts as: IPv4 as itself, IPv6 as its /64, which one host has to itself (RFC 4291 §2.5.4).
 */
export function countedAddress(a: number, b: number, c: number, d: number): string {
  return a === 0 && b === 0 && c === MAPPED_IPV4 ? `${d}` : `${a}:${b}`;
}

/** Quotas that count in memory. */
export function createQuotas(limits: QuotaLimits): Quotas {
  const users = new Map<string, Holder>();
  const addresses = new Map<string, Holder>();
  const total = newHolder();

  return {
    open(user, a, b, c, d) {
      return new Account(limits, { users, addresses, total }, user, countedAddress(a, b, c, d));
    },
    total: (kind) => total.counts[QUOTA_KINDS.indexOf(kind)]!,
    get size() {
      return users.size + addresses.size;
    },
  };
}

type Books = {
  readonly users: Map<string, Holder>;
  readonly addresses: Map<string, Holder>;
  readonly total: Holder;
};

class Account implements QuotaAccount {
  readonly #limits: QuotaLimits;
  readonly #books: Books;
  readonly #user: string | undefined;
  #address: string;
  /** Undefined where no user is known. */
  readonly #ofUser: Holder | undefined;
  #ofAddress: Holder;
  readonly #held = newCounts();
  #open = true;

  constructor(limits: QuotaLimits, books: Books, user: string | undefined, address: string) {
    this.#limits = limits;
    this.#books = books;
    this.#user = user;
    this.#address = address;
    this.#ofUser = user === undefined ? undefined : join(books.users, user);
    this.#ofAddress = join(books.addresses, address);
  }

  take(kind: QuotaKind): QuotaVerdict {
    if (!this.#open) return 3;
    const at = QUOTA_KINDS.indexOf(kind);
    const limit = this.#limits[kind];
    if (this.#ofUser !== undefined && this.#ofUser.counts[at]! >= limit.user) return 1;
    if (this.#ofAddress.counts[at]! >= limit.address) return 2;
    if (this.#books.total.counts[at]! >= limit.total) return 3;
    this.#count(at, 1);
    return 0;
  }

  giveBack(kind: QuotaKind, count = 1): void {
    const at = QUOTA_KINDS.indexOf(kind);
    this.#count(at, -Math.min(count, this.#held[at]!));
  }

  move(a: number, b: number, c: number, d: number): void {
    const to = countedAddress(a, b, c, d);
    if (!this.#open || to === this.#address) return;
    const next = join(this.#books.addresses, to);
    for (let at = 0; at < QUOTA_KINDS.length; at += 1) {
      const held = this.#held[at]!;
      this.#ofAddress.counts[at]! -= held;
      next.counts[at]! += held;
    }
    leave(this.#books.addresses, this.#address);
    this.#address = to;
    this.#ofAddress = next;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (let at = 0; at < QUOTA_KINDS.length; at += 1) this.#count(at, -this.#held[at]!);
    if (this.#user !== undefined) leave(this.#books.users, this.#user);
    leave(this.#books.addresses, this.#address);
  }

  #count(at: number, change: number): void {
    this.#held[at]! += change;
    this.#ofAddress.counts[at]! += change;
    this.#books.total.counts[at]! += change;
    if (this.#ofUser !== undefined) this.#ofUser.counts[at]! += change;
  }
}

/** One for each of QUOTA_KINDS. */
function newCounts(): number[] {
  return [0, 0, 0, 0];
}

function newHolder(): Holder {
  return { counts: newCounts(), accounts: 0 };
}

function join(holders: Map<string, Holder>, key: string): Holder {
  const holder = holders.get(key) ?? newHolder();
  holder.accounts += 1;
  holders.set(key, holder);
  return holder;
}

/** Every account gives back what it holds before it leaves, so what nobody has joined any more holds nothing. */
function leave(holders: Map<string, Holder>, key: string): void {
  const holder = holders.get(key)!;
  holder.accounts -= 1;
  if (holder.accounts === 0) holders.delete(key);
}
