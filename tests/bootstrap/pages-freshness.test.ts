import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { buildPages, pagesAreReady } from '../../scripts/bootstrap/pages.mjs';
import { scratchCheckout, write } from './scratch.ts';

test('the pages are built when missing, and again only after what they are made from has changed', async (t) => {
  const { context, builds } = checkoutWithPages(t);
  await buildPages(context);
  await buildPages(context);
  assert.equal(builds(), 1);

  utimesSync(path.join(context.root, 'client/web/meet.html'), 1, 1);
  assert.equal(pagesAreReady(context.root), true, 'a fresh clone has other times');
  write(context.root, { 'src/app.ts': 'export {}' });
  assert.equal(pagesAreReady(context.root), true, 'the server is no part of the pages');

  const edits = ['client/web/meet.html', 'client/sdk/new.ts', 'src/signaling/wire.ts', 'package-lock.json'];
  for (const edited of edits) {
    write(context.root, { [edited]: `// ${edited}` });
    assert.equal(pagesAreReady(context.root), false, edited);
    await buildPages(context);
    assert.equal(pagesAreReady(context.root), true, edited);
  }
  rmSync(path.join(context.root, 'dist'), { recursive: true });
  assert.equal(pagesAreReady(context.root), false, 'dist is gone');
  assert.equal(builds(), 1 + edits.length);
});

test('a build that fails is told with what it printed, and tried again', async (t) => {
  const { context } = checkoutWithPages(t);
  write(context.root, {
    'node_modules/vite/bin/vite.js': 'console.error("cannot resolve ./call.tsx"); process.exit(1)',
  });
  await assert.rejects(buildPages(context), { name: 'Failure', output: /cannot resolve/, advice: /vite build/ });
  assert.equal(pagesAreReady(context.root), false);
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
