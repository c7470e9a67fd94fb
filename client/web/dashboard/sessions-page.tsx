import type { JSX } from 'preact';
import { useId, useLayoutEffect, useState } from 'preact/hooks';

import { LEVELS } from '../../../src/qoe/level.ts';
import { Button } from '../ui/button.tsx';
import type { SessionSummary } from './answers.ts';
import type { Client } from './client.ts';
import { PageHeading } from './heading.tsx';
import { LevelBadge, LevelShares } from './levels.tsx';
import { localInput, readLocalInput } from './local-time.ts';
import { go, Link } from './navigation.tsx';
import type { SessionSearch } from './route.ts';
import { Empty, Failure, Loading } from './status.tsx';
import { useSessionPages } from './use-session-pages.ts';
import * as words from './words.ts';

/** Sessions by who, where, when and how good, the newest first. */
export function SessionsPage({ client, search }: { client: Client; search: SessionSearch }): JSX.Element {
  const { rows, next, error, loading, more, again } = useSessionPages(client, search);
  const searched = Object.keys(search).length > 0;
  const now = Date.now();
  return (
    <>
      <header class="page-header">
        <PageHeading title="Sessions">Sessions</PageHeading>
      </header>
      <SearchForm search={search} />
      {error && <Failure error={error} again={again} />}
      {rows.length > 0 && (
        <div class="session-table" role="table" aria-label="Sessions, the newest first" data-testid="sessions">
          <div class="session-row session-head" role="row">
            {['Level', 'Who', 'Room', 'Joined', 'Stayed', 'Experience', 'Levels'].map((name) => (
              <span key={name} role="columnheader">
                {name}
              </span>
            ))}
          </div>
          {rows.map((row) => (
            <SessionRow key={row.session} row={row} now={now} />
          ))}
        </div>
      )}
      {loading && <Loading>Searching…</Loading>}
      {!loading && next !== undefined && (
        <div class="more">
          <Button onClick={more}>Show more</Button>
          <span class="muted">{words.count(rows.length, 'session')} so far</span>
        </div>
      )}
      {!loading && next === undefined && rows.length > 0 && (
        <p class="more muted">
          {rows.length === 1 ? 'That is the only one.' : `That is all: ${rows.length} sessions.`}
        </p>
      )}
      {!loading && !error && rows.length === 0 && (searched ? <NothingFound /> : <NoSessions />)}
    </>
  );
}

function SessionRow({ row, now }: { row: SessionSummary; now: number }): JSX.Element {
  const { session, identity, room, joined, left, level, experience, seconds } = row;
  const scored = LEVELS.some((its) => seconds[its] > 0);
  return (
    <div class="session-row" role="row" data-testid="session">
      <span role="cell">
        <LevelBadge level={scored ? level : undefined} />
      </span>
      <span role="cell" class="session-who">
        <Link to={{ page: 'session', id: session }} title={identity}>
          <bdi>{identity}</bdi>
        </Link>
      </span>
      <span role="cell" class="session-room" title={room}>
        <bdi>{room}</bdi>
      </span>
      <span role="cell" class="session-joined">
        {words.moment(joined, now)}
      </span>
      <span role="cell" class="session-stayed">
        {left === null ? 'in the call' : words.duration(left - joined)}
      </span>
      <span role="cell" class="session-score">
        {words.score(experience.mean)}{' '}
        <span class="muted" title="lowest">
          <span class="visually-hidden">lowest</span>
          <span aria-hidden="true">≥</span> {words.score(experience.lowest)}
        </span>
      </span>
      <span role="cell" class="session-levels">
        <LevelShares counts={seconds} describe={(its) => `${words.duration(seconds[its] * 1000)} ${its}`} />
      </span>
    </div>
  );
}

function SearchForm({ search }: { search: SessionSearch }): JSX.Element {
  const [identity, setIdentity] = useState('');
  const [room, setRoom] = useState('');
  const [level, setLevel] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const ids = { identity: useId(), room: useId(), level: useId(), from: useId(), to: useId() };
  // Another search is shown at once: later, it would take away what somebody has begun to type.
  useLayoutEffect(() => {
    setIdentity(search.identity ?? '');
    setRoom(search.room ?? '');
    setLevel(search.level ?? '');
    setFrom(search.from === undefined ? '' : localInput(search.from));
    setTo(search.to === undefined ? '' : localInput(search.to));
  }, [JSON.stringify(search)]);
  const text = (id: string, label: string, value: string, set: (value: string) => void, more: object): JSX.Element => (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <input id={id} class="input" value={value} onInput={(event) => set(event.currentTarget.value)} {...more} />
    </div>
  );
  const free = { type: 'search', autocomplete: 'off', spellcheck: false, maxLength: 128 };
  return (
    <form
      class="search-form"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const times = { from: readLocalInput(from), to: readLocalInput(to) };
        go({
          page: 'sessions',
          search: {
            ...(identity === '' ? {} : { identity }),
            ...(room.trim() === '' ? {} : { room: room.trim() }),
            ...pickLevel(level),
            ...(times.from === undefined ? {} : { from: times.from }),
            ...(times.to === undefined ? {} : { to: times.to }),
          },
        });
      }}
    >
      {text(ids.identity, 'Identity', identity, setIdentity, { ...free, 'data-search': true })}
      {text(ids.room, 'Room', room, setRoom, free)}
      <div class="field">
        <label class="field-label" for={ids.level}>
          Level
        </label>
        <select id={ids.level} class="input" value={level} onChange={(event) => setLevel(event.currentTarget.value)}>
          <option value="">any</option>
          {LEVELS.map((its) => (
            <option key={its} value={its}>
              {its}
            </option>
          ))}
        </select>
      </div>
      {text(ids.from, 'Joined from', from, setFrom, { type: 'datetime-local', step: 1 })}
      {text(ids.to, 'to', to, setTo, { type: 'datetime-local', step: 1 })}
      <div class="search-buttons">
        <button type="submit" class="button button-primary">
          Search
        </button>
        {Object.keys(search).length > 0 && (
          <Button tone="quiet" onClick={() => go({ page: 'sessions', search: {} })}>
            Clear
          </Button>
        )}
      </div>
    </form>
  );
}

function pickLevel(text: string): Pick<SessionSearch, 'level'> {
  const level = LEVELS.find((its) => its === text);
  return level === undefined ? {} : { level };
}

function NothingFound(): JSX.Element {
  return (
    <Empty>
      <h2>Nothing was found</h2>
      <p>
        An identity and a room are searched for as they are written, to the letter. Sessions are kept for 30 days unless
        the configuration says otherwise.
      </p>
      <Button onClick={() => go({ page: 'sessions', search: {} })}>Show all sessions</Button>
    </Empty>
  );
}

function NoSessions(): JSX.Element {
  return (
    <Empty>
      <h2>There are no sessions yet</h2>
      <p>Each time somebody joins a room, a session begins here: who, when, for how long, and how good it was.</p>
      <Link class="button" to={{ page: 'live' }}>
        Go to the live rooms
      </Link>
    </Empty>
  );
}
