import type { Transport } from 'mediasoup-client/types';

import type { Scope } from './scope.ts';

/** How often it is looked, and for how long. A connection in use hears an answer to a check every 2.5 seconds at least. */
const LOOK_EVERY = 500;
const LOOK_FOR = 4000;
/** So many checks in a row without an answer are no coincidence. Browsers ask twice a second when they hear nothing. */
const UNANSWERED = 3;

/** Of an `RTCIceCandidatePairStats`. */
type Pair = {
  readonly [Name in 'bytesReceived' | 'responsesReceived' | 'requestsSent' | 'consentRequestsSent']?: number;
};

/**
 * Whether nothing comes over `transport`, not even answers to the browser's checks: browsers take five seconds to say
 * that they are disconnected. A connection on which nobody sends anything is well.
 */
export async function hearsNothing(transport: Transport, scope: Scope): Promise<boolean> {
  const before = await look(transport);
  if (before === undefined) return false;
  for (let waited = 0; waited < LOOK_FOR; waited += LOOK_EVERY) {
    await scope.pause(LOOK_EVERY);
    const now = scope.closed ? undefined : await look(transport);
    if (now === undefined || now.heard !== before.heard) return false;
    if (now.asked - before.asked >= UNANSWERED) return true;
  }
  return false;
}

/** What has come and what was asked, over all ways that were tried; undefined where the transport has been closed. */
async function look(transport: Transport): Promise<{ heard: number; asked: number } | undefined> {
  const reports = await transport.getStats().catch(() => undefined);
  if (reports === undefined) return undefined;
  const pairs = [...(reports.values() as Iterable<Pair & { type: string }>)].filter(
    ({ type }) => type === 'candidate-pair',
  );
  const sum = (of: (pair: Pair) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
  return {
    heard: sum(({ bytesReceived = 0, responsesReceived = 0 }) => bytesReceived + responsesReceived),
    asked: sum(({ requestsSent = 0, consentRequestsSent = 0 }) => requestsSent + consentRequestsSent),
  };
}
