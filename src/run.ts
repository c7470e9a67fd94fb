import { startApp, type App } from './app.ts';
import { warnings } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import type { EarlyThreads } from './early-threads.ts';
import { createLog } from './observability/log.ts';
import { welcome } from './welcome.ts';

/**
 * The program: reads its configuration, starts the server, and drains it on SIGTERM or SIGINT. What keeps it from
 * starting is printed, and the exit code is 1.
 *
 * @param argv The arguments behind the program's name.
 * @param threads Spawned already, where they are.
 */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv, threads?: EarlyThreads): Promise<void> {
  try {
    await start(argv, env, threads);
  } catch (error) {
    // What can go wrong at the start says itself what to change; a stack is for those who look for a fault of ours.
    console.error(error instanceof Error && env['NODE_DEBUG'] === undefined ? error.message : error);
    process.exitCode = 1;
    // Whatever has been started so far would keep the process alive.
    setTimeout(() => process.exit(1), 2000).unref();
  }
}

async function start(argv: readonly string[], env: NodeJS.ProcessEnv, threads?: EarlyThreads): Promise<void> {
  const loaded = loadConfig({ argv, env });
  if (loaded.action === 'print') {
    console.log(loaded.text);
    return;
  }
  const { config } = loaded;
  const log = createLog({
    level: config.log.level,
    pretty: config.log.format === 'auto' ? 'auto' : config.log.format === 'pretty',
  });
  for (const warning of warnings(config)) log.warn(warning);
  const app = await startApp(config, log, threads);
  // In the same turn in which it says that it is ready: a signal that answers that drains it.
  stopOnSignals(app, (error) => log.error({ err: error }, 'stopping failed'));
  if (app.generatedKey !== undefined) console.log(await welcome(app));
}

/** The first signal drains; a second one means: now; a third: whatever happens. */
function stopOnSignals(app: App, onError: (error: unknown) => void): void {
  let signals = 0;
  const stop = async (wait: boolean) => {
    if (wait) await app.drain();
    await app.close();
    process.exit(0);
  };
  const onSignal = () => {
    signals += 1;
    if (signals > 2) process.exit(1);
    stop(signals === 1).catch((error: unknown) => {
      onError(error);
      process.exit(1);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
