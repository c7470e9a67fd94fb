import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import type { Level } from '../../../src/qoe/level.ts';
import type { SessionReport } from './answers.ts';
import type { Client } from './client.ts';
import { CostList } from './cost-list.tsx';
import { endWords } from './end-reasons.ts';
import { PageHeading } from './heading.tsx';
import { LevelBadge, LevelMark, LevelShares, SHOWN_LEVELS } from './levels.tsx';
import { Link } from './navigation.tsx';
import { SessionCharts } from './session-charts.tsx';
import { Empty, Failure, Loading } from './status.tsx';
import { useAnswer } from './use-answer.ts';
import { Waterfall } from './waterfall.tsx';
import * as words from './words.ts';

const AGAIN_MS = 5000;

/** Everything that is known of one presence of somebody in a room. */
export function SessionPage({ client, id }: { client: Client; id: string }): JSX.Element {
  const { value, error, loading, again } = useAnswer<SessionReport>(id, (signal) =>
    client.get(`/v1/qoe/sessions/${encodeURIComponent(id)}`, {}, signal),
  );
  useEffect(() => {
    if (value?.live !== true) return undefined;
    const asking = setInterval(() => document.hidden || again(), AGAIN_MS);
    return () => clearInterval(asking);
  }, [value?.live, id]);
  if (value !== undefined) {
    return (
      <>
        {error && <Failure error={error} again={again} />}
        <Report client={client} report={value} />
      </>
    );
  }
  const missing = error !== undefined && error.code.endsWith('not-found');
  return (
    <>
      <PageHeading title="Session">Session</PageHeading>
      {missing && (
        <Empty>
          <h2>There is no such session</h2>
          <p>It is not known to this server, or so long ago that it was deleted.</p>
          <Link class="button" to={{ page: 'sessions', search: {} }}>
            Search sessions
          </Link>
        </Empty>
      )}
      {error && !missing && <Failure error={error} again={again} />}
      {loading && !error && <Loading>Loading the session…</Loading>}
    </>
  );
}

function Report({ client, report }: { client: Client; report: SessionReport }): JSX.Element {
  const { identity, room, joined, left, live, level, seconds, experience, joinSteps, reconnects, causes } = report;
  const now = Date.now();
  const scored = SHOWN_LEVELS.some((its) => seconds[its] > 0);
  return (
    <>
      <header class="page-header">
        <div class="page-names">
          <Link class="crumb" to={{ page: 'sessions', search: { identity } }}>
            Sessions
          </Link>
          <PageHeading title={`${identity} in ${room}`}>
            <bdi>{identity}</bdi>
          </PageHeading>
          <LevelBadge level={scored ? level : undefined} />
        </div>
        {live && (
          <span class="link-state" data-state="open">
            <span class="link-dot" aria-hidden="true" />
            In the call
          </span>
        )}
      </header>
      <dl class="facts">
        <Fact name="Room">
          <Link to={{ page: 'room', room, range: { from: joined - 5000, to: (left ?? now) + 5000 } }}>
            <bdi>{room}</bdi>
          </Link>
        </Fact>
        <Fact name="Joined">{words.moment(joined, now)}</Fact>
        <Fact name={live ? 'There for' : 'Stayed'}>{words.duration((left ?? now) - joined)}</Fact>
        <Fact name="Ended">{live ? 'not yet' : endWords(report.endReason)}</Fact>
        <Fact name="Experience">
          {words.score(experience.mean)} <span class="muted">lowest {words.score(experience.lowest)}</span>
        </Fact>
        <Fact name="Reconnects">{reconnects === 0 ? 'none' : String(reconnects)}</Fact>
      </dl>
      <div class="report">
        <section class="card" aria-labelledby="levels-title">
          <h2 id="levels-title">Time at each level</h2>
          {scored ? <Minutes seconds={seconds} /> : <p class="hint">Nothing of it was scored.</p>}
        </section>
        <section class="card" aria-labelledby="join-title">
          <h2 id="join-title">The join, step by step</h2>
          <Waterfall steps={joinSteps} />
        </section>
        <section class="card" aria-labelledby="cost-title">
          <h2 id="cost-title">What cost most</h2>
          <CostList causes={causes} none="Nothing cost it any quality." />
        </section>
        <Charts client={client} report={report} />
      </div>
    </>
  );
}

function Charts({ client, report }: { client: Client; report: SessionReport }): JSX.Element {
  const [zoom, setZoom] = useState<{ from: number; to: number } | undefined>(undefined);
  const end = useMemo(() => report.left ?? Date.now(), [report]);
  // A part of it is there in finer rows than the whole.
  const key = zoom === undefined || report.step === 1 ? '' : `${report.session} ${zoom.from} ${zoom.to}`;
  const part = useAnswer<SessionReport | undefined>(key, async (signal) => {
    if (key === '' || zoom === undefined) return undefined;
    const range = { from: Math.max(0, Math.floor(zoom.from)), to: Math.ceil(zoom.to) };
    return client.get(`/v1/qoe/sessions/${encodeURIComponent(report.session)}`, range, signal);
  });
  const shown = part.value ?? report;
  return (
    <section class="card report-charts" aria-labelledby="charts-title">
      <h2 id="charts-title">Over time</h2>
      {report.series.t.length === 0 ? (
        <p class="hint">Nothing is stored of its course: it was too short, or it is too long ago.</p>
      ) : (
        <SessionCharts
          report={shown}
          range={zoom ?? { from: report.joined, to: end }}
          onRange={setZoom}
          zoomed={zoom !== undefined}
        />
      )}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Minutes({ seconds }: { seconds: Record<Level, number> }): JSX.Element {
  const describe = (level: Level): string => `${words.duration(seconds[level] * 1000)} ${level}`;
  return (
    <>
      <LevelShares counts={seconds} describe={describe} />
      <ul class="minutes">
        {SHOWN_LEVELS.map((level) => (
          <li key={level} data-level={level} data-none={seconds[level] === 0}>
            <LevelMark level={level} /> {level}
            <strong>{seconds[level] === 0 ? words.UNKNOWN : words.duration(seconds[level] * 1000)}</strong>
          </li>
        ))}
      </ul>
    </>
  );
}
