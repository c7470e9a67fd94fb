import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { COLOURS, colourOf } from '../../client/web/dashboard/charts/styles.ts';

const theme = read('theme.css');
const dashboard = read('dashboard/colours.css');
const ui = read('ui/base.css');
const [dark, light] = themesOf(theme, dashboard);

/** Text on its ground, as the style sheets combine them. */
const TEXT: [text: string, ground: string][] = [
  ['--text', '--bg'],
  ['--text', '--surface'],
  ['--text', '--raised'],
  ['--text', '--hover'],
  ['--text', '--tile'],
  ['--bg', '--text'],
  ['--muted', '--bg'],
  ['--muted', '--surface'],
  ['--muted', '--raised'],
  ['--muted', '--tile'],
  ['--accent-text', '--bg'],
  ['--accent-text', '--surface'],
  ['--on-accent', '--accent'],
  ['--on-accent', '--accent-hover'],
  ['--on-danger', '--danger'],
  ['--on-danger', '--danger-hover'],
  ['--danger-text', '--danger-soft'],
  ['--danger-text', '--surface'],
  ['--on-warning', '--warning'],
  ['--on-chip', '--chip'],
  ...['--level-excellent', '--level-good', '--level-poor', '--level-lost'].map((level): [string, string] => [
    level,
    '--surface',
  ]),
];

/** What marks a control or its state, on what lies beside it (WCAG 2.2 §1.4.11). */
const MARKS: [mark: string, ground: string][] = [
  ['--edge', '--bg'],
  ['--edge', '--surface'],
  ['--accent', '--bg'],
  ['--accent-text', '--raised'],
  ['--danger', '--bg'],
  ...['--fill-excellent', '--fill-good', '--fill-poor', '--fill-lost'].map((fill): [string, string] => [
    fill,
    '--surface',
  ]),
  ...Array.from({ length: COLOURS }, (_, index): [string, string] => [colourOf(index), '--surface']),
];

for (const [name, colours] of Object.entries({ dark, light })) {
  describe(`the ${name} theme`, () => {
    for (const [text, ground] of TEXT) {
      test(`${text} can be read on ${ground}`, () => assertContrast(colours, text, ground, 4.5));
    }
    for (const [mark, ground] of MARKS) {
      test(`${mark} stands out on ${ground}`, () => assertContrast(colours, mark, ground, 3));
    }
  });
}

test('white initials can be read on every avatar', () => {
  const hues = [...ui.matchAll(/--hue: (#[0-9a-f]{6});/g)].map((match) => match[1]!);
  assert.equal(hues.length, 8);
  for (const hue of hues) assert.ok(contrast(hue, '#ffffff') >= 4.5, `${hue}: ${contrast(hue, '#ffffff').toFixed(2)}`);
});

test('the formula is that of WCAG: black on white is 21, and #777777 on white just fails', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
});

function read(file: string): string {
  return readFileSync(new URL(`../../client/web/${file}`, import.meta.url), 'utf8');
}

/** What applies in the dark, and what in the light. */
function themesOf(...sheets: string[]): [dark: Map<string, string>, light: Map<string, string>] {
  const parts = sheets.map((css) => css.split('@media (prefers-color-scheme: light)'));
  const first = parts.flatMap(([before = '']) => [...propertiesOf(before)]);
  return [new Map(first), new Map([...first, ...parts.flatMap(([, after = '']) => [...propertiesOf(after)])])];
}

function propertiesOf(css: string): Map<string, string> {
  return new Map([...css.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]));
}

function assertContrast(colours: ReadonlyMap<string, string>, a: string, b: string, least: number): void {
  const [first, second] = [colours.get(a), colours.get(b)];
  assert.ok(first !== undefined && second !== undefined, `${a} and ${b} are colours of the theme`);
  const found = contrast(first, second);
  assert.ok(found >= least, `${a} ${first} on ${b} ${second}: ${found.toFixed(2)}, and ${least} is needed`);
}

/** WCAG 2.2, contrast ratio. */
function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
