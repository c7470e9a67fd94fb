import type { Usage } from '../turn/events.ts';
import type { EndedAllocation, Report } from './control.ts';
import type { ShellFact } from './shell.ts';
import { UsagePack } from './usage-pack.ts';
import { NO_USAGE, usageSince } from './usage-tally.ts';

/** How often living allocations are told of. */
const LIVING_EVERY_MS = 30_000;
/** As many as fit a message are told of at once, and at the latest with the next tick. */
const BATCH = 256;

/** Tells the main thread what was relayed for whom: when allocations end, and from time to time while they live. */
export type UsageReport = {
  take(fact: ShellFact, now: number): void;
  /** Called about once a second. `visitLiving` calls back for each allocation that lives. */
  tick(now: number, visitLiving: (visit: LivingVisitor) => void): void;
  flush(): void;
};
export type LivingVisitor = (allocation: number, identity: string, usage: Usage) => void;

export function createUsageReport(tell: (report: Report) => void): UsageReport {
  /** What was told of each living allocation. */
  const told = new Map<number, Usage>();
  const pack = new UsagePack();
  let livingAt = 0;

  function share(allocation: number, identity: string, all: Usage, ended?: EndedAllocation): void {
    const before = told.get(allocation);
    pack.add({ identity, usage: usageSince(all, before ?? NO_USAGE), isNew: before === undefined, ended });
  }

  function flush(): void {
    if (pack.size > 0) tell({ type: 'usage', usage: pack.take() });
  }

  return {
    take(fact, now) {
      if (fact.type === 'allocated') return;
      const { allocation, identity, transport, cause, since, usage } = fact;
      share(allocation, identity, usage, { identity, transport, cause, since, until: now, usage });
      told.delete(allocation);
      if (pack.size >= BATCH) flush();
    },
    tick(now, visitLiving) {
      if (now - livingAt >= LIVING_EVERY_MS) {
        livingAt = now;
        visitLiving((allocation, identity, usage) => {
          share(allocation, identity, usage);
          told.set(allocation, usage);
        });
      }
      flush();
    },
    flush,
  };
}
