import type { Clock } from './kernel/clock.ts';
import { fullBucket, take, type TokenBucket } from './kernel/token-bucket.ts';
import type { Log } from './observability/log.ts';
import type { EndedAllocation } from './relay/control.ts';

/** Lines of allocations that end by themselves, or all at once: a flood of short ones must not become one of lines. */
const LINES = { rate: 20, burst: 200 };
/** Ends that nobody has asked for, one by one. Every other one is an order, such as a kick, and is always told of. */
const IN_PASSING: ReadonlySet<string> = new Set([
  'refreshed-to-zero',
  'expired',
  'credential-expired',
  'client-closed',
  'server-closed',
]);

/** Logs how allocations end; lines that were left out are counted in the next one. */
export function createEndLog(log: Pick<Log, 'info'>, clock: Clock): (allocation: EndedAllocation) => void {
  let bucket: TokenBucket | undefined;
  let left = 0;
  return ({ identity, transport, cause, since, until, usage }) => {
    bucket ??= fullBucket(LINES, clock());
    if (IN_PASSING.has(cause) && take(bucket, LINES, clock()) > 0) {
      left += 1;
      return;
    }
    const fields = { identity, transport, cause, seconds: Math.round((until - since) / 1000), ...usage };
    log.info(left === 0 ? fields : { ...fields, notLogged: left }, 'turn-allocation-ended');
    left = 0;
  };
}
