import { KEYS, type Key } from './keys.ts';
import type { Layer } from './layer.ts';
import { describe } from './shape.ts';

/** What `--help` prints: every key with the comment and the default that config/default.yaml gives it. */
export function usage(defaults: Layer, defaultsText: string): string {
  const lines = defaultsText.split('\n');
  const head = [
    'Usage: sluice [--config FILE] [--KEY VALUE]…',
    '',
    'The configuration is the defaults, then FILE (YAML), then SLUICE_* variables, then flags; the later wins.',
    'Lists are written a,b or as YAML. What starts with [ or { is read as YAML, and so as JSON.',
    '',
    '  --config FILE',
    '      The configuration file; or SLUICE_CONFIG.',
    '  --help, --version',
    '',
  ];
  const keys = KEYS.flatMap((key) => [
    `  ${key.flag} (${key.variable})`,
    ...commentOf(key, defaults, lines).map((line) => `      ${line}`),
    `      Expects ${describe(key.schema)}.`,
    `      Default: ${defaultOf(key, defaults, lines)}`,
    '',
  ]);
  return [...head, ...keys].join('\n');
}

/** The comment lines right above a key. */
export function commentOf(key: Key, defaults: Layer, lines: readonly string[]): string[] {
  const comment: string[] = [];
  for (let line = lineOf(key, defaults) - 1; line >= 0; line -= 1) {
    const text = /^\s*#\s?(.*)$/u.exec(lines[line] ?? '')?.[1];
    if (text === undefined) break;
    comment.unshift(text);
  }
  return comment;
}

function defaultOf(key: Key, defaults: Layer, lines: readonly string[]): string {
  const text = lines[lineOf(key, defaults)] ?? '';
  return text.slice(text.indexOf(':') + 1).trim();
}

/** The index of the line on which the key stands: each default stands on its key's line. */
function lineOf(key: Key, defaults: Layer): number {
  return (defaults.get(key.path)?.at.line ?? 0) - 1;
}
