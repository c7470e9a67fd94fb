import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { clearBytes } from '../../../client/sdk/e2ee/clear-bytes.ts';
import { readTrailer } from '../../../client/sdk/e2ee/trailer.ts';
import { client, CODECS, FRAMES, KEY, outcome, seal } from './support.ts';

for (const codec of CODECS) {
  test(`${codec}: what is decrypted is what was encrypted, and what has to be readable is`, async () => {
    const { keys, sealer, opener } = client();
    keys.setKey('ada', KEY);
    const [ada, eye] = [sealer('ada', codec), opener('ada', codec)];
    await fc.assert(
      fc.asyncProperty(FRAMES[codec], async (frame) => {
        const sealed = await seal(ada, frame);
        const clear = clearBytes(codec, frame)!;
        assert.equal(clearBytes(codec, sealed), clear);
        assert.deepEqual(sealed.subarray(0, clear), frame.subarray(0, clear));
        assert.ok(sealed.length >= frame.length + 16);
        const opened = await eye.open(sealed);
        assert.ok(opened.ok);
        assert.deepEqual(opened.frame, frame);
      }),
    );
  });

  test(`${codec}: no byte can be changed, taken away or added`, async () => {
    const { keys, sealer, opener } = client();
    keys.setKey('ada', KEY);
    const ada = sealer('ada', codec);
    await fc.assert(
      fc.asyncProperty(FRAMES[codec], fc.nat(), fc.integer({ min: 1, max: 255 }), async (frame, where, change) => {
        const sealed = await seal(ada, frame);
        const changed = sealed.slice();
        changed[where % changed.length]! ^= change;
        for (const bad of [changed, sealed.subarray(0, -1), sealed.subarray(1), Buffer.concat([sealed, sealed])]) {
          assert.notEqual(await outcome(opener('ada', codec), bad), 'shown');
        }
        assert.equal(await outcome(opener('ada', codec), sealed), 'shown');
      }),
    );
  });
}

test('h264: nothing that is encrypted looks like the start of a NAL unit, which packetizers would cut at', async () => {
  const { keys, sealer } = client();
  keys.setKey('ada', KEY);
  const ada = sealer('ada', 'h264');
  await fc.assert(
    fc.asyncProperty(FRAMES.h264, async (frame) => {
      const sealed = await seal(ada, frame);
      const tail = Buffer.from(sealed.subarray(clearBytes('h264', frame)! - 2));
      for (const low of [0, 1, 2]) assert.equal(tail.indexOf(Buffer.from([0, 0, low])), -1);
      assert.notEqual(sealed.at(-1), 0);
    }),
    { numRuns: 300 },
  );
});

test('no two frames have the same IV under one key, whichever track they are of and however often it starts', async () => {
  const { keys, sealer } = client();
  keys.setKey('ada', KEY);
  const seen = new Set<string>();
  let frames = 0;
  for (const source of ['camera', 'camera', 'microphone', 'screen']) {
    const ada = sealer('ada', 'opus', source);
    for (let count = 0; count < 50; count += 1) {
      const { context, counter } = readTrailer(await seal(ada, new Uint8Array([1, 2, 3])))!;
      seen.add(`${context.join()} ${counter}`);
      frames += 1;
    }
  }
  assert.equal(seen.size, frames);
});

test('what is no frame of its codec is neither sent nor shown', async () => {
  const { keys, sealer, opener } = client();
  keys.setKey('ada', KEY);
  for (const [codec, frame] of [
    ['opus', []],
    ['vp8', [1, 2]],
    ['vp8', [0, 2, 3, 4, 5]],
    ['h264', [0, 0, 1, 0x67, 1, 2, 3, 4]],
    ['h264', [0, 0, 1, 0x65, 1]],
  ] as const) {
    assert.deepEqual(await sealer('ada', codec).seal(new Uint8Array(frame)), { ok: false, why: 'malformed' });
    assert.equal(await outcome(opener('ada', codec), new Uint8Array(frame)), 'malformed');
  }
});
