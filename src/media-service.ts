/** Media as a part of this server: from the configuration to an engine whose workers run. */
import type { Config } from './config/config.ts';
import type { createMediaEngine, RunningMediaEngine } from './media/engine.ts';
import type { Log } from './observability/log.ts';
import { chosenWorker } from './worker-binary.ts';

/**
 * Starts the media workers as soon as the engine's code is loaded. Rejects where a port is taken or a worker does not start.
 */
export async function startEngine(
  config: Config,
  log: Log,
  loading: Promise<{ readonly createMediaEngine: typeof createMediaEngine }>,
): Promise<RunningMediaEngine> {
  const media = await loading;
  const { workers, listen, port, codecs, fullAt, initialOutgoingBitrate, maxIncomingBitrate, logLevel } = config.media;
  const workerBinary = chosenWorker(config);
  return media.createMediaEngine({
    workers,
    listen,
    port,
    codecs,
    fullAt,
    initialOutgoingBitrate,
    ...(maxIncomingBitrate === null ? {} : { maxIncomingBitrate }),
    ...(workerBinary === undefined ? {} : { workerBin: workerBinary }),
    logLevel,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  });
}
