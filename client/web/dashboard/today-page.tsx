import type { JSX } from 'preact';

import { type Place, PLACES } from '../../../src/qoe/causes.ts';
import type { Level } from '../../../src/qoe/level.ts';
import type { CauseList, SessionList } from './answers.ts';
import type { Client } from './client.ts';
import { CostList } from './cost-list.tsx';
import { PageHeading } from './heading.tsx';
import { LevelMark, LevelShares, PLACE_ICONS, SHOWN_LEVELS } from './levels.tsx';
import { noCounts } from './live-state.ts';
import { Link } from './navigation.tsx';
import { Empty, Failure, Loading } from './status.tsx';
import { useAnswer } from './use-answer.ts';
import * as words from './words.ts';

const DAY_MS = 86_400_000;

/** What cost quality most since the day began, and how many sessions there were of each level. */
export function TodayPage({ client }: { client: Client }): JSX.Element {
  // Costs are kept by whole days of UTC, so this day is one, too.
  const from = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const causes = useAnswer<CauseList>(`causes ${from}`, (signal) =>
    client.get('/v1/qoe/causes', { from, to: from + DAY_MS }, signal),
  );
  const levels = useAnswer(`levels ${from}`, (signal) => countSessions(client, from, signal));
  const error = causes.error ?? levels.error;
  const counts = levels.value;
  const nothing = causes.value?.causes.length === 0 && counts?.sessions === 0;
  return (
    <>
      <header class="page-header">
        <PageHeading title="Today">Today</PageHeading>
        <span class="muted">since {words.moment(from, Date.now())} (midnight UTC)</span>
      </header>
      {error && (
        <Failure
          error={error}
          again={() => {
            causes.again();
            levels.again();
          }}
        />
      )}
      {(causes.loading || levels.loading) && !(causes.value && counts) && <Loading>Adding up the day…</Loading>}
      {nothing && (
        <Empty>
          <h2>There was no call today</h2>
          <p>What costs calls their quality is added up here as they go on.</p>
          <Link class="button" to={{ page: 'live' }}>
            Go to the live rooms
          </Link>
        </Empty>
      )}
      {!nothing && causes.value && counts && (
        <div class="report report-today">
          <section class="card" aria-labelledby="sessions-title">
            <h2 id="sessions-title">{words.count(counts.sessions, 'session')}</h2>
            <SessionsByLevel {...counts} from={from} />
          </section>
          <section class="card" aria-labelledby="places-title">
            <h2 id="places-title">Whose it was</h2>
            <Places causes={causes.value.causes} />
          </section>
          <section class="card" aria-labelledby="causes-title">
            <h2 id="causes-title">What cost most</h2>
            <CostList causes={causes.value.causes} none="Nothing cost anybody any quality." />
          </section>
        </div>
      )}
    </>
  );
}

type Counts = { sessions: number; counts: Record<Level, number>; more: Record<Level, boolean> };

/** The longest page of sessions. */
const PAGE = 200;

/** How many sessions of each level began since `from`: counted up to a page of each, which is enough to compare them. */
async function countSessions(client: Client, from: number, signal: AbortSignal): Promise<Counts> {
  const pages = await Promise.all(
    SHOWN_LEVELS.map((level) => client.get<SessionList>('/v1/qoe/sessions', { from, level, limit: PAGE }, signal)),
  );
  const counts = noCounts();
  const more = { lost: false, poor: false, good: false, excellent: false };
  for (const [index, { sessions, next }] of pages.entries()) {
    counts[SHOWN_LEVELS[index]!] = sessions.length;
    more[SHOWN_LEVELS[index]!] = next !== undefined;
  }
  return { sessions: SHOWN_LEVELS.reduce((sum, level) => sum + counts[level], 0), counts, more };
}

function SessionsByLevel({ counts, more, from }: Counts & { from: number }): JSX.Element {
  const describe = (level: Level): string => `${counts[level]}${more[level] ? ' or more' : ''} ${level}`;
  return (
    <>
      <LevelShares counts={counts} describe={describe} />
      <ul class="minutes">
        {SHOWN_LEVELS.map((level) => (
          <li key={level} data-level={level} data-none={counts[level] === 0}>
            <LevelMark level={level} />
            <Link to={{ page: 'sessions', search: { level, from } }}>{level}</Link>
            <strong>
              {counts[level]}
              {more[level] && '+'}
            </strong>
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
