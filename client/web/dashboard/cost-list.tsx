import type { JSX } from 'preact';

import type { CauseCost } from './answers.ts';
import { CauseLine } from './levels.tsx';
import * as words from './words.ts';

/** Causes by what they cost, as bars; the words say as much as the bars do. */
export function CostList({ causes, none }: { causes: CauseCost[]; none: string }): JSX.Element {
  const dearest = Math.max(...causes.map(({ cost }) => cost), 0);
  const all = causes.reduce((sum, { cost }) => sum + cost, 0);
  if (dearest === 0) return <p class="hint">{none}</p>;
  return (
    <ol class="costs">
      {causes.map((cause) => (
        <li key={cause.code} class="cost" data-testid="cost">
          <CauseLine cause={cause} />
          <span class="cost-share">{words.percent(cause.cost / all)}</span>
          <span class="cost-bar" aria-hidden="true">
            <span style={{ width: `${(cause.cost / dearest) * 100}%` }} />
          </span>
          <span class="cost-words">
            took {words.points(cause.cost / Math.max(1, cause.seconds))} off the score for{' '}
            {words.duration(cause.seconds * 1000)}
          </span>
        </li>
      ))}
    </ol>
  );
}
