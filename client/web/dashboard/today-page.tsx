import type { JSX } from 'preact';

import { type Place, PLACES } from '../../../src/qoe/causes.ts';
import type { Level } from '../../../src/qoe/level.ts';
import type { CauseList } from './answers.ts';
import type { Client } from './client.ts';
import { CostList } from './cost-list.tsx';
import { PageHeading } from './heading.tsx';
import { LevelMark, LevelShares, PLACE_ICONS, SHOWN_LEVELS } from './levels.tsx';
import { Link } from './navigation.tsx';
import { Empty, Failure, Loading } from './status.tsx';
import { useAnswer } from './use-answer.ts';
import * as words from './words.ts';

const DAY_MS = 86_400_000;

/** What cost quality most since the day began, and how many sessions there were of each level. */
export function TodayPage({ client }: { client: Client }): JSX.Element {
  // Costs are kept by whole days of UTC, so this day is one, too.
  const from = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const { value, error, loading, again } = useAnswer<CauseList>(`${from}`, (signal) =>
    client.get('/v1/qoe/causes', { from, to: from + DAY_MS }, signal),
  );
  const sessions = value && SHOWN_LEVELS.reduce((sum, level) => sum + value.sessions[level], 0);
  const nothing = value?.causes.length === 0 && sessions === 0;
  return (
    <>
      <header class="page-header">
        <PageHeading title="Today">Today</PageHeading>
        <span class="muted">since {words.moment(from, Date.now())} (midnight UTC)</span>
      </header>
      {error && <Failure error={error} again={again} />}
      {loading && !value && <Loading>Adding up the day…</Loading>}
      {nothing && (
        <Empty>
          <h2>There was no call today</h2>
          <p>What costs calls their quality is added up here as they go on.</p>
          <Link class="button" to={{ page: 'live' }}>
            Go to the live rooms
          </Link>
        </Empty>
      )}
      {!nothing && value && (
        <div class="report report-today">
          <section class="card" aria-labelledby="sessions-title">
            <h2 id="sessions-title">{words.count(sessions ?? 0, 'session')}</h2>
            <SessionsByLevel counts={value.sessions} from={from} />
          </section>
          <section class="card" aria-labelledby="places-title">
            <h2 id="places-title">Whose it was</h2>
            <Places causes={value.causes} />
          </section>
          <section class="card" aria-labelledby="causes-title">
            <h2 id="causes-title">What cost most</h2>
            <CostList causes={value.causes} none="Nothing cost anybody any quality." />
          </section>
        </div>
      )}
    </>
  );
}

function SessionsByLevel({ counts, from }: { counts: Record<Level, number>; from: number }): JSX.Element {
  const describe = (level: Level): string => `${counts[level]} ${level}`;
  return (
    <>
      <LevelShares counts={counts} describe={describe} />
      <ul class="minutes">
        {SHOWN_LEVELS.map((level) => (
          <li key={level} data-level={level} data-none={counts[level] === 0}>
            <LevelMark level={level} />
            <Link to={{ page: 'sessions', search: { level, from } }}>{level}</Link>
            <strong>{counts[level]}</strong>
          </li>
        ))}
      </ul>
    </>
  );
}

const PLACE_WORDS: Record<Place, string> = {
  uplink: 'networks on the way up',
  downlink: 'networks on the way down',
  source: 'cameras, encoders and machines that send',
  receiver: 'machines that receive',
};

function Places({ causes }: { causes: CauseList['causes'] }): JSX.Element {
  const all = causes.reduce((sum, { cost }) => sum + cost, 0);
  if (all === 0) return <p class="hint">Nobody's: nothing was lost.</p>;
  const shares = PLACES.map((place) => ({
    place,
    share: causes.reduce((sum, cause) => (cause.place === place ? sum + cause.cost : sum), 0) / all,
  })).toSorted((a, b) => b.share - a.share);
  return (
    <ul class="places">
      {shares.map(({ place, share }) => {
        const Glyph = PLACE_ICONS[place];
        return (
          <li key={place} data-none={share === 0}>
            <Glyph />
            <strong>{words.percent(share)}</strong>
            <span>{PLACE_WORDS[place]}</span>
          </li>
        );
      })}
    </ul>
  );
}
