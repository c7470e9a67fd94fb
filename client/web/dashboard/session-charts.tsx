import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { Button } from '../ui/button.tsx';
import type { SessionReport } from './answers.ts';
import { columnOf, gridOf, METRICS, type Metric, runsOf } from './charts/timeline-data.ts';
import type { TimelineView } from './charts/timeline.ts';
import { TimelineCharts } from './charts/timeline-view.tsx';
import { type Row, rowsOf } from './history.ts';
import { Swatch } from './room-people.tsx';
import { RowTable } from './room-table.tsx';
import { Segments } from './segments.tsx';
import * as words from './words.ts';

type Range = { from: number; to: number };
type Reader = (row: Row) => number | null;

const nothing: Reader = () => null;
/** The lines of a session's charts. */
const LINES: { id: string; label: string; read: Record<Metric, Reader> }[] = [
  {
    id: 'up',
    label: 'Up',
    read: { score: (row) => row.up, bitrate: (row) => row.bitrateUp, loss: (row) => row.lossUp, rtt: (row) => row.rtt },
  },
  {
    id: 'down',
    label: 'Down',
    read: { score: (row) => row.down, bitrate: (row) => row.bitrateDown, loss: (row) => row.lossDown, rtt: nothing },
  },
  {
    id: 'experience',
    label: 'Experience',
    read: { score: (row) => row.experience, bitrate: nothing, loss: nothing, rtt: nothing },
  },
];
const ROWS = 100;

export type SessionChartsProps = {
  report: SessionReport;
  range: Range;
  zoomed: boolean;
  onRange: (range: Range | undefined) => void;
};

/** A session's course: what it sent, what it was sent, and what it saw and heard of it. */
export function SessionCharts({ report, range, zoomed, onRange }: SessionChartsProps): JSX.Element {
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<'charts' | 'table'>('charts');
  const [tableRows, setTableRows] = useState(ROWS);
  const rows = useMemo(() => rowsOf(report.series), [report]);
  const view = useMemo(() => viewOf(rows, report, range, hidden), [rows, range.from, range.to, hidden]);
  const at = cursor === undefined ? undefined : view.x[cursor];
  const now = Date.now();
  const inRange = rows.filter(({ t }) => t >= range.from - report.step * 1000 && t < range.to).toReversed();
  const row = at === undefined ? inRange[0] : rows.findLast(({ t }) => t <= at * 1000);
  return (
    <>
      <div class="toolbar">
        <Segments label="View" value={shown} options={{ charts: 'Charts', table: 'Table' }} onChange={setShown} />
        {zoomed && (
          <Button tone="quiet" onClick={() => onRange(undefined)}>
            Show all of it
          </Button>
        )}
      </div>
      <ul class="legend" aria-label="Lines">
        {LINES.map(({ id, label, read }, style) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                class="visually-hidden"
                checked={!hidden.has(id)}
                onChange={() =>
                  setHidden(new Set(hidden.has(id) ? [...hidden].filter((its) => its !== id) : [...hidden, id]))
                }
              />
              <Swatch style={style} /> {label}
              <span class="legend-values">{row === undefined ? words.UNKNOWN : valuesOf(read, row)}</span>
            </label>
          </li>
        ))}
        <li class="legend-at">{at === undefined ? 'at its end' : `at ${words.moment(at * 1000, now)}`}</li>
      </ul>
      {shown === 'charts' ? (
        <TimelineCharts
          view={view}
          cursor={cursor}
          onCursor={setCursor}
          onZoom={(from, to) => onRange({ from: from * 1000, to: to * 1000 })}
          onReset={() => onRange(undefined)}
          describe={(index) => describe(rows, view.x[index], now)}
        />
      ) : (
        <RowTable
          caption={`${words.moment(range.from, now)} to ${words.moment(range.to, now)}, the newest first`}
          rows={inRange.slice(0, tableRows).map((its) => ({ identity: report.identity, row: its }))}
          more={
            inRange.length > tableRows
              ? { left: inRange.length - tableRows, onMore: () => setTableRows(tableRows + ROWS) }
              : undefined
          }
        />
      )}
    </>
  );
}

function viewOf(rows: Row[], report: SessionReport, { from, to }: Range, hidden: ReadonlySet<string>): TimelineView {
  const { step } = report;
  const x = gridOf(from, to, step);
  const lines = LINES.map(({ id, label, read }, style) => ({
    id,
    label,
    style,
    columns: {
      score: columnOf(rows, x, step, read.score),
      bitrate: columnOf(rows, x, step, read.bitrate),
      loss: columnOf(rows, x, step, read.loss),
      rtt: columnOf(rows, x, step, read.rtt),
    },
  })).filter(({ id }) => !hidden.has(id));
  const lanes = [{ id: 'level', label: 'Level', style: undefined, runs: runsOf(rows, step, from, to) }];
  return { x, step, lines, lanes, from: from / 1000, to: to / 1000, chosen: undefined };
}

const FORMATS: Record<Metric, (value: number | null) => string> = {
  score: words.score,
  bitrate: words.bitrate,
  loss: words.percent,
  rtt: words.milliseconds,
};

function valuesOf(read: Record<Metric, Reader>, row: Row): string {
  const known = METRICS.filter((metric) => read[metric] !== nothing);
  return known.map((metric) => FORMATS[metric](read[metric](row))).join(' · ');
}

function describe(rows: Row[], seconds: number | undefined, now: number): string {
  const row = seconds === undefined ? undefined : rows.findLast(({ t }) => t <= seconds * 1000);
  if (seconds === undefined || row === undefined) return '';
  return `${words.moment(seconds * 1000, now)}: ${row.level}, up ${words.score(row.up)}, down ${words.score(row.down)}`;
}
