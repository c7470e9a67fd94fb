/** Where the files of the store are. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import type { Config } from './config/config.ts';
import type { Log } from './observability/log.ts';

/**
 * The database of a part of the store, in a folder that is made where it is missing; `:memory:` where nothing is kept. A
 * folder that cannot be made is no reason not to start: the store says so.
 */
export function storePath(config: Pick<Config, 'store'>, part: string, log: Log): string {
  const where = storeFolder(config);
  if (where === undefined) return ':memory:';
  try {
    mkdirSync(where, { recursive: true, mode: 0o700 });
  } catch (error) {
    log.error({ err: error, folder: where }, 'the folder of the store cannot be made');
  }
  return join(where, `${part}.sqlite`);
}

/** The folder, which need not be there yet; undefined where nothing is kept. */
export function storeFolder({ store: { folder } }: Pick<Config, 'store'>): string | undefined {
  if (folder === 'memory') return undefined;
  return folder === 'auto' ? dataFolder() : folder;
}

/** XDG Base Directory Specification: data of a user that outlives what made it. */
function dataFolder(): string {
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'sluice');
}
