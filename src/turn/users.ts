import type { Millis } from '../kernel/clock.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1 } from '../stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS } from '../stun/hmac-sha256.ts';
import { LongTermKey } from '../stun/long-term-key.ts';
import { PASSWORD_ALGORITHM, type PasswordAlgorithm } from '../stun/password-algorithms.ts';
import { SHA1_WORDS } from '../stun/sha1.ts';
import { decodeUtf8, encodeUtf8 } from '../stun/text.ts';
import { USERHASH_WORDS, userhash } from '../stun/userhash.ts';
import { expiryOf, MAX_USERNAME, prepareSecret } from './credentials.ts';
import { RevokedIdentities } from './users-revoked.ts';
import { ByteTable, type Keyed } from './users-table.ts';

/** Why a request has no user: metric labels by the number that `authenticate` returns. On the wire all are 401. */
export const USER_REFUSALS = ['none', 'malformed', 'unknown', 'expired', 'revoked', 'wrong-key'] as const;

const MALFORMED = 1;
const UNKNOWN = 2;
const EXPIRED = 3;
const REVOKED = 4;
const WRONG_KEY = 5;

export type UserRefusal = typeof MALFORMED | typeof UNKNOWN | typeof EXPIRED | typeof REVOKED | typeof WRONG_KEY;

/** Who has shown that it knows its password. Compare users by `username`: one name may have several of these objects. */
export type User = {
  readonly username: string;
  /** Whose allocations, quota and usage it is: what follows the first colon, or the whole name of a static user. */
  readonly identity: string;
  /** When a time-limited name expires; `Infinity` for a static user. */
  readonly expiresAt: Millis;
  /** The key at 0 for a reply's MESSAGE-INTEGRITY, by the algorithm that the request was authenticated with. */
  keySha1(algorithm: PasswordAlgorithm): Int32Array;
  /** The same for MESSAGE-INTEGRITY-SHA256, where the request had that. */
  keySha256(algorithm: PasswordAlgorithm): Int32Array;
};

/** Whether the message at hand carries the MAC that the key at 0 of `keys` makes. */
export type VerifyKey = (keys: Int32Array) => boolean;

export type StaticUser = { readonly name: string; readonly password: string };

export type UsersOptions = {
  slab: Uint8Array<ArrayBuffer>;
  realm: string;
  /** Secrets of time-limited names, in the order in which they are tried. */
  secrets: readonly string[];
  /** Passwords as RFC 8265's OpaqueString makes them. */
  users: readonly StaticUser[];
  /** A random word. */
  seed: number;
  /** Time-limited names whose keys are remembered, 16,384 unless given: some 600 bytes each. */
  capacity?: number;
  /** Identities that can be revoked at a time, 100,000 unless given. */
  revocations?: number;
};

/** Long-term credentials (RFC 8489 §9.2): time-limited names `expiry:identity`, and static users. */
export type Users = {
  /**
   * The user whose USERNAME is the `length` bytes at `offset` of the slab, where `verify` accepts its key; else why not.
   * `verify` is asked once for each password that the name could have. Before it has said yes nothing is remembered and
   * nothing allocated, and afterwards the name's key is at hand: strangers cannot push out who is known.
   *
   * @param sha256 Whether `verify` wants a key for MESSAGE-INTEGRITY-SHA256, not for MESSAGE-INTEGRITY.
   */
  authenticate(
    offset: number,
    length: number,
    algorithm: PasswordAlgorithm,
    sha256: boolean,
    verify: VerifyKey,
    now: Millis,
  ): User | UserRefusal;
  /**
   * The same for a USERHASH, 32 bytes at `offset` (RFC 8489 §14.4). Static users only: from its hash nobody can tell which of all possible
   * time-limited names is meant, so those are not invited to hide (`anonymity`).
   */
  authenticateHash(
    offset: number,
    algorithm: PasswordAlgorithm,
    sha256: boolean,
    verify: VerifyKey,
  ): User | UserRefusal;
  /** Other secrets and users. Keys that were remembered are forgotten. */
  configure(options: { secrets: readonly string[]; users: readonly StaticUser[] }): void;
  /** Refuses the identity's time-limited names that expire at `issuedUntil` or before, from now on. */
  revoke(identity: string, issuedUntil: Millis, now: Millis): void;
  /** Whether all users can be found by USERHASH: nonces then offer `usernameAnonymity`. */
  readonly anonymity: boolean;
  /** Time-limited names whose keys are remembered. */
  readonly size: number;
};

export function createUsers(options: UsersOptions): Users {
  return new Directory(options);
}

class Directory implements Users {
  readonly #slab: Uint8Array;
  readonly #view: DataView;
  readonly #seed: number;
  readonly #realm: Uint8Array;
  #secrets: Int32Array[] = [];
  #statics = new ByteTable<KnownUser>(1, 0);
  #hashes = new ByteTable<Keyed & { readonly user: KnownUser }>(1, 0);
  readonly #known: ByteTable<KnownUser>;
  readonly #revoked: RevokedIdentities;
  readonly #longTerm: LongTermKey;
  readonly #digest = new Int32Array(SHA1_WORDS);
  /** The key that is being tried, of either kind. */
  readonly #candidate = new Int32Array(HMAC_SHA256_KEY_WORDS);

  constructor({ slab, realm, secrets, users, seed, capacity = 16_384, revocations = 100_000 }: UsersOptions) {
    this.#slab = slab;
    this.#view = new DataView(slab.buffer, slab.byteOffset, slab.byteLength);
    this.#seed = seed;
    this.#realm = encodeUtf8(realm);
    this.#longTerm = new LongTermKey(this.#realm);
    this.#known = new ByteTable(capacity, seed);
    this.#revoked = new RevokedIdentities(revocations);
    this.configure({ secrets, users });
  }

  get anonymity(): boolean {
    return this.#secrets.length === 0;
  }

  get size(): number {
    return this.#known.size;
  }

  configure({ secrets, users }: { secrets: readonly string[]; users: readonly StaticUser[] }): void {
    this.#secrets = secrets.map((secret) => prepareSecret(secret));
    this.#known.clear();
    this.#statics = new ByteTable(users.length, this.#seed);
    this.#hashes = new ByteTable(users.length, this.#seed);
    for (const { name, password } of users) {
      const bytes = encodeUtf8(name);
      const user = new KnownUser(bytes, name, name, Infinity as Millis);
      for (const [algorithm, sha256] of KEY_KINDS) {
        const fits = this.#longTerm.begin(bytes, 0, bytes.length) && this.#longTerm.password(encodeUtf8(password));
        if (!fits) throw new RangeError(`name and password of user ${name.slice(0, 32)} are too long`);
        this.#deriveCandidate(algorithm, sha256);
        user.keep(algorithm, sha256, this.#candidate);
      }
      this.#statics.set(user);
      this.#hashes.set({ bytes: bytesOf(userhash(bytes, this.#realm)), user });
    }
  }

  authenticate(
    offset: number,
    length: number,
    algorithm: PasswordAlgorithm,
    sha256: boolean,
    verify: VerifyKey,
    now: Millis,
  ): User | UserRefusal {
    if (length === 0 || length > MAX_USERNAME) return MALFORMED;
    const fixed = this.#statics.find(this.#view, offset, length);
    if (fixed !== undefined) return verify(fixed.key(algorithm, sha256)) ? fixed : WRONG_KEY;
    if (this.#secrets.length === 0) return UNKNOWN;
    const known = this.#known.find(this.#view, offset, length);
    const expiresAt = known?.expiresAt ?? ((expiryOf(this.#view, offset, length) * 1000) as Millis);
    if (expiresAt < 0) return UNKNOWN;
    if (expiresAt <= now) {
      if (known !== undefined) this.#known.delete(known);
      return EXPIRED;
    }
    const keys = known?.keyAtHand(algorithm, sha256);
    if (known !== undefined && keys !== undefined && verify(keys)) {
      return this.#revoked.has(known, now) ? REVOKED : known;
    }
    // Nobody knows the name yet, or not with this kind of key, or its password came from another secret the last time.
    if (!this.#findSecret(offset, length, algorithm, sha256, verify)) return WRONG_KEY;
    const user = known ?? this.#newUser(offset, length, expiresAt);
    if (user === undefined) return MALFORMED;
    if (this.#revoked.has(user, now)) return REVOKED;
    user.keep(algorithm, sha256, this.#candidate);
    if (known === undefined) this.#known.set(user);
    return user;
  }

  authenticateHash(
    offset: number,
    algorithm: PasswordAlgorithm,
    sha256: boolean,
    verify: VerifyKey,
  ): User | UserRefusal {
    const user = this.#hashes.find(this.#view, offset, 4 * USERHASH_WORDS)?.user;
    if (user === undefined) return UNKNOWN;
    return verify(user.key(algorithm, sha256)) ? user : WRONG_KEY;
  }

  revoke(identity: string, issuedUntil: Millis, now: Millis): void {
    this.#revoked.add(identity, issuedUntil, now);
  }

  /** Tries the password that the name has under each secret; the key that was accepted is the candidate then. */
  #findSecret(
    offset: number,
    length: number,
    algorithm: PasswordAlgorithm,
    sha256: boolean,
    verify: VerifyKey,
  ): boolean {
    for (const secret of this.#secrets) {
      hmacSha1(secret, 0, this.#view, offset, length, this.#digest);
      if (!this.#longTerm.begin(this.#slab, offset, length)) return false;
      if (!this.#longTerm.base64Password(this.#digest, 4 * SHA1_WORDS)) return false;
      this.#deriveCandidate(algorithm, sha256);
      if (verify(this.#candidate)) return true;
    }
    return false;
  }

  #deriveCandidate(algorithm: PasswordAlgorithm, sha256: boolean): void {
    this.#longTerm.derive(algorithm);
    if (sha256) this.#longTerm.sha256(this.#candidate, 0);
    else this.#longTerm.sha1(this.#candidate, 0);
  }

  #newUser(offset: number, length: number, expiresAt: Millis): KnownUser | undefined {
    const username = decodeUtf8(this.#view, offset, length);
    if (username === undefined) return undefined;
    const bytes = this.#slab.slice(offset, offset + length);
    return new KnownUser(bytes, username, username.slice(username.indexOf(':') + 1), expiresAt);
  }
}

/** A password's key by two algorithms, each for two MACs. */
const KEY_KINDS = [
  [PASSWORD_ALGORITHM.MD5, false],
  [PASSWORD_ALGORITHM.MD5, true],
  [PASSWORD_ALGORITHM.SHA256, false],
  [PASSWORD_ALGORITHM.SHA256, true],
] as const;

class KnownUser implements User, Keyed {
  readonly bytes: Uint8Array;
  readonly username: string;
  readonly identity: string;
  readonly expiresAt: Millis;
  /** In the order of KEY_KINDS; undefined where no request has come with that kind. */
  readonly #keys: (Int32Array | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(bytes: Uint8Array, username: string, identity: string, expiresAt: Millis) {
    this.bytes = bytes;
    this.username = username;
    this.identity = identity;
    this.expiresAt = expiresAt;
  }

  keyAtHand(algorithm: PasswordAlgorithm, sha256: boolean): Int32Array | undefined {
    return this.#keys[2 * (algorithm - 1) + (sha256 ? 1 : 0)];
  }

  keep(algorithm: PasswordAlgorithm, sha256: boolean, keys: Int32Array): void {
    this.#keys[2 * (algorithm - 1) + (sha256 ? 1 : 0)] = keys.slice(
      0,
      sha256 ? HMAC_SHA256_KEY_WORDS : HMAC_SHA1_KEY_WORDS,
    );
  }

  key(algorithm: PasswordAlgorithm, sha256: boolean): Int32Array {
    const keys = this.keyAtHand(algorithm, sha256);
    if (keys === undefined) throw new RangeError('no request was authenticated with that kind of key');
    return keys;
  }

  keySha1(algorithm: PasswordAlgorithm): Int32Array {
    return this.key(algorithm, false);
  }

  keySha256(algorithm: PasswordAlgorithm): Int32Array {
    return this.key(algorithm, true);
  }
}

function bytesOf(words: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  for (const [index, word] of words.entries()) view.setInt32(4 * index, word);
  return new Uint8Array(view.buffer);
}
