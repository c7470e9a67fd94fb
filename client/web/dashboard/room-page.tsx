import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { RoomAnswer } from './answers.ts';
import { stepFor, type Direction } from './charts/timeline-data.ts';
import { TimelineCharts } from './charts/timeline-view.tsx';
import type { Client } from './client.ts';
import { PageHeading } from './heading.tsx';
import { History, trackOf } from './history.ts';
import { LevelBadge } from './levels.tsx';
import { levelOf } from './live-state.ts';
import { go, Link } from './navigation.tsx';
import { RangeBar } from './range-bar.tsx';
import { RoomPeople } from './room-people.tsx';
import { participantsOf, roomView, rowAt, shownAtFirst } from './room-view.ts';
import { RoomTable } from './room-table.tsx';
import type { TimeRange } from './route.ts';
import { Segments } from './segments.tsx';
import { Empty, Failure, LinkState, Loading, LostNotice, useNow } from './status.tsx';
import { useAnswer } from './use-answer.ts';
import { useLive } from './use-live.ts';
import * as words from './words.ts';

type Shown = 'charts' | 'table';

/** A room: who is in it and how they are, and how it has been. */
export function RoomPage({ client, room, range }: { client: Client; room: string; range: TimeRange }): JSX.Element {
  const now = useNow();
  const history = useRoomHistory(client, room, range);
  const { live, answer } = history;
  const [direction, setDirection] = useState<Direction>('both');
  const [shown, setShown] = useState<Shown>('charts');
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const styles = useRef(new Map<string, number>());

  const [from, to] = 'last' in range ? [now - range.last * 1000, now] : [range.from, range.to];
  const tracks = history.tracks(from, to);
  const present = live.state.people(room);
  const people = participantsOf(present, tracks, styles.current);
  const visible = shownAtFirst(people, toggled);
  const view = useMemo(
    () => roomView(people, { visible, direction, from, to, step: history.step, chosen }),
    // In a range that stands still, only what is chosen can change.
    ['last' in range ? now : from, to, history.loaded, direction, toggled, chosen, history.step],
  );
  const at = cursor === undefined ? undefined : view.x[cursor];
  const worst = present[0];
  const nothing = people.length === 0;
  return (
    <>
      <header class="page-header">
        <div class="page-names">
          <Link class="crumb" to={{ page: 'live' }}>
            Live
          </Link>
          <PageHeading title={room}>
            <bdi>{room}</bdi>
          </PageHeading>
          {worst !== undefined && <LevelBadge level={levelOf(worst)} />}
        </div>
        <LinkState link={live.link} />
      </header>
      <LostNotice link={live.link} />
      {answer.error && <Failure error={answer.error} again={answer.again} />}
      <div class="toolbar">
        <RangeBar range={range} onRange={(next) => go({ page: 'room', room, range: next })} />
        <Segments
          label="Direction"
          value={direction}
          options={{ both: 'Both', up: 'Up', down: 'Down' }}
          onChange={setDirection}
        />
        <Segments label="View" value={shown} options={{ charts: 'Charts', table: 'Table' }} onChange={setShown} />
      </div>
      {nothing && answer.loading && <Loading>Loading the room…</Loading>}
      {nothing && !answer.loading && !answer.error && <NobodyThere room={room} range={range} />}
      {!nothing && (
        <div class="room-columns">
          <RoomPeople
            people={people}
            visible={visible}
            chosen={chosen}
            direction={direction}
            at={at}
            now={now}
            step={history.step}
            onToggle={(session, on) => setToggled(new Map(toggled).set(session, on))}
            onChoose={setChosen}
          />
          <section class="room-history" aria-label="Over time">
            {answer.value?.complete === false && (
              <p class="hint">There is more in this range than one answer holds: choose a shorter one to see all.</p>
            )}
            {shown === 'charts' ? (
              <TimelineCharts
                view={view}
                cursor={cursor}
                onCursor={setCursor}
                onZoom={(start, end) => go({ page: 'room', room, range: { from: start * 1000, to: end * 1000 } })}
                onReset={() => 'from' in range && window.history.back()}
                describe={(index) =>
                  describe(
                    people.filter(({ session }) => visible.has(session)),
                    view.x[index],
                  )
                }
              />
            ) : (
              <RoomTable
                key={history.loaded}
                people={people.filter(({ session }) => visible.has(session))}
                from={from}
                to={'last' in range ? Date.now() : to}
              />
            )}
          </section>
        </div>
      )}
    </>
  );

  function describe(those: typeof people, seconds: number | undefined): string {
    if (seconds === undefined) return '';
    const parts = those.flatMap(({ identity, track }) => {
      const row = rowAt(track, seconds * 1000, history.step);
      return row === undefined ? [] : [`${identity} ${row.level}, score ${words.score(row.lowest)}`];
    });
    return `${words.moment(seconds * 1000, now)}: ${parts.join('; ') || 'nothing'}`;
  }
}

function NobodyThere({ room, range }: { room: string; range: TimeRange }): JSX.Element {
  return (
    <Empty>
      <h2>Nobody was in this room {'last' in range ? `in the last ${words.duration(range.last * 1000)}` : 'then'}</h2>
      <p>Choose a longer time above, or look for earlier calls in it.</p>
      <Link class="button" to={{ page: 'sessions', search: { room } }}>
        Search sessions in <bdi>{room}</bdi>
      </Link>
    </Empty>
  );
}

/** What the server answers for the range, with what comes live behind it. */
function useRoomHistory(client: Client, room: string, range: TimeRange) {
  const history = useRef(new History());
  const [loaded, setLoaded] = useState(0);
  const moving = 'last' in range;
  const [answeredStep, setAnsweredStep] = useState(1);
  // How fine the rows of a range are that stands still is the server's to say: it knows which it still has.
  const step = moving ? stepFor(range.last) : answeredStep;
  const key = moving ? `${room} last ${range.last}` : `${room} ${range.from} ${range.to}`;
  const answer = useAnswer<RoomAnswer>(key, async (signal) => {
    const now = Date.now();
    const query = moving ? { from: now - range.last * 1000, to: now + 1000, step } : whole(range);
    const found = await client.get<RoomAnswer>(`/v1/qoe/rooms/${encodeURIComponent(room)}`, query, signal);
    if (history.current.key !== key) history.current = new History(key);
    history.current.load(found.sessions.map(trackOf));
    setAnsweredStep(found.step);
    setLoaded((count) => count + 1);
    return found;
  });
  const live = useLive(client, room, (person) => {
    // Longer steps are summed up by the server, and asked for again.
    if (moving && step === 1) history.current.append(person, Date.now() - range.last * 1000);
  });
  const { state } = live.link;
  const wasLost = useRef(false);
  useEffect(() => {
    if (state === 'lost') wasLost.current = true;
    else if (state === 'open' && wasLost.current) {
      wasLost.current = false;
      answer.again();
    }
  }, [state]);
  useEffect(() => {
    if (!moving || step === 1) return undefined;
    const asking = setInterval(() => document.hidden || answer.again(), step * 1000);
    return () => clearInterval(asking);
  }, [key, step]);
  return {
    live,
    answer,
    loaded,
    step,
    tracks: (from: number, to: number) => history.current.tracks(from, to),
  };
}

function whole({ from, to }: { from: number; to: number }): { from: number; to: number } {
  return { from: Math.floor(from), to: Math.ceil(to) };
}
