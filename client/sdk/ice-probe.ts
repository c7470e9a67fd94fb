import type { Transport } from 'mediasoup-client/types';

import type { Stats } from './qoe/stats.ts';
import type { Scope } from './scope.ts';

/** A connection in use hears of the server more often: media, its reports, answers to checks. */
const LISTEN_FOR = 1000;

/** Whether nothing at all comes over `transport` within a second: browsers take five to say that they are disconnected. */
export async function hearsNothing(transport: Transport, scope: Scope): Promise<boolean> {
  const before = await heard(transport).catch(() => undefined);
  await scope.pause(LISTEN_FOR);
  if (scope.closed || before === undefined) return false;
  // One that has been closed meanwhile says nothing more, and needs nothing.
  return (await heard(transport).catch(() => undefined)) === before;
}

/** Bytes and answers that have come, over all ways that were tried; undefined where the browser does not tell. */
async function heard(transport: Transport): Promise<number | undefined> {
  let sum: number | undefined;
  for (const { type, bytesReceived = 0, responsesReceived = 0 } of (
    await transport.getStats()
  ).values() as Iterable<Stats>) {
    if (type === 'candidate-pair') sum = (sum ?? 0) + bytesReceived + responsesReceived;
  }
  return sum;
}
