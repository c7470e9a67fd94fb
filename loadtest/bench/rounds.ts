/** How rounds of several measurements are taken: in turns, so that whatever else the machine does falls on all alike. */

/** Does its work `calls` times; false where an answer was wrong. */
export type Work = (calls: number) => boolean;

export type Plan = {
  /** Of one round. So many that it takes a millisecond or so: long enough for the clock, and few are interrupted. */
  readonly calls: number;
  readonly rounds: number;
  readonly warmUp: number;
};

const PLAN: Plan = { calls: 4000, rounds: 101, warmUp: 20 };

/** Nanoseconds of a call in each round, by name. Throws where an answer was wrong. */
export function timeInTurns<Name extends string>(
  works: Readonly<Record<Name, Work>>,
  { calls, rounds, warmUp }: Plan = PLAN,
): Record<Name, number[]> {
  const entries = Object.entries(works) as [Name, Work][];
  const times = Object.fromEntries(entries.map(([name]) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const [name, work] of entries) {
      const start = process.hrtime.bigint();
      const right = work(calls);
      const elapsed = Number(process.hrtime.bigint() - start);
      if (!right) throw new Error(`${name}: the answer is wrong`);
      if (round >= 0) times[name].push(elapsed / calls);
    }
  }
  return times;
}
