const FIRST = 250;
const LONGEST = 5000;

/**
 * Milliseconds to wait before attempt number `attempt` (0 is the first): at once and then in doubling steps of up to
 * 5 s, each shortened at random by up to half, so that the clients of a server that comes back do not all come at
 * the same moment. `random` is from 0 to below 1; `retryAfter` is the least number of seconds that the server asked for.
 */
export function retryDelay(attempt: number, random: number, retryAfter = 0): number {
  const step = attempt === 0 ? FIRST / 2 : Math.min(LONGEST, FIRST * 2 ** (attempt - 1));
  return Math.max(step * (1 - random / 2), retryAfter * 1000);
}
