import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Level } from '../../../src/qoe/level.ts';
import { announce } from '../ui/announcements.tsx';
import { Button } from '../ui/button.tsx';
import type { Client } from './client.ts';
import { PageHeading } from './heading.tsx';
import { CauseLine, LevelMark, LevelShares, SHOWN_LEVELS } from './levels.tsx';
import { isTrouble, levelOf, type LiveRoom, nameOf, noCounts, type Present } from './live-state.ts';
import { Link } from './navigation.tsx';
import { DEFAULT_LAST } from './route.ts';
import { Empty, LinkState, Loading, LostNotice, useNow } from './status.tsx';
import { useLive } from './use-live.ts';
import * as words from './words.ts';

/** Rooms that are drawn at first, and with each press on the button below them. */
const ROOMS = 60;
/** People of a room that its card shows. */
const PEOPLE = 5;

/** All rooms as they are now, the worst first. */
export function LivePage({ client }: { client: Client }): JSX.Element {
  const { state, link, ready } = useLive(client);
  const now = useNow();
  const [wanted, setWanted] = useState('');
  const [shown, setShown] = useState(ROOMS);
  const all = state.rooms();
  const { rooms, hold } = useHeldOrder(all);
  const found = wanted === '' ? rooms : rooms.filter((room) => fits(room, wanted.toLowerCase()));
  const troubled = all.filter(({ level }) => isTrouble(level)).length;
  useTroubleAnnounced(all, ready);
  return (
    <>
      <header class="page-header">
        <PageHeading title="Live">Live rooms</PageHeading>
        {all.length > 0 && <Find value={wanted} onInput={setWanted} />}
        <LinkState link={link} />
      </header>
      <LostNotice link={link} />
      {ready && all.length === 0 ? (
        <NoRooms />
      ) : (
        <>
          <Summary rooms={all} troubled={troubled} />
          {!ready && all.length === 0 && link.state !== 'lost' && <Loading>Looking who is there…</Loading>}
          <ul class="rooms" aria-label="Rooms, the worst first" {...hold}>
            {found.slice(0, shown).map((room) => (
              <RoomCard key={room.name} room={room} now={now} />
            ))}
          </ul>
          {found.length === 0 && all.length > 0 && (
            <Empty>
              <p>No room and nobody in one is called that.</p>
              <Button onClick={() => setWanted('')}>Show all rooms</Button>
            </Empty>
          )}
          {found.length > shown && (
            <div class="more">
              <Button onClick={() => setShown(shown + ROOMS)}>
                Show more rooms ({words.count(found.length - shown, 'more', 'more')})
              </Button>
            </div>
          )}
        </>
      )}
    </>
  );
}

function Find({ value, onInput }: { value: string; onInput: (value: string) => void }): JSX.Element {
  return (
    <label class="search">
      <span class="visually-hidden">Find a room or participant</span>
      <input
        class="input"
        type="search"
        placeholder="Find a room or participant"
        data-search
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

function Summary({ rooms, troubled }: { rooms: LiveRoom[]; troubled: number }): JSX.Element {
  const counts = noCounts();
  let people = 0;
  for (const room of rooms) {
    people += room.people.length;
    for (const level of SHOWN_LEVELS) counts[level] += room.counts[level];
  }
  return (
    <section class="summary" aria-label="Summary">
      <p class="summary-lead" data-trouble={troubled > 0}>
        <strong>{troubled === 0 ? 'All is well' : `${words.count(troubled, 'room')} in trouble`}</strong>
        <span>
          {words.count(people, 'participant')} in {words.count(rooms.length, 'room')}
        </span>
      </p>
      <ul class="summary-levels" aria-label="Participants by level">
        {SHOWN_LEVELS.map((level) => (
          <li key={level} data-level={level} data-none={counts[level] === 0}>
            <strong>{counts[level]}</strong>
            <span>
              <LevelMark level={level} /> {level}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function RoomCard({ room, now }: { room: LiveRoom; now: number }): JSX.Element {
  const { name, people, level, counts } = room;
  const more = people.length - PEOPLE;
  return (
    <li class="room-card" data-level={level ?? 'unknown'} data-testid="room">
      <header>
        <LevelMark level={level} label={level ?? 'not scored yet'} />
        <h2>
          <Link class="room-link" to={{ page: 'room', room: name, range: { last: DEFAULT_LAST } }}>
            <bdi>{name}</bdi>
          </Link>
        </h2>
        <span class="room-count">{people.length === 0 ? 'empty' : words.count(people.length, 'participant')}</span>
      </header>
      {people.length > 0 && <LevelShares counts={counts} describe={(its: Level) => `${counts[its]} ${its}`} />}
      <ul class="room-people">
        {people.slice(0, PEOPLE).map((person) => (
          <Person key={person.session} person={person} now={now} />
        ))}
      </ul>
      {more > 0 && <p class="room-more">and {words.count(more, 'other')}</p>}
      {people.length === 0 && <p class="room-more">Nobody is there at the moment.</p>}
    </li>
  );
}

function Person({ person, now }: { person: Present; now: number }): JSX.Element {
  const level = levelOf(person);
  const { both } = person.report;
  const told = isTrouble(level) || level === 'good';
  return (
    <li class="room-person" data-level={level ?? 'unknown'}>
      <LevelMark level={level} label={level ?? 'not scored yet'} />
      <span class="room-about">
        <span class="room-identity" title={person.identity}>
          <bdi>{nameOf(person)}</bdi>
        </span>
        {told && (
          <span class="room-why">
            {both.cause ? <CauseLine cause={both.cause} short /> : <span class="cause">no cause known</span>}
            <span class="room-since" title={`since ${words.moment(both.since, now)}`}>
              {words.duration(now - both.since)}
            </span>
          </span>
        )}
      </span>
    </li>
  );
}

function NoRooms(): JSX.Element {
  const example = [
    `curl -X POST ${location.origin}/v1/rooms/lab/tokens \\`,
    `  -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' \\`,
    `  -d '{"identity": "ada"}'`,
  ].join('\n');
  return (
    <Empty>
      <LevelMark level="excellent" />
      <h2>Nobody is in a call</h2>
      <p>As soon as somebody is, the room and how well it goes appear here by themselves. To start one, make a link:</p>
      <pre tabIndex={0} aria-label="A command that makes a link to a meeting">
        {example}
      </pre>
      <p>
        The answer's <code>joinUrl</code> opens a meeting. For those that are over, look into{' '}
        <Link to={{ page: 'sessions', search: {} }}>the sessions</Link>.
      </p>
    </Empty>
  );
}

function fits(room: LiveRoom, wanted: string): boolean {
  return (
    room.name.toLowerCase().includes(wanted) ||
    room.people.some((person) => `${person.identity} ${nameOf(person)}`.toLowerCase().includes(wanted))
  );
}

type Hold = Pick<JSX.IntrinsicElements['ul'], 'onPointerEnter' | 'onPointerLeave' | 'onFocusIn' | 'onFocusOut'>;

/** Rooms do not change places under a pointer or the focus: those who are about to press would press another one. */
function useHeldOrder(rooms: LiveRoom[]): { rooms: LiveRoom[]; hold: Hold } {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const order = useRef<readonly string[]>([]);
  const places = new Map(order.current.map((name, place) => [name, place]));
  const place = ({ name }: LiveRoom): number => places.get(name) ?? places.size;
  const shown = pointed || focused ? rooms.toSorted((a, b) => place(a) - place(b)) : rooms;
  order.current = shown.map(({ name }) => name);
  const hold: Hold = {
    // A finger that scrolls does not point.
    onPointerEnter: ({ pointerType }) => setPointed(pointerType === 'mouse'),
    onPointerLeave: () => setPointed(false),
    onFocusIn: () => setFocused(true),
    onFocusOut: () => setFocused(false),
  };
  return { rooms: shown, hold };
}

/** Says it once when a room gets into trouble, for those who do not see it. */
function useTroubleAnnounced(rooms: LiveRoom[], ready: boolean): void {
  const before = useRef<Set<string> | undefined>(undefined);
  useEffect(() => {
    if (!ready) return;
    const troubled = rooms.filter(({ level }) => isTrouble(level));
    for (const { name, level } of troubled) {
      if (before.current && !before.current.has(name)) announce(`Room ${name} is ${level}`);
    }
    before.current = new Set(troubled.map(({ name }) => name));
  });
}
