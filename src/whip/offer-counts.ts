import { type ErrorCode, toSluiceError } from '../kernel/errors.ts';
import type { SessionKind } from './session.ts';
import type { WhipSessions } from './sessions.ts';

/** How many offers came to what. Both kinds have an `ok`, be it 0. */
export type OfferCounts = readonly {
  readonly kind: SessionKind;
  readonly result: 'ok' | ErrorCode;
  readonly count: number;
}[];

/** `sessions`, with what becomes of the offers that come to them counted. */
export function countOffers(sessions: WhipSessions): { sessions: WhipSessions; counts(): OfferCounts } {
  const nothing = () => new Map<'ok' | ErrorCode, number>([['ok', 0]]);
  const counts = { whip: nothing(), whep: nothing() } as const satisfies Record<SessionKind, unknown>;

  async function counted<Result>(kind: SessionKind, task: Promise<Result>): Promise<Result> {
    const add = (result: 'ok' | ErrorCode) => counts[kind].set(result, (counts[kind].get(result) ?? 0) + 1);
    try {
      const result = await task;
      add('ok');
      return result;
    } catch (error) {
      add(toSluiceError(error).code);
      throw error;
    }
  }

  return {
    sessions: {
      ...sessions,
      publish: (...offer) => counted('whip', sessions.publish(...offer)),
      play: (...offer) => counted('whep', sessions.play(...offer)),
    },
    counts: () =>
      (['whip', 'whep'] as const).flatMap((kind) =>
        [...counts[kind]].map(([result, count]) => ({ kind, result, count })),
      ),
  };
}
