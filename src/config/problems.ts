import type { Origin } from './tree.ts';

/** One thing that is wrong with the configuration. Never holds a secret. */
export type ConfigProblem = {
  readonly at: Origin;
  /** The key, as in `media.listen[1].ip`; empty where the problem is not with one key. */
  readonly path: string;
  /** What was expected and what was found, or what is wrong. */
  readonly message: string;
};

/** Reports what is wrong with a key, at the place that set it. */
export type ReportKey = (path: string, message: string) => void;

/** Stops the start. The message lists every problem, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`The configuration has ${count}:`, ...problems.map((problem) => `  ${lineOf(problem)}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `file:line:column`, as editors and terminals follow it. */
export function writeOrigin({ source, line, column }: Origin): string {
  return line === undefined ? source : `${source}:${line}:${column ?? 1}`;
}

function lineOf({ at, path, message }: ConfigProblem): string {
  return [writeOrigin(at), path, message].filter((part) => part !== '').join(': ');
}

/** ` Did you mean …?` for the candidate nearest to `name`, or nothing where none is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < least) [best, least] = [candidate, distance];
  }
  const near = Math.max(2, Math.floor(name.length / 4));
  return best === undefined || least > near ? '' : `; did you mean ${best}?`;
}

/** Spelling of words aside: case, `-` and `_`. */
function plain(name: string): string {
  return name.slice(0, 100).toLowerCase().replaceAll(/[-_]/gu, '');
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (from[i] === to[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length]!;
}
