import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { CHECKOUT, scratchDir } from './scratch.ts';

const DTLS = 'src/RTC/DtlsTransport.cpp';
/** What patches change. */
const PATCHED = [
  'meson.build',
  DTLS,
  'src/DepLibUV.cpp',
  'src/Worker.cpp',
  'src/RTC/Consumer.cpp',
  'src/RTC/Router.cpp',
  'src/RTC/Transport.cpp',
  'include/RTC/Consumer.hpp',
  'include/RTC/Router.hpp',
  'src/handles/UdpSocketHandle.cpp',
  'include/handles/UdpSocketHandle.hpp',
];

test("each patch applies to the installed mediasoup's source, and no download is left in it", (t) => {
  const { source, prepared } = sourceCopy(t);
  const before = readFileSync(path.join(source, DTLS), 'utf8');
  const { status, stderr } = prepare(source, prepared);

  assert.equal(status, 0, stderr);
  const after = readFileSync(path.join(prepared, DTLS), 'utf8');
  assert.equal(after, before.replace('(operationType == BIO_CB_RETURN)', '((operationType & BIO_CB_RETURN) != 0)'));
  assert.notEqual(after, before);
  assert.equal(readFileSync(path.join(source, DTLS), 'utf8'), before, 'the package itself stays as it is');

  const wraps = readdirSync(path.join(prepared, 'subprojects')).filter((name) => name.endsWith('.wrap'));
  const addresses = wraps.filter((name) => /url/.test(readFileSync(path.join(prepared, 'subprojects', name), 'utf8')));
  assert.deepEqual(addresses, []);
});

test('a patch whose line has changed upstream stops the build and is named', (t) => {
  const { source, prepared } = sourceCopy(t);
  edit(path.join(source, DTLS), (text) => text.replace('operationType == BIO_CB_RETURN', 'isReturn(operationType)'));
  const { status, stderr } = prepare(source, prepared);
  assert.equal(status, 1);
  assert.match(stderr, /dtls-bio-callback\.patch no longer applies: mediasoup's source has moved on/);
});

test('a patch whose surroundings have changed is not placed by guess', (t) => {
  const { source, prepared } = sourceCopy(t);
  edit(path.join(source, DTLS), (text) =>
    text.replace('// This callback is called twice for write', '// Called twice for'),
  );
  const { status, stderr } = prepare(source, prepared);
  assert.equal(status, 1);
  assert.match(stderr, /dtls-bio-callback\.patch no longer applies/);
});

test('a patch that upstream has taken over stops the build as well', (t) => {
  const { source, prepared } = sourceCopy(t);
  edit(path.join(source, 'meson.build'), (text) => text.replace("'>= 1.1.0'", "'>= 1.0.0'"));
  const { status, stderr } = prepare(source, prepared);
  assert.equal(status, 1);
  assert.match(stderr, /meson-1\.0\.patch no longer applies/);
});

function sourceCopy(t: TestContext) {
  const dir = scratchDir(t);
  const source = path.join(dir, 'worker');
  for (const part of ['subprojects', ...PATCHED]) {
    cpSync(path.join(CHECKOUT, 'node_modules/mediasoup/worker', part), path.join(source, part), { recursive: true });
  }
  assert.ok(existsSync(path.join(source, DTLS)));
  return { source, prepared: path.join(dir, 'prepared') };
}

function prepare(source: string, prepared: string) {
  return spawnSync(path.join(CHECKOUT, 'native/worker/prepare.sh'), [source, prepared], { encoding: 'utf8' });
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  assert.notEqual(after, before, 'the line that the test changes is there');
  writeFileSync(file, after);
}
