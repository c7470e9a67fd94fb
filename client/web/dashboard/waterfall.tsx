import type { JSX } from 'preact';

import type { SessionReport } from './answers.ts';
import { waterfall } from './waterfall-steps.ts';
import * as words from './words.ts';

/** How the time until somebody saw and heard the others was spent. */
export function Waterfall({ steps }: { steps: SessionReport['joinSteps'] }): JSX.Element {
  const bars = waterfall(steps);
  if (bars === undefined) return <p class="hint">The client did not tell of its join.</p>;
  return (
    <ol class="waterfall" data-testid="waterfall">
      {bars.map(({ name, done, start, length, took }) => (
        <li key={name}>
          <span class="waterfall-name">{name}</span>
          <span class="waterfall-track" aria-hidden="true">
            {done !== null && <span style={{ left: `${start * 100}%`, width: `${Math.max(length * 100, 0.8)}%` }} />}
          </span>
          <span class="waterfall-time">
            {done === null ? (
              'not told'
            ) : (
              <>
                {words.milliseconds(done)} <span class="muted">+{words.milliseconds(took)}</span>
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
