import { defineConfig } from 'rolldown';

/**
 * The server in a few files: src/ and its libraries are a thousand, and opening those is most of what a start takes
 * (a second, with a bundle half of it). `node src/main.ts` runs the sources as they are.
 */
export default defineConfig({
  // Threads run programs of their own, which src/relay/thread-slot.ts and src/store/store-thread.ts start by these names.
  input: {
    main: 'src/main.ts',
    'relay-thread': 'src/relay/thread.ts',
    'store-thread': 'src/store-program.ts',
    'webhook-thread': 'src/events/webhooks/thread.ts',
  },
  platform: 'node',
  // The one carries native code, the other is loaded by few and is large.
  external: ['uWebSockets.js', 'selfsigned'],
  output: { dir: 'dist/server', format: 'esm', sourcemap: true, cleanDir: true },
});
