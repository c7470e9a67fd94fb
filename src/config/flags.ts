import { type Report, UNFIT, check } from './check.ts';
import { KEY_OF_FLAG, type Key } from './keys.ts';
import type { Layer } from './layer.ts';
import { didYouMean } from './problems.ts';
import { shapeOf } from './shape.ts';
import { treeOfText } from './text-value.ts';

/** What a command line says. */
export type CommandLine = {
  readonly layer: Layer;
  /** The file that `--config` names. */
  readonly file: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
};

/** Flags that are not keys of the configuration. */
const OTHERS = ['--config', '--help', '--version'];

/** Reads `--media.port 40100`, `--media.port=40100`, `--pages.enabled`, `--config FILE`, `--help` and `--version`. */
export function readFlags(argv: readonly string[], report: Report): CommandLine {
  const layer: Layer = new Map();
  const seen = new Set<string>();
  let file: string | undefined;
  let [help, version] = [false, false];

  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (argument === '--help' || argument === '-h') help = true;
    else if (argument === '--version' || argument === '-v') version = true;
    else if (!argument.startsWith('--')) {
      // What it says is not shown: it may be a secret that has lost its flag.
      report({ at: { source: `argument ${index + 1}` }, path: '', message: 'expected a flag that begins with --' });
    } else {
      const { flag, text, taken } = split(argument, argv[index + 1]);
      index += taken;
      const at = { source: flag };
      if (seen.has(flag)) report({ at, path: '', message: 'this flag is given twice' });
      seen.add(flag);
      const key = KEY_OF_FLAG.get(flag);
      if (flag === '--config') {
        if (text === undefined || text === '')
          report({ at, path: '', message: 'expected the path of a file, found nothing' });
        file = text;
      } else if (key === undefined) {
        const message = `unknown flag${didYouMean(flag, [...OTHERS, ...KEY_OF_FLAG.keys()])}`;
        report({ at, path: '', message });
      } else {
        readFlag(key, text, layer, report);
      }
    }
  }
  return { layer, file, help, version };
}

/** `--flag=text`, or `--flag text` where the next argument is no flag. */
function split(argument: string, next: string | undefined): { flag: string; text: string | undefined; taken: 0 | 1 } {
  const equals = argument.indexOf('=');
  if (equals !== -1) return { flag: argument.slice(0, equals), text: argument.slice(equals + 1), taken: 0 };
  const own = next !== undefined && !next.startsWith('--');
  return own ? { flag: argument, text: next, taken: 1 } : { flag: argument, text: undefined, taken: 0 };
}

function readFlag({ path, flag, schema }: Key, text: string | undefined, layer: Layer, report: Report): void {
  const at = { source: flag };
  const shape = shapeOf(schema);
  const isSwitch = shape.kind === 'boolean' || (shape.kind === 'union' && shape.members.some(isBoolean));
  if (text === undefined && !isSwitch) {
    report({ at, path, message: 'expected a value, found nothing' });
    return;
  }
  const parsed = treeOfText(schema, text ?? 'true', at);
  if ('errors' in parsed) {
    for (const { why } of parsed.errors) report({ at, path, message: `this cannot be read as YAML: ${why}` });
    return;
  }
  const value = check(schema, parsed.tree, path, report);
  if (value !== UNFIT) layer.set(path, { value, at });
}

function isBoolean(schema: Key['schema']): boolean {
  return shapeOf(schema).kind === 'boolean';
}
