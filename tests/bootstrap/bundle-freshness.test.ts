import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { buildBundle, bundleIsReady, PAGES, SERVER } from '../../scripts/bootstrap/bundles.mjs';
import { scratchCheckout, write } from './scratch.ts';

test('the pages are built when missing, and again only after what they are made from has changed', async (t) => {
  const { context, builds } = checkoutWithPages(t);
  await buildBundle(context, PAGES);
  await buildBundle(context, PAGES);
  assert.equal(builds(), 1);

  utimesSync(path.join(context.root, 'client/web/meet.html'), 1, 1);
  assert.equal(bundleIsReady(context.root, PAGES), true, 'a fresh clone has other times');
  write(context.root, { 'src/app.ts': 'export {}' });
  assert.equal(bundleIsReady(context.root, PAGES), true, 'the server is no part of the pages');

  const edits = ['client/web/meet.html', 'client/sdk/new.ts', 'src/signaling/wire.ts', 'package-lock.json'];
  for (const edited of edits) {
    write(context.root, { [edited]: `// ${edited}` });
    assert.equal(bundleIsReady(context.root, PAGES), false, edited);
    await buildBundle(context, PAGES);
    assert.equal(bundleIsReady(context.root, PAGES), true, edited);
  }
  rmSync(path.join(context.root, 'dist'), { recursive: true });
  assert.equal(bundleIsReady(context.root, PAGES), false, 'dist is gone');
  assert.equal(builds(), 1 + edits.length);
});

test('the server is built again when its sources have changed, and not for the pages', async (t) => {
  const { context } = checkoutWithPages(t);
  write(context.root, {
    'rolldown.config.ts': 'export default {}',
    'node_modules/rolldown/bin/cli.mjs': `
      import fs from 'node:fs';
      fs.mkdirSync('dist/server', { recursive: true });
      fs.writeFileSync('dist/server/main.js', '');`,
  });
  assert.equal(bundleIsReady(context.root, SERVER), false);
  await buildBundle(context, SERVER);
  write(context.root, { 'client/sdk/new.ts': 'export {}' });
  assert.equal(bundleIsReady(context.root, SERVER), true);
  write(context.root, { 'src/app.ts': 'export {}' });
  assert.equal(bundleIsReady(context.root, SERVER), false);
});

test('what makes a bundle faster runs after each build, and its failure is none of the build', async (t) => {
  const { context } = checkoutWithPages(t);
  write(context.root, {
    'rolldown.config.ts': 'export default {}',
    'node_modules/rolldown/bin/cli.mjs': `
      import fs from 'node:fs';
      fs.rmSync('dist/server', { recursive: true, force: true });
      fs.mkdirSync('dist/server', { recursive: true });
      fs.writeFileSync('dist/server/main.js', '');`,
    'scripts/code-cache.mjs': `
      import fs from 'node:fs';
      fs.copyFileSync('dist/server/main.js', 'dist/server/main.js.cache');
      process.exit(1);`,
  });
  await buildBundle(context, SERVER);
  assert.ok(existsSync(path.join(context.root, 'dist/server/main.js.cache')));
  assert.equal(bundleIsReady(context.root, SERVER), true);
});

test('a build that fails is told with what it printed, and tried again', async (t) => {
  const { context } = checkoutWithPages(t);
  write(context.root, {
    'node_modules/vite/bin/vite.js': 'console.error("cannot resolve ./call.tsx"); process.exit(1)',
  });
  await assert.rejects(buildBundle(context, PAGES), {
    name: 'Failure',
    output: /cannot resolve/,
    advice: /vite.js build/,
  });
  assert.equal(bundleIsReady(context.root, PAGES), false);
});

/** A checkout whose vite counts its builds and writes one page. */
function checkoutWithPages(t: TestContext) {
  const { context } = scratchCheckout(t);
  write(context.root, {
    'client/vite.config.ts': 'export default {}',
    'client/web/meet.html': '<p>hello',
    'src/signaling/wire.ts': 'export {}',
    'node_modules/vite/bin/vite.js': `
      const fs = require('node:fs');
      if (process.argv.slice(2, 5).join(' ') !== 'build --config client/vite.config.ts') process.exit(2);
      fs.mkdirSync('dist/client/web', { recursive: true });
      fs.writeFileSync('dist/client/web/meet.html', '');
      fs.appendFileSync('builds', '.');`,
  });
  const log = path.join(context.root, 'builds');
  return { context, builds: () => (existsSync(log) ? readFileSync(log, 'utf8').length : 0) };
}
