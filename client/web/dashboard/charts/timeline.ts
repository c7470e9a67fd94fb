/**
 * Charts one below another over one axis of time: a lane of levels for each participant, and a panel for each measurement.
 * They share cursor and zoom, and trouble is shaded through all of them. The only file that knows uPlot, and loaded when a
 * chart is shown.
 */
import uPlot from 'uplot';

import * as words from '../words.ts';
import { drawLanes, drawTroubles, laneHeight, laneLabels, palette, type Palette } from './paint.ts';
import { dashOf } from './styles.ts';
import { type Line, METRICS, type Metric, type Run, type TimelineData, troublesOf } from './timeline-data.ts';

export type TimelineView = TimelineData & {
  /** What is shown, seconds; it may reach beyond the data. */
  readonly from: number;
  readonly to: number;
  /** The line that stands out, and whose trouble alone is shaded. */
  readonly chosen: string | undefined;
};

export type TimelineHandlers = {
  /** A stretch was drawn with the pointer, seconds. */
  onZoom: (from: number, to: number) => void;
  /** The pointer is at this place of the grid; undefined: it is gone. */
  onCursor: (index: number | undefined) => void;
};

export type Timeline = {
  update(view: TimelineView): void;
  /** Moves the cursor as the pointer does; undefined takes it away. */
  moveCursor(index: number | undefined): void;
  destroy(): void;
};

const FORMATS: Record<Metric, (value: number) => string> = {
  score: words.score,
  bitrate: words.bitrate,
  loss: words.percent,
  rtt: words.milliseconds,
};

/** A panel is as high as it needs, and reaches to at least this value, so that a quiet line does not look wild. */
const LEAST_TOP: Record<Metric, number> = { score: 5, bitrate: 100_000, loss: 0.05, rtt: 100 };
const PANEL_HEIGHT = 122;
const AXIS_HEIGHT = 30;
const NARROW = 560;
/** Seconds that may lie between two times on the axis. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((hours) => hours * 3600),
];

let timelines = 0;

/** Draws into `root`, which gives the width. */
export function createTimeline(root: HTMLElement, first: TimelineView, handlers: TimelineHandlers): Timeline {
  timelines += 1;
  const key = `timeline-${timelines}`;
  let view = first;
  let troubles = shaded(view);
  let charts: uPlot[] = [];
  let colours = palette(root);
  let drawn = '';
  let moving = false;

  const build = (): void => {
    for (const chart of charts) chart.destroy();
    colours = palette(root);
    drawn = shapeOf(view);
    root.style.setProperty('--axis', `${axisWidth(root.clientWidth) + 2}px`);
    const shared = { key, width: root.clientWidth, colours: () => colours, view: () => view, troubles: () => troubles };
    const cursor = (index: number | undefined): void => {
      // All charts of the group tell it; the first is enough, and where it came from does not matter.
      if (!moving) handlers.onCursor(index);
    };
    const on = { onCursor: cursor, onZoom: handlers.onZoom };
    charts = [
      new uPlot(laneOptions(shared, on), laneColumns(view), root),
      ...METRICS.map(
        (metric, index) =>
          new uPlot(panelOptions(metric, index === METRICS.length - 1, shared, on), columns(view, metric), root),
      ),
    ];
  };

  const resized = new ResizeObserver(() => {
    const width = root.clientWidth;
    if (width === 0 || charts[0]?.width === width) return;
    // The axes' width depends on it.
    if (width < NARROW === (charts[0]?.width ?? 0) < NARROW)
      for (const chart of charts) chart.setSize({ width, height: chart.height });
    else build();
  });
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const recoloured = (): void => build();
  build();
  resized.observe(root);
  scheme.addEventListener('change', recoloured);

  return {
    update(next) {
      view = next;
      troubles = shaded(next);
      if (shapeOf(next) !== drawn) return build();
      const [lanes, ...panels] = charts;
      lanes?.setData(laneColumns(next), true);
      for (const [index, panel] of panels.entries()) {
        panel.setData(columns(next, METRICS[index]!), true);
        focus(panel, next);
      }
    },
    moveCursor(index) {
      const chart = charts[1];
      if (chart === undefined) return;
      moving = true;
      const at = index === undefined ? undefined : view.x[index];
      const left = at === undefined ? -10 : chart.valToPos(at, 'x');
      chart.setCursor({ left, top: at === undefined ? -10 : chart.over.clientHeight / 2 });
      moving = false;
    },
    destroy() {
      resized.disconnect();
      scheme.removeEventListener('change', recoloured);
      for (const chart of charts) chart.destroy();
      charts = [];
    },
  };
}

type Shared = {
  readonly key: string;
  readonly width: number;
  readonly colours: () => Palette;
  readonly view: () => TimelineView;
  readonly troubles: () => Run[];
};

/** What cannot be changed in a chart that stands: its lines and lanes. */
function shapeOf({ lines, lanes }: TimelineView): string {
  return JSON.stringify([lines.map(({ id, style }) => [id, style]), lanes.map(({ id }) => id)]);
}

function shaded({ lanes, chosen }: TimelineView): Run[] {
  return troublesOf(chosen === undefined ? lanes : lanes.filter(({ id }) => id === chosen));
}

function columns({ x, lines }: TimelineView, metric: Metric): uPlot.AlignedData {
  return [x, ...lines.map((line) => line.columns[metric])];
}

/** Lanes are painted; uPlot needs something to put the cursor on. */
function laneColumns({ x }: TimelineView): uPlot.AlignedData {
  return [x, x.map(() => 0)];
}

function focus(chart: uPlot, { lines, chosen }: TimelineView): void {
  const index = lines.findIndex(({ id }) => id === chosen);
  chart.setSeries(index === -1 ? null : index + 1, { focus: true }, false);
}

/** CSS pixels of the axis on the left, with the names of the lanes. */
function axisWidth(width: number): number {
  return width < NARROW ? 62 : 104;
}

function base(shared: Shared, handlers: TimelineHandlers) {
  const axisSize = axisWidth(shared.width);
  return {
    width: shared.width,
    legend: { show: false },
    focus: { alpha: 0.22 },
    scales: {
      x: { time: true, range: (): uPlot.Range.MinMax => [shared.view().from, shared.view().to] },
    } as uPlot.Scales,
    cursor: {
      sync: { key: shared.key, scales: ['x', null] },
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
    } as uPlot.Cursor,
    axisSize,
    hooks: {
      setSelect: [
        (chart: uPlot) => {
          const { left, width } = chart.select;
          if (width < 6) return;
          const [from, to] = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')];
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          handlers.onZoom(from, to);
        },
      ],
      setCursor: [(chart: uPlot) => handlers.onCursor(chart.cursor.idx ?? undefined)],
    },
  };
}

function timeAxis({ colours: current, width }: Shared, show: boolean): uPlot.Axis {
  const colours = current();
  return {
    show: true,
    stroke: colours.muted,
    font: colours.font,
    size: show ? AXIS_HEIGHT : 0,
    ticks: { show },
    gap: 6,
    space: width < NARROW ? 56 : 84,
    incrs: TIME_STEPS,
    grid: { stroke: colours.line, width: 1 },
    values: (_, splits, __, ___, step) =>
      splits.map((at, index) => {
        if (!show) return '';
        const first = index === 0 || new Date(splits[index - 1]! * 1000).getDate() !== new Date(at * 1000).getDate();
        if (step >= 86_400 || (first && index > 0)) return words.day(at * 1000, Date.now());
        return step < 60 ? words.clock(at * 1000) : words.shortClock(at * 1000);
      }),
  };
}

function panelOptions(metric: Metric, last: boolean, shared: Shared, handlers: TimelineHandlers): uPlot.Options {
  const { axisSize, hooks, scales, ...common } = base(shared, handlers);
  const colours = shared.colours();
  return {
    ...common,
    class: `panel-${metric}`,
    height: PANEL_HEIGHT + (last ? AXIS_HEIGHT : 0),
    padding: [24, 12, 4, 0],
    scales: {
      ...scales,
      y: {
        range: (_, __, max) =>
          metric === 'score' ? [1, 5] : [0, niceTop(Math.max(LEAST_TOP[metric], max ?? 0) * 1.05)],
      },
    },
    series: [{}, ...shared.view().lines.map((line) => seriesOf(line, colours))],
    axes: [
      timeAxis(shared, last),
      {
        stroke: colours.muted,
        font: colours.font,
        size: axisSize,
        gap: 8,
        space: 26,
        ticks: { show: false },
        grid: { stroke: colours.line, width: 1 },
        ...(metric === 'score' ? { splits: () => [1, 2, 3, 4, 5] } : {}),
        values: (_, splits) => splits.map((value) => (metric === 'score' ? String(value) : FORMATS[metric](value))),
      },
    ],
    hooks: {
      ...hooks,
      drawClear: [(chart) => drawTroubles(chart, shared.troubles(), shared.colours())],
    },
  };
}

function laneOptions(shared: Shared, handlers: TimelineHandlers): uPlot.Options {
  const { axisSize, hooks, scales, ...common } = base(shared, handlers);
  const { lanes } = shared.view();
  return {
    ...common,
    class: 'panel-levels',
    height: lanes.length * laneHeight(lanes.length) + 30,
    padding: [24, 12, 6, 0],
    scales: { ...scales, y: { range: [0, Math.max(1, lanes.length)] } },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      timeAxis(shared, false),
      { size: axisSize, splits: () => [], ticks: { show: false }, grid: { show: false } },
    ],
    hooks: {
      ...hooks,
      drawClear: [(chart) => drawTroubles(chart, shared.troubles(), shared.colours())],
      draw: [
        (chart) => {
          const view = shared.view();
          drawLanes(chart, view.lanes, view.chosen, shared.colours());
          laneLabels(chart, view.lanes, view.chosen, shared.colours());
        },
      ],
    },
  };
}

function seriesOf({ label, style }: Line, colours: Palette): uPlot.Series {
  return {
    label,
    stroke: colours.lines[style % colours.lines.length]!,
    width: 1.75,
    dash: [...dashOf(style)],
    spanGaps: false,
  };
}

/** 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8].find((factor) => value <= factor * power) ?? 10) * power;
}
