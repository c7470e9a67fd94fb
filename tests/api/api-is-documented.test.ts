import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { ERRORS } from '../../src/kernel/errors.ts';
import { startServer, type TestServer } from '../support/server.ts';

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('docs/api.md names every operation, and none that does not exist', async () => {
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, object> };
  const served = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const documented = [...page.matchAll(/^\| `([A-Z]+ \/\S*)`/gmu)].map(([, operation]) => operation);
  assert.deepEqual(new Set(documented), new Set(served));
});

test('docs/api.md names every error with its status and its sentence', () => {
  const documented = [...page.matchAll(/^\| `([a-z-]+)`\s*\| (\d{3})\s*\| (.*?)\s*\|$/gmu)].map((match) =>
    match.slice(1),
  );
  const table = Object.entries(ERRORS).map(([code, { status, title }]) => [code, String(status), title]);
  assert.deepEqual(documented, table);
});
