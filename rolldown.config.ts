import { fileURLToPath } from 'node:url';

import { defineConfig, type RolldownOptions } from 'rolldown';

/** What the server and its threads run. src/bundle/launch.ts starts them by these names. */
const PROGRAMS = {
  server: 'src/run.ts',
  'relay-thread': 'src/relay/thread.ts',
  'store-thread': 'src/store-program.ts',
  'webhook-thread': 'src/events/webhooks/thread.ts',
};

/**
 * The server in a few files: src/ and its libraries are a thousand, and opening those is most of what a start takes
 * (a second, with a bundle half of it). `node src/main.ts` runs the sources as they are.
 */
export default defineConfig([
  ...Object.entries(PROGRAMS).map(([name, source]): RolldownOptions => ({
    input: { [name]: source },
    platform: 'node',
    // The one carries native code, the other is loaded by few and is large.
    external: ['uWebSockets.js', 'selfsigned'],
    // Scripts, not modules: only for those will V8 take bytecode that was made earlier. One each, loaded at once.
    output: {
      ...{ dir: 'dist/server', format: 'cjs', entryFileNames: '[name].cjs', strict: true },
      ...{ codeSplitting: false, sourcemap: true, cleanDir: name === 'server' },
    },
  })),
  {
    // Threads run programs of their own, which src/relay/thread-slot.ts and src/store/store-thread.ts start by these names.
    input: {
      main: 'src/bundle/main.ts',
      'relay-thread': 'src/bundle/relay-thread.ts',
      'store-thread': 'src/bundle/store-thread.ts',
      'webhook-thread': 'src/bundle/webhook-thread.ts',
      cli: 'src/cli/main.ts',
    },
    platform: 'node',
    external: ['uWebSockets.js', 'selfsigned'],
    plugins: [
      {
        name: 'start-from-the-command-line',
        resolveId: (id) => (id === '../run.ts' ? fileURLToPath(new URL('src/bundle/run.ts', import.meta.url)) : null),
      },
    ],
    output: { dir: 'dist/server', format: 'esm', sourcemap: true },
  },
  // The server SDK, for applications: one file, on any runtime that has fetch and Web Crypto.
  {
    input: { sluice: 'client/server-sdk/sluice.ts' },
    platform: 'neutral',
    external: ['jose'],
    output: { dir: 'dist/server-sdk', format: 'esm', sourcemap: true, cleanDir: true },
  },
]);
