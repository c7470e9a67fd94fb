import type { JSX } from 'preact';

import type { Quality } from './answers.ts';
import { colourOf, dashOf } from './charts/styles.ts';
import { type Direction, valueOf } from './charts/timeline-data.ts';
import { type Row, rowOf } from './history.ts';
import { CauseLine, LevelBadge, Since } from './levels.tsx';
import { levelOf } from './live-state.ts';
import { Link } from './navigation.tsx';
import { type Participant, rowAt } from './room-view.ts';
import * as words from './words.ts';

export type RoomPeopleProps = {
  people: Participant[];
  visible: ReadonlySet<string>;
  chosen: string | undefined;
  direction: Direction;
  /** Where the cursor is, seconds; undefined: now. */
  at: number | undefined;
  now: number;
  step: number;
  onToggle: (session: string, on: boolean) => void;
  onChoose: (session: string | undefined) => void;
};

/** Everybody in the room: how they are, why, and since when; and what is drawn of them, as the charts' legend. */
export function RoomPeople(props: RoomPeopleProps): JSX.Element {
  const { people, at, now, onChoose } = props;
  const here = people.filter(({ present }) => present !== undefined).length;
  return (
    <section class="people-panel" aria-label="Participants">
      <header class="people-header">
        <h2>
          {words.count(here, 'participant')}
          {people.length > here && <span class="muted"> and {people.length - here} who left</span>}
        </h2>
        <span class="people-at" data-testid="people-at">
          {at === undefined ? 'now' : `at ${words.moment(at * 1000, now)}`}
        </span>
      </header>
      <ul class="people-list" onPointerLeave={() => onChoose(undefined)}>
        {people.map((participant) => (
          <PersonItem key={participant.session} participant={participant} {...props} />
        ))}
      </ul>
    </section>
  );
}

function PersonItem(props: RoomPeopleProps & { participant: Participant }): JSX.Element {
  const { participant, visible, chosen, direction, at, now, step, onToggle, onChoose } = props;
  const { session, identity, name, style, present, track } = participant;
  const report = present?.report;
  const row = at === undefined ? report && rowOf(report) : rowAt(track, at * 1000, step);
  const level = at === undefined ? present && levelOf(present) : row?.level;
  return (
    <li
      class="person-item"
      data-testid="participant"
      data-level={level ?? 'unknown'}
      data-chosen={chosen === session}
      data-gone={present === undefined}
      onPointerEnter={(event) => event.pointerType === 'mouse' && onChoose(session)}
      onFocusIn={() => onChoose(session)}
      onFocusOut={() => onChoose(undefined)}
    >
      <div class="person-top">
        <label class="swatch">
          <input
            type="checkbox"
            class="visually-hidden"
            aria-label={`Show ${name} in the charts`}
            checked={visible.has(session)}
            onChange={(event) => onToggle(session, event.currentTarget.checked)}
          />
          <Swatch style={style} />
        </label>
        <Link class="person-link" to={{ page: 'session', id: session }} title={identity}>
          <bdi>{name}</bdi>
        </Link>
        {level === undefined && present === undefined ? (
          <span class="muted">{at === undefined ? 'left' : 'not there'}</span>
        ) : (
          <LevelBadge level={level} />
        )}
      </div>
      {name !== identity && (
        <p class="person-identity">
          <bdi>{identity}</bdi>
        </p>
      )}
      {at === undefined && report && <Blame up={report.up} down={report.down} now={now} />}
      <Values row={row} direction={direction} />
    </li>
  );
}

/** What is wrong with each way, and since when. Nothing where nothing is. */
function Blame({ up, down, now }: { up: Quality; down: Quality; now: number }): JSX.Element {
  const wrong = [up, down].filter(({ score, level }) => score !== null && level !== 'excellent');
  return (
    <>
      {wrong.map(({ cause, level, since }) => (
        <p key={cause?.direction ?? 'none'} class="blame" data-level={level} data-testid="blame">
          {cause === null ? <span class="cause">{level}, no cause known</span> : <CauseLine cause={cause} />}
          <Since since={cause?.since ?? since} now={now} />
        </p>
      ))}
    </>
  );
}

function Values({ row, direction }: { row: Row | undefined; direction: Direction }): JSX.Element {
  const read = (metric: Parameters<typeof valueOf>[1]) => (row === undefined ? null : valueOf(row, metric, direction));
  return (
    <dl class="values">
      <Value name="Score" text={words.score(read('score'))} />
      <Value name="Bitrate" text={words.bitrate(read('bitrate'))} />
      <Value name="Loss" text={words.percent(read('loss'))} />
      <Value name="RTT" text={words.milliseconds(read('rtt'))} />
    </dl>
  );
}

function Value({ name, text }: { name: string; text: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

/** A piece of the line by which somebody is known in the charts. */
export function Swatch({ style }: { style: number }): JSX.Element {
  return (
    <svg class="swatch-line" viewBox="0 0 26 12" aria-hidden="true" focusable="false">
      <line
        x1="2"
        y1="6"
        x2="24"
        y2="6"
        style={{ stroke: `var(${colourOf(style)})` }}
        stroke-dasharray={dashOf(style).join(' ')}
      />
    </svg>
  );
}
