import { fileURLToPath } from 'node:url';

import { defineConfig, type Plugin } from 'vite';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const target = ['chrome111', 'firefox120', 'safari16.4'];

/**
 * V8's explicit compile hint (Chrome 136 and later): all functions are compiled while the file loads, on another thread.
 * Else each is when it is called first, which for nearly all of them is in the middle of the first join: a quarter of it.
 */
const COMPILE_HINT = '//# allFunctionsCalledOnLoad';

/**
 * mediasoup-client is CommonJS, of which nothing unused falls away by itself: its fakes for tests, and its handlers for
 * browsers that the SDK does not take, are a fifth of the SDK.
 */
const leaveOut: Plugin = {
  name: 'leave-out-unused-handlers',
  enforce: 'pre',
  resolveId(source, importer) {
    const unused = /\/(Chrome74|ReactNative106|FakeHandler|fakeParameters)$/;
    return importer?.includes('/mediasoup-client/lib/') && unused.test(source) ? '\0left-out' : undefined;
  },
  load: (id) => (id === '\0left-out' ? 'export {};' : undefined),
};

/**
 * One command, four builds: the SDK as one ES module at dist/client/sdk/sluice.js with the worker of end-to-end
 * encryption beside it, and the pages with hashed assets in dist/client/web/. The meeting page and the dashboard share nothing there: a chunk of both would be one more file
 * to wait for before a join. `builder` makes `vite build` run all of them, in this order.
 */
export default defineConfig({
  root: path('./web'),
  base: '/',
  plugins: [leaveOut],
  // `npx vite --config client/vite.config.ts` serves the pages with hot reload, beside a server on its usual port.
  server: { proxy: { '/socket.io': { target: 'http://localhost:7800', ws: true }, '/v1': 'http://localhost:7800' } },
  builder: {
    async buildApp(builder) {
      for (const environment of Object.values(builder.environments)) {
        await builder.build(environment);
      }
    },
  },
  environments: {
    client: {
      build: {
        target,
        outDir: path('../dist/client/web'),
        emptyOutDir: true,
        assetsDir: 'assets',
        reportCompressedSize: true,
        rolldownOptions: { input: { meet: path('./web/meet.html') }, output: { postBanner: COMPILE_HINT } },
      },
    },
    dashboard: {
      consumer: 'client',
      build: {
        target,
        outDir: path('../dist/client/web'),
        // The meeting page is there already.
        emptyOutDir: false,
        assetsDir: 'assets',
        rolldownOptions: { input: { dashboard: path('./web/dashboard.html') } },
      },
    },
    sdk: {
      consumer: 'client',
      build: {
        target,
        outDir: path('../dist/client/sdk'),
        emptyOutDir: true,
        copyPublicDir: false,
        minify: true,
        sourcemap: true,
        lib: { entry: path('./sdk/sluice.ts'), formats: ['es'], fileName: () => 'sluice.js' },
        rolldownOptions: { output: { codeSplitting: false, minify: true, postBanner: COMPILE_HINT } },
      },
    },
    e2ee: {
      consumer: 'client',
      build: {
        target,
        outDir: path('../dist/client/sdk'),
        // The SDK is there already.
        emptyOutDir: false,
        copyPublicDir: false,
        lib: { entry: path('./sdk/e2ee/worker.ts'), formats: ['es'], fileName: () => 'e2ee-worker.js' },
        rolldownOptions: { output: { codeSplitting: false, minify: true } },
      },
    },
  },
});
