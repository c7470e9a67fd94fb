import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { staticFiles } from '../../src/http/static-files.ts';
import { ask, startServer, Wire } from './harness.ts';

const SCRIPT = 'export const answer = 42;\n'.repeat(200);

test('a file has its type, its caching rule and an ETag that answers 304', async (t) => {
  const { port } = await serve(t);
  const script = await ask(port, 'GET', '/assets/app-1a2b3c.js');
  assert.equal(script.status, 200);
  assert.equal(script.text, SCRIPT);
  assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(script.headers.vary, 'Accept-Encoding');
  const etag = script.headers.etag ?? '';
  assert.match(etag, /^"[\w-]{20,}"$/);

  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await ask(port, 'GET', '/assets/app-1a2b3c.js', { headers: { 'if-none-match': known } });
    assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, etag], known);
  }
  assert.equal((await ask(port, 'GET', '/assets/app-1a2b3c.js', { headers: { 'if-none-match': '"x"' } })).status, 200);

  const image = await ask(port, 'GET', '/icon.png');
  assert.deepEqual([image.headers['content-type'], image.headers['cache-control']], ['image/png', 'no-cache']);
  assert.equal(image.headers.vary, undefined);
  const head = await ask(port, 'HEAD', '/assets/app-1a2b3c.js');
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, String(SCRIPT.length), 0]);
});

test('compressed variants decode to the file, differ in ETag, and are sent to those who take them', async (t) => {
  const { port } = await serve(t);
  const path = '/assets/app-1a2b3c.js';
  const take = (encodings: string) => ask(port, 'GET', path, { headers: { 'accept-encoding': encodings } });
  const br = await take('gzip, deflate, br');
  assert.equal(br.headers['content-encoding'], 'br');
  assert.equal(brotliDecompressSync(br.body).toString(), SCRIPT);
  const gz = await take('gzip;q=0.5, br;q=0');
  assert.equal(gz.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(gz.body).toString(), SCRIPT);
  const plain = await take('identity, gzip;q=0.0, br;q=0');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.text, SCRIPT);
  assert.equal(new Set([br.headers.etag, gz.headers.etag, plain.headers.etag]).size, 3);
  const known = { 'accept-encoding': 'br', 'if-none-match': br.headers.etag ?? '' };
  assert.equal((await ask(port, 'GET', path, { headers: known })).status, 304);
  assert.equal((await take('br')).headers['cache-control'], 'public, max-age=31536000, immutable');
});

test('pages answer for all that begins as their mount does, and carry the page headers', async (t) => {
  const { port } = await serve(t);
  for (const path of ['/meet/', '/meet/my-room', '/meet/a/b?x=1']) {
    const page = await ask(port, 'GET', path);
    assert.match(page.text, /<title>Meet/, path);
    assert.equal(page.headers['content-security-policy'], "default-src 'self'");
    assert.equal(page.headers['cache-control'], 'no-cache');
  }
  assert.match((await ask(port, 'GET', '/')).text, /<title>Home/);
  assert.equal((await ask(port, 'GET', '/missing.js')).status, 404);
});

test('nothing outside the directory is reachable, however the path is written', async (t) => {
  const { port } = await serve(t);
  const wire = await Wire.open(t, port);
  for (const path of [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%252e%252e/secret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/./icon.png',
    '/secret.txt%00.js',
  ]) {
    wire.received = '';
    wire.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const answer = await wire.until(/not-found/);
    assert.match(answer, /^HTTP\/1\.1 404 /, path);
    assert.doesNotMatch(answer, /swordfish/);
  }
});

test('a directory can stand under a path, and a name with spaces is found', async (t) => {
  const directory = site(t);
  const files = staticFiles(directory, { mount: '/sdk' });
  const { port } = await startServer(t, {}, (server) => server.route('GET', '/sdk/*', files.handler));
  assert.equal((await ask(port, 'GET', '/sdk/a%20b.txt')).text, 'spaced');
  assert.equal((await ask(port, 'GET', '/sdk/assets/app-1a2b3c.js')).status, 200);
  assert.match((await ask(port, 'GET', '/sdk/')).text, /Home/);
  assert.equal((await ask(port, 'GET', '/a%20b.txt')).status, 404);
  await files.compress();
});

test('a fallback without a slash at its end is for that path alone', async (t) => {
  const files = staticFiles(site(t), { fallbacks: { '/dashboard': 'meet.html', '/dashboard/': 'meet.html' } });
  const { port } = await startServer(t, {}, (server) => server.route('GET', '/*', files.handler));
  assert.match((await ask(port, 'GET', '/dashboard')).text, /Meet/);
  assert.match((await ask(port, 'GET', '/dashboard/rooms/lab')).text, /Meet/);
  assert.equal((await ask(port, 'GET', '/dashboards')).status, 404);
  await files.compress();
});

test('a fallback page that is not there stops the start', (t) => {
  assert.throws(() => staticFiles(site(t), { fallbacks: { '/meet/': 'nope.html' } }), /nope\.html.*missing/);
});

async function serve(t: TestContext) {
  const files = staticFiles(site(t), {
    fallbacks: { '/meet/': 'meet.html' },
    pageHeaders: { 'content-security-policy': "default-src 'self'" },
  });
  await files.compress();
  return startServer(t, {}, (server) => server.route('GET', '/*', files.handler));
}

/** A built directory, with a secret beside it. */
function site(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'sluice-static-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const directory = join(root, 'dist');
  mkdirSync(join(directory, 'assets'), { recursive: true });
  writeFileSync(join(root, 'secret.txt'), 'swordfish');
  writeFileSync(join(directory, 'index.html'), '<title>Home</title>');
  writeFileSync(join(directory, 'meet.html'), `<title>Meet</title>${'<p>hello</p>'.repeat(200)}`);
  writeFileSync(join(directory, 'icon.png'), Buffer.alloc(2000, 7));
  writeFileSync(join(directory, 'a b.txt'), 'spaced');
  writeFileSync(join(directory, 'assets', 'app-1a2b3c.js'), SCRIPT);
  return directory;
}
