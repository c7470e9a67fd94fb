import { startApp, type App } from './app.ts';
import { ConfigError } from './config/problems.ts';
import { warnings } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { createLog } from './observability/log.ts';
import { welcome } from './welcome.ts';

/** A second signal while draining means: now. */
async function run(): Promise<void> {
  const loaded = loadConfig({ argv: process.argv.slice(2), env: process.env });
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
  const app = await startApp(config, log);
  if (app.generatedKey !== undefined) console.log(await welcome(app));
  stopOnSignals(app, (error) => log.error({ err: error }, 'stopping failed'));
}

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

run().catch((error: unknown) => {
  // What can go wrong at the start says itself what to change; the stack is for those who look for a fault of ours.
  console.error(
    error instanceof ConfigError || process.env['NODE_DEBUG'] === undefined ? String(messageOf(error)) : error,
  );
  process.exitCode = 1;
  // Whatever has been started so far would keep the process alive.
  setTimeout(() => process.exit(1), 2000).unref();
});

function messageOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}
