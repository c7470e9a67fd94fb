/** What is painted into the charts beside their lines: levels, trouble, names. Levels differ in height and pattern, too. */
import type uPlot from 'uplot';

import type { Level } from '../../../../src/qoe/level.ts';
import { COLOURS, colourOf, dashOf } from './styles.ts';
import type { Lane, Run } from './timeline-data.ts';

export type Palette = {
  readonly muted: string;
  readonly text: string;
  readonly line: string;
  readonly font: string;
  readonly lines: readonly string[];
  readonly levels: Readonly<Record<Level, string>>;
  readonly shades: Readonly<Record<'poor' | 'lost', string>>;
  /** Stripes for what is poor. */
  readonly stripes: string | CanvasPattern;
};

/** How much of its lane a level fills: the worse, the higher. */
const FILL: Record<Level, number> = { lost: 1, poor: 0.72, good: 0.36, excellent: 0.14 };

/** The colours of the page as it looks now. */
export function palette(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    muted: colour('--muted'),
    text: colour('--text'),
    line: colour('--line'),
    font: `11px ${style.fontFamily}`,
    lines: Array.from({ length: COLOURS }, (_, index) => colour(colourOf(index))),
    levels: {
      lost: colour('--fill-lost'),
      poor: colour('--fill-poor'),
      good: colour('--fill-good'),
      excellent: colour('--fill-excellent'),
    },
    shades: { poor: colour('--shade-poor'), lost: colour('--shade-lost') },
    stripes: stripes(colour('--stripe-poor')),
  };
}

function stripes(colour: string): string | CanvasPattern {
  const size = 8;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const context = tile.getContext('2d');
  if (context === null) return colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const offset of [-size, 0, size]) {
    context.moveTo(offset, size);
    context.lineTo(offset + size, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}

/** Shades trouble from the top to the bottom of a chart, so that it goes on in the next one. */
export function drawTroubles(
  chart: uPlot,
  troubles: readonly Run[],
  { shades, stripes: pattern, levels }: Palette,
): void {
  const { ctx, bbox } = chart;
  const height = ctx.canvas.height;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, height);
  ctx.clip();
  for (const { from, to, level } of troubles) {
    if (level !== 'poor' && level !== 'lost') continue;
    const left = Math.round(chart.valToPos(from, 'x', true));
    const width = Math.max(2, Math.round(chart.valToPos(to, 'x', true)) - left);
    ctx.fillStyle = shades[level];
    ctx.fillRect(left, 0, width, height);
    if (level === 'poor') {
      ctx.fillStyle = pattern;
      ctx.fillRect(left, 0, width, height);
    }
    // Where it begins.
    ctx.fillStyle = levels[level];
    ctx.globalAlpha = 0.55;
    ctx.fillRect(left, 0, Math.max(1, devicePixelRatio), height);
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** CSS pixels of a lane; with many of them less. */
export function laneHeight(lanes: number): number {
  return lanes <= 6 ? 20 : 16;
}

export function drawLanes(chart: uPlot, lanes: readonly Lane[], chosen: string | undefined, colours: Palette): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, ctx.canvas.height);
  ctx.clip();
  for (const [index, { id, runs }] of lanes.entries()) {
    const { top, height } = laneBox(chart, index, lanes.length);
    ctx.globalAlpha = chosen === undefined || chosen === id ? 1 : 0.3;
    for (const { from, to, level } of runs) {
      const left = Math.round(chart.valToPos(from, 'x', true));
      const width = Math.max(1, Math.round(chart.valToPos(to, 'x', true)) - left);
      const full = Math.max(2, Math.round(height * FILL[level]));
      ctx.fillStyle = colours.levels[level];
      ctx.fillRect(left, Math.round(top + height - full), width, full);
    }
  }
  ctx.restore();
}

/** Each lane's name, with the line by which it is known in the charts below. */
export function laneLabels(chart: uPlot, lanes: readonly Lane[], chosen: string | undefined, colours: Palette): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const right = bbox.left - 8 * ratio;
  ctx.save();
  ctx.font = colours.font.replace(/^\d+/u, (size) => `${Number(size) * ratio}`);
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  for (const [index, { id, label, style }] of lanes.entries()) {
    const { top, height } = laneBox(chart, index, lanes.length);
    const middle = top + height / 2;
    ctx.globalAlpha = chosen === undefined || chosen === id ? 1 : 0.4;
    const sample = style === undefined ? 0 : 20 * ratio;
    if (style !== undefined) {
      ctx.strokeStyle = colours.lines[style % COLOURS]!;
      ctx.lineWidth = 2 * ratio;
      ctx.setLineDash(dashOf(style).map((part) => part * ratio));
      ctx.beginPath();
      ctx.moveTo(right - 14 * ratio, middle);
      ctx.lineTo(right, middle);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    ctx.fillStyle = colours.muted;
    ctx.fillText(fitting(ctx, label, right - sample - 4 * ratio), right - sample, middle);
  }
  ctx.restore();
}

function laneBox(chart: uPlot, index: number, count: number): { top: number; height: number } {
  const { top, height } = chart.bbox;
  const lane = height / Math.max(1, count);
  return { top: top + index * lane + lane * 0.1, height: lane * 0.8 };
}

/** `text`, or as much of it as is not wider than `width`. */
function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  let [shortest, longest] = [0, letters.length];
  while (shortest < longest) {
    const middle = Math.ceil((shortest + longest) / 2);
    if (context.measureText(`${letters.slice(0, middle).join('')}…`).width <= width) shortest = middle;
    else longest = middle - 1;
  }
  return shortest === 0 ? '' : `${letters.slice(0, shortest).join('')}…`;
}
