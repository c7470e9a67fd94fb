import { defineConfig } from 'rolldown';

/**
 * The server in a few files: src/ and its libraries are a thousand, and opening those is most of what a start takes
 * (a second, with a bundle half of it). `node src/main.ts` runs the sources as they are.
 */
export default defineConfig([
  {
    // Threads run programs of their own, which src/relay/thread-slot.ts and src/store/store-thread.ts start by these names.
    input: {
      main: 'src/main.ts',
      'relay-thread': 'src/relay/thread.ts',
      'store-thread': 'src/store-program.ts',
      'webhook-thread': 'src/events/webhooks/thread.ts',
      cli: 'src/cli/main.ts',
    },
    platform: 'node',
    // The one carries native code, the other is loaded by few and is large.
    external: ['uWebSockets.js', 'selfsigned'],
    output: { dir: 'dist/server', format: 'esm', sourcemap: true, cleanDir: true },
  },
  // The server SDK, for applications: one file, on any runtime that has fetch and Web Crypto.
  {
    input: { sluice: 'client/server-sdk/sluice.ts' },
    platform: 'neutral',
    external: ['jose'],
    output: { dir: 'dist/server-sdk', format: 'esm', sourcemap: true, cleanDir: true },
  },
]);
