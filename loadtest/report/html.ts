/** A result as one page that needs nothing else: a table of the values, and a chart of each series as inline SVG. */
import type { Result } from './result.ts';
import { brief, type Series } from './recorder.ts';

const [WIDTH, HEIGHT] = [560, 150];
/** Around the plot, for the axes' words. */
const MARGIN = { top: 10, right: 12, bottom: 22, left: 56 };

export function htmlReport({ scenario, options, machine, startedAt, recorded }: Result): string {
  const { values, series, notes, seconds } = recorded;
  const facts = [
    `${startedAt}, ${seconds.toFixed(1)} s`,
    machine,
    Object.entries(options)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    ...notes,
  ];
  const rows = values.map(
    ({ name, value, unit }) => `<tr><td>${escape(name)}</td><td>${brief(value)}</td><td>${escape(unit)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load test: ${escape(scenario)}</title>
<style>${STYLE}</style>
<main>
<h1>Load test: ${escape(scenario)}</h1>
<ul class="facts">${facts.map((fact) => `<li>${escape(fact)}</li>`).join('')}</ul>
<section class="charts">${series.map(chart).join('\n')}</section>
<table><thead><tr><th>Value</th><th></th><th>Unit</th></tr></thead><tbody>${rows.join('')}</tbody></table>
</main>
</html>
`;
}

/** A line over seconds, from zero up. */
function chart({ name, unit, points }: Series): string {
  const shown = points.map((value) => (Number.isFinite(value) ? value : 0));
  const top = niceTop(Math.max(0, ...shown));
  const [width, height] = [WIDTH - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
  const x = (index: number) => MARGIN.left + (shown.length < 2 ? width / 2 : (index * width) / (shown.length - 1));
  const y = (value: number) => MARGIN.top + height * (1 - value / top);
  const line = shown.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const ticks = [0, top / 2, top].map(
    (value) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text x="${MARGIN.left - 6}" y="${y(value) + 4}" text-anchor="end">${brief(value)}</text>`,
  );
  const times = [0, Math.max(0, shown.length - 1)].map(
    (second, index) =>
      `<text x="${x(second)}" y="${HEIGHT - 5}" text-anchor="${index === 0 ? 'start' : 'end'}">${second + 1} s</text>`,
  );
  return `<figure><figcaption>${escape(name)} <span>${escape(unit)}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(name)}: up to ${brief(Math.max(0, ...shown))} ${escape(unit)}">
${ticks.join('')}${times.join('')}<polyline points="${line}"/></svg></figure>`;
}

/** 1, 2 or 5 times a power of ten, not below `value`. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --faint: #66707f; --line: #d9dee6; --plot: #2563c9; --ground: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --faint: #98a3b3; --line: #333c49; --plot: #7ab0ff; --ground: #141920 }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1200px; margin: 0 auto; padding: 24px }
h1 { font-size: 24px; margin: 0 0 8px }
.facts { list-style: none; padding: 0; margin: 0 0 24px; color: var(--faint) }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 20px }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: 12px }
figcaption { font-weight: 600 }
figcaption span, thead { color: var(--faint); font-weight: 400 }
svg { width: 100%; height: auto; display: block }
svg text { fill: var(--faint); font-size: 12px }
svg .grid { stroke: var(--line) }
svg polyline { fill: none; stroke: var(--plot); stroke-width: 2; stroke-linejoin: round }
table { border-collapse: collapse; margin-top: 24px; min-width: 420px }
th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line) }
td:nth-child(2) { text-align: right; font-variant-numeric: tabular-nums }
`;
