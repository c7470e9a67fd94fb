import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { deepFreeze } from '../kernel/freeze.ts';
import type { Report } from './check.ts';
import type { Config } from './config.ts';
import { type Environment, FILE_VARIABLE, readEnvironment } from './environment.ts';
import { readFlags } from './flags.ts';
import { usage } from './help.ts';
import { KEYS } from './keys.ts';
import { type Layer, readFileLayer } from './layer.ts';
import { type Machine, thisMachine } from './machine.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { type ReadFile, resolve } from './resolve.ts';

export type LoadOptions = {
  /** The arguments after the program's name: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly readFile?: ReadFile;
  /** Default: config/default.yaml of this package. */
  readonly defaultsPath?: string;
  readonly machine?: Machine;
};

/** What the command line asks for: to start, or to print `text` and exit. */
export type Loaded =
  | { readonly action: 'start'; readonly config: Config }
  | { readonly action: 'print'; readonly text: string };

/**
 * The configuration: config/default.yaml, then the file that `--config` or `SLUICE_CONFIG` names, then `SLUICE_*`
 * variables, then flags. Throws a `ConfigError` that lists every unknown key and every bad value.
 */
export function loadConfig(options: LoadOptions): Loaded {
  const { argv, env, readFile = readText, defaultsPath = join(packageRoot(readFile), 'config/default.yaml') } = options;
  const problems: ConfigProblem[] = [];
  const report: Report = (problem) => problems.push(problem);

  const defaultsText = readFile(defaultsPath);
  const defaults = readFileLayer(defaultsText, defaultsPath, report);
  const flags = readFlags(argv, report);
  if (flags.help) return { action: 'print', text: usage(defaults, defaultsText) };
  if (flags.version) return { action: 'print', text: versionOf(readFile) };

  const variable = env[FILE_VARIABLE] === '' ? undefined : env[FILE_VARIABLE];
  const file = flags.file ?? variable;
  const namedBy = flags.file === undefined ? FILE_VARIABLE : '--config';
  const fromFile = file === undefined ? new Map() : readNamedFile(file, namedBy, readFile, report);
  const layer: Layer = new Map([...defaults, ...fromFile, ...readEnvironment(env, report), ...flags.layer]);
  for (const { path } of KEYS) {
    if (!layer.has(path) && problems.length === 0)
      report({ at: { source: defaultsPath }, path, message: 'has no default' });
  }
  // Values are held against each other once each is sound by itself.
  if (problems.length > 0) throw new ConfigError(problems);

  const config = resolve(layer, {
    env,
    machine: options.machine ?? thisMachine(),
    readFile,
    file,
    report: (path, at, message) => report({ path, at, message }),
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return { action: 'start', config: deepFreeze(config) };
}

function readNamedFile(file: string, namedBy: string, readFile: ReadFile, report: Report): Layer {
  try {
    return readFileLayer(readFile(file), file, report);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    report({ at: { source: namedBy }, path: '', message: `the file ${file} cannot be read${why}` });
    return new Map();
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The folder above this one that holds config/default.yaml: from src/ as from the dist/ of the published package. */
function packageRoot(readFile: ReadFile): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      readFile(join(folder, 'config/default.yaml'));
      return folder;
    } catch (error) {
      if (folder === dirname(folder))
        throw new Error('config/default.yaml is missing from this package', { cause: error });
    }
  }
}

function versionOf(readFile: ReadFile): string {
  return (JSON.parse(readFile(join(packageRoot(readFile), 'package.json'))) as { version: string }).version;
}
