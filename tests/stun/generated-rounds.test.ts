import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { md5Source, sha1OuterSource, sha1Source } from '../../scripts/generate-hash-rounds.mjs';

for (const [name, source] of [
  ['sha1-compress', sha1Source()],
  ['sha1-compress-outer', sha1OuterSource()],
  ['md5-compress', md5Source()],
] as const) {
  test(`src/stun/${name}.ts is what scripts/generate-hash-rounds.mjs writes`, () => {
    assert.equal(readFileSync(new URL(`../../src/stun/${name}.ts`, import.meta.url), 'utf8'), source);
  });
}
