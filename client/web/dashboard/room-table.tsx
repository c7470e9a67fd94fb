import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { Button } from '../ui/button.tsx';
import { causeText } from './causes.ts';
import type { Row } from './history.ts';
import { LevelBadge } from './levels.tsx';
import type { Participant } from './room-view.ts';
import * as words from './words.ts';

const ROWS = 100;

/** What the charts show, as a table: the newest first. Stands still, so that it can be read. */
export function RoomTable({ people, from, to }: { people: Participant[]; from: number; to: number }): JSX.Element {
  const [rows] = useState(() => rowsBetween(people, from, to));
  const [shown, setShown] = useState(ROWS);
  return (
    <RowTable
      caption={`${words.moment(from, Date.now())} to ${words.moment(to, Date.now())}, the newest first`}
      rows={rows.slice(0, shown)}
      more={rows.length > shown ? { left: rows.length - shown, onMore: () => setShown(shown + ROWS) } : undefined}
    />
  );
}

export type NamedRow = { identity: string; row: Row };
export type RowTableProps = {
  caption: string;
  rows: NamedRow[];
  more: { left: number; onMore: () => void } | undefined;
};

export function RowTable({ caption, rows, more }: RowTableProps): JSX.Element {
  const now = Date.now();
  return (
    <>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Table of the charts">
        <table class="table" data-testid="table">
          <caption>{caption}</caption>
          <thead>
            <tr>
              {[
                'Time',
                'Participant',
                'Level',
                'Score',
                'Bitrate up',
                'down',
                'Loss up',
                'down',
                'RTT',
                'Cost most',
              ].map((name, index) => (
                <th key={index} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ identity, row }) => (
              <tr key={`${row.t} ${identity}`}>
                <td>{words.moment(row.t, now)}</td>
                <th scope="row">
                  <bdi>{identity}</bdi>
                </th>
                <td>
                  <LevelBadge level={row.level} />
                </td>
                <td>{words.score(row.lowest)}</td>
                <td>{words.bitrate(row.bitrateUp)}</td>
                <td>{words.bitrate(row.bitrateDown)}</td>
                <td>{words.percent(row.lossUp)}</td>
                <td>{words.percent(row.lossDown)}</td>
                <td>{words.milliseconds(row.rtt)}</td>
                <td>{row.cause === null ? '' : causeText(row.cause)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p class="hint">There is nothing in this time.</p>}
      {more !== undefined && (
        <div class="more">
          <Button onClick={more.onMore}>Show more rows ({words.count(more.left, 'more', 'more')})</Button>
        </div>
      )}
    </>
  );
}

function rowsBetween(people: Participant[], from: number, to: number): NamedRow[] {
  return people
    .flatMap(({ identity, track }) => (track?.rows ?? []).map((row) => ({ identity, row })))
    .filter(({ row }) => row.t >= from && row.t < to)
    .toSorted((a, b) => b.row.t - a.row.t);
}
