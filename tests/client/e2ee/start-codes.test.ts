import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { escapeStartCodes, unescapeStartCodes } from '../../../client/sdk/e2ee/start-codes.ts';

const low = fc.uint8Array({ max: 4, maxLength: 200, size: 'max' });
const any = fc.oneof(low, fc.uint8Array({ maxLength: 200, size: 'max' }));

test('bytes come back as they were, behind whatever they stand', () => {
  fc.assert(
    fc.property(any, any, (before, bytes) => {
      assert.deepEqual(unescapeStartCodes(before, escapeStartCodes(before, bytes)), bytes);
    }),
  );
});

test('there is no start code within them, nor across where they begin', () => {
  fc.assert(
    fc.property(low, low, (before, bytes) => {
      const escaped = [...before.subarray(-2), ...escapeStartCodes(before, bytes)];
      const from = Math.min(2, before.length);
      for (let at = from; at < escaped.length; at += 1) {
        assert.ok(at < 2 || escaped[at - 1] !== 0 || escaped[at - 2] !== 0 || escaped[at]! > 2, String(escaped));
      }
    }),
  );
});
