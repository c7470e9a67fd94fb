// Starts the bundled server once, so that V8's code cache of what a start runs lies beside it: src/bundle/launch.ts
// says why. The server listens on loopback and free ports, stores nothing, and ends as soon as it is ready. One that does
// not get so far (the media worker is missing, say) leaves what it has run, and a bundle without a cache only starts
// more slowly; so nothing here fails a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const LASTS_AT_MOST_MS = 30_000;
/** For what is put off until the server is ready, which belongs to a start. */
const SPARE_TIME_MS = 1000;

/** @param {NodeJS.ProcessEnv} env */
const withoutSettings = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SLUICE_')));

const flags = {
  host: '127.0.0.1',
  port: 0,
  mode: 'development',
  'media.port': 0,
  'media.workers': 1,
  'turn.port': 0,
  'turn.tlsPort': 0,
  'store.folder': 'memory',
  'log.level': 'info',
  'log.format': 'json',
};
const server = spawn(
  process.execPath,
  [
    fileURLToPath(new URL('../dist/server/main.js', import.meta.url)),
    ...Object.entries(flags).flatMap(([key, value]) => [`--${key}`, String(value)]),
  ],
  { env: { ...withoutSettings(process.env), MAKE_CODE_CACHE: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
);
const limit = setTimeout(() => server.kill('SIGKILL'), LASTS_AT_MOST_MS);
const ended = once(server, 'exit');
let output = '';
server.stdout.setEncoding('utf8').on('data', (text) => {
  if (output.includes('"msg":"ready"')) return;
  output += text;
  if (output.includes('"msg":"ready"')) setTimeout(() => server.kill('SIGTERM'), SPARE_TIME_MS);
});
await ended;
clearTimeout(limit);
