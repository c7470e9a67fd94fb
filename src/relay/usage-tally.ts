import type { Usage } from '../turn/events.ts';

/** What an identity has relayed since this process started, over all its allocations, ended and living. */
export type IdentityUsage = Usage & { readonly allocations: number };

/** Bytes per identity. The identities that were seen longest ago go first where there are too many. */
export type UsageTally = {
  /** Adds what an allocation has relayed since it was last told of; `isNew`: for the first time. */
  add(identity: string, usage: Usage, isNew: boolean): void;
  get(identity: string): IdentityUsage | undefined;
  /** All that are known, the one that was seen longest ago first. */
  entries(): IterableIterator<[string, IdentityUsage]>;
};

/** @param limit Identities that are remembered. */
export function createUsageTally(limit = 50_000): UsageTally {
  const known = new Map<string, IdentityUsage>();
  let oldest = known.keys();

  function forgetOldest(): void {
    let next = oldest.next();
    if (next.done) {
      oldest = known.keys();
      next = oldest.next();
    }
    if (!next.done) known.delete(next.value);
  }

  return {
    add(identity, usage, isNew) {
      const before = known.get(identity);
      if (before !== undefined) known.delete(identity);
      else if (known.size >= limit) forgetOldest();
      known.set(identity, {
        ...addUsage(before ?? NO_USAGE, usage),
        allocations: (before?.allocations ?? 0) + (isNew ? 1 : 0),
      });
    },
    get: (identity) => known.get(identity),
    entries: () => known.entries(),
  };
}

export const NO_USAGE: Usage = { packetsUp: 0, bytesUp: 0, packetsDown: 0, bytesDown: 0 };

function addUsage(one: Usage, other: Usage): Usage {
  return {
    packetsUp: one.packetsUp + other.packetsUp,
    bytesUp: one.bytesUp + other.bytesUp,
    packetsDown: one.packetsDown + other.packetsDown,
    bytesDown: one.bytesDown + other.bytesDown,
  };
}

/** What has been relayed between two times. */
export function usageSince(now: Usage, before: Usage): Usage {
  return {
    packetsUp: now.packetsUp - before.packetsUp,
    bytesUp: now.bytesUp - before.bytesUp,
    packetsDown: now.packetsDown - before.packetsDown,
    bytesDown: now.bytesDown - before.bytesDown,
  };
}
