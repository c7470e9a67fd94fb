import { type Report, UNFIT, check } from './check.ts';
import { KEY_OF_VARIABLE } from './keys.ts';
import type { Layer } from './layer.ts';
import { didYouMean } from './problems.ts';
import { treeOfText } from './text-value.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file where no flag does. */
export const FILE_VARIABLE = 'SLUICE_CONFIG';

/** Read by others: by what makes a bare machine ready before the server runs, and by the command line. */
const OTHERS: ReadonlySet<string> = new Set([
  FILE_VARIABLE,
  'SLUICE_CACHE_DIR',
  'SLUICE_OFFLINE',
  // Of the command line, for which server and with which key.
  'SLUICE_URL',
  'SLUICE_API_KEY',
]);

/** Kubernetes puts these into every container beside a Service that is named "sluice". */
const SERVICE_LINK = /^SLUICE_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/u;
const SERVICE_PORT = /^(tcp|udp|sctp):\/\//u;

/** The keys that `SLUICE_*` variables set. An empty variable sets nothing, as `X=${X:-}` in a compose file means it. */
export function readEnvironment(env: Environment, report: Report): Layer {
  const layer: Layer = new Map();
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('SLUICE_') || text === undefined || text === '' || isForOthers(name, text)) continue;
    const at = { source: name };
    const key = KEY_OF_VARIABLE.get(name);
    if (key === undefined) {
      report({ at, path: '', message: `unknown variable${didYouMean(name, KEY_OF_VARIABLE.keys())}` });
      continue;
    }
    const parsed = treeOfText(key.schema, text, at);
    if ('errors' in parsed) {
      for (const { why } of parsed.errors)
        report({ at, path: key.path, message: `this cannot be read as YAML: ${why}` });
      continue;
    }
    const value = check(key.schema, parsed.tree, key.path, report);
    if (value !== UNFIT) layer.set(key.path, { value, at });
  }
  return layer;
}

function isForOthers(name: string, text: string): boolean {
  return OTHERS.has(name) || SERVICE_LINK.test(name) || (name === 'SLUICE_PORT' && SERVICE_PORT.test(text));
}
