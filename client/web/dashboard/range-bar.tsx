import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';

import { Button } from '../ui/button.tsx';
import { localInput, readLocalInput } from './local-time.ts';
import { DEFAULT_LAST, type TimeRange } from './route.ts';
import { Segments } from './segments.tsx';
import * as words from './words.ts';

const LASTS: Record<string, string> = {
  300: '5 min',
  900: '15 min',
  3600: '1 h',
  21_600: '6 h',
  86_400: '24 h',
};

/** Which time is shown: the last minutes or hours, moving on, or from here to there. */
export function RangeBar(props: { range: TimeRange; onRange: (range: TimeRange) => void }): JSX.Element {
  const { range, onRange } = props;
  const [asking, setAsking] = useState(false);
  return (
    <div class="range">
      <Segments
        label="Time"
        value={'last' in range ? String(range.last) : undefined}
        options={LASTS}
        onChange={(last) => onRange({ last: Number(last) })}
      />
      {'from' in range && (
        <>
          <span class="range-fixed">
            {words.moment(range.from, Date.now())} – {words.moment(range.to, Date.now())}
          </span>
          <Button tone="quiet" onClick={() => onRange({ last: DEFAULT_LAST })}>
            Back to live
          </Button>
        </>
      )}
      <Button tone="quiet" aria-expanded={asking} onClick={() => setAsking(!asking)}>
        Other…
      </Button>
      {asking && (
        <RangeForm
          range={range}
          onClose={() => setAsking(false)}
          onRange={(next) => {
            setAsking(false);
            onRange(next);
          }}
        />
      )}
    </div>
  );
}

type RangeFormProps = { range: TimeRange; onRange: (range: TimeRange) => void; onClose: () => void };

function RangeForm({ range, onRange, onClose }: RangeFormProps): JSX.Element {
  const now = Date.now();
  const [from, setFrom] = useState(localInput('last' in range ? now - range.last * 1000 : range.from));
  const [to, setTo] = useState(localInput('last' in range ? now : range.to));
  const [failure, setFailure] = useState('');
  const [fromId, toId] = [useId(), useId()];
  return (
    <form
      class="range-form"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        const [start, end] = [readLocalInput(from), readLocalInput(to)];
        if (start === undefined || end === undefined) return setFailure('Enter both times.');
        if (start >= end) return setFailure('The end has to be later than the beginning.');
        onRange({ from: start, to: end });
      }}
    >
      <div class="field">
        <label class="field-label" for={fromId}>
          From
        </label>
        <input
          id={fromId}
          class="input"
          type="datetime-local"
          step="1"
          value={from}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </div>
      <div class="field">
        <label class="field-label" for={toId}>
          To
        </label>
        <input
          id={toId}
          class="input"
          type="datetime-local"
          step="1"
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </div>
      <button type="submit" class="button">
        Show
      </button>
      <p class="field-failure" role="alert">
        {failure}
      </p>
    </form>
  );
}
