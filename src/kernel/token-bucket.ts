import type { Millis } from './clock.ts';

/** How much is allowed: `rate` per second in the long run, `burst` at once. Both above 0. */
export type RateLimit = { rate: number; burst: number };

/** What a bucket holds. Two numbers, so that a map of many stays small. */
export type TokenBucket = { tokens: number; at: Millis };

/** A full bucket. */
export function fullBucket(limit: RateLimit, now: Millis): TokenBucket {
  return { tokens: limit.burst, at: now };
}

/** Less than any cost, and more than the rounding errors of a refill: what waits as long as it was told gets in. */
const ROUNDING = 1e-9;

/**
 * Takes `cost` tokens and returns 0, or takes none and returns the milliseconds until there are enough: `Infinity`
 * where `cost` is above the burst. A clock that steps back refills nothing and takes nothing away.
 */
export function take(bucket: TokenBucket, limit: RateLimit, now: Millis, cost = 1): number {
  bucket.tokens = tokensAt(bucket, limit, now);
  bucket.at = now;
  const wait = waitFor(bucket.tokens, limit, cost);
  if (wait === 0) bucket.tokens -= cost;
  return wait;
}

function tokensAt(bucket: TokenBucket, limit: RateLimit, now: Millis): number {
  const elapsed = Math.max(0, now - bucket.at);
  return Math.min(limit.burst, bucket.tokens + (elapsed * limit.rate) / 1000);
}

function waitFor(tokens: number, limit: RateLimit, cost: number): number {
  if (cost > limit.burst) return Infinity;
  return tokens + ROUNDING >= cost ? 0 : Math.ceil(((cost - tokens - ROUNDING / 2) * 1000) / limit.rate);
}

/** Buckets by key: one for each API key, address or identity that was seen lately. */
export type RateLimiter = {
  /** 0 when `key` may go on, else milliseconds until it may. */
  take(key: string, now: Millis, cost?: number): number;
  /** What `take` would return now; takes nothing, and counts as no use. */
  wait(key: string, now: Millis, cost?: number): number;
  /** Keys held. */
  readonly size: number;
};

/**
 * A limiter that holds at most `maxKeys` keys. When it is full, the key that was idle longest goes first:
 * a flood of new keys costs the flooder's own oldest keys, and memory stays flat.
 */
export function createRateLimiter(limit: RateLimit, maxKeys = 100_000): RateLimiter {
  // A Map iterates in insertion order; re-inserting on use keeps the idlest first.
  const buckets = new Map<string, TokenBucket>();
  // Who comes many times in a row is the last one already.
  let latest: string | undefined;
  // One iterator for good: a new one would walk over the holes of all keys that were deleted since the last rehash.
  let idlest = buckets.keys();

  function evict(): void {
    let next = idlest.next();
    if (next.done) {
      idlest = buckets.keys();
      next = idlest.next();
    }
    if (!next.done) buckets.delete(next.value);
  }

  return {
    take(key, now, cost = 1) {
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        if (buckets.size >= maxKeys) evict();
        bucket = fullBucket(limit, now);
        buckets.set(key, bucket);
      } else if (key !== latest) {
        buckets.delete(key);
        buckets.set(key, bucket);
      }
      latest = key;
      return take(bucket, limit, now, cost);
    },
    wait(key, now, cost = 1) {
      const bucket = buckets.get(key);
      return waitFor(bucket === undefined ? limit.burst : tokensAt(bucket, limit, now), limit, cost);
    },
    get size() {
      return buckets.size;
    },
  };
}
