import type { Config } from './config/config.ts';
import { installedWorker } from './package.ts';

/** The media worker: as configured, as the environment says, as the bootstrap left it; undefined: mediasoup's own. */
export function chosenWorker({ media }: Pick<Config, 'media'>): string | undefined {
  return media.workerBin ?? process.env['MEDIASOUP_WORKER_BIN'] ?? installedWorker();
}
