import assert from 'node:assert/strict';
import { test } from 'node:test';

import { frameTransform } from '../../../client/sdk/e2ee/frame-transform.ts';
import { KeyStore } from '../../../client/sdk/e2ee/key-store.ts';
import { createE2eeKeys, sourceOf } from '../../../client/sdk/e2ee/keys.ts';
import type { Job } from '../../../client/sdk/e2ee/worker-messages.ts';
import { client, KEY, outcome, seal, VP8 } from './support.ts';

const NOTHING = new Uint8Array();
const SPEECH = new Uint8Array([0x78, 1, 2, 3]);
/** A frame of a picture whose head is cut off. */
const CUT = new Uint8Array([0x10]);

test('an encoder that says nothing in silence sends nothing, and stays encrypted', async () => {
  const ada = channel('seal', 'opus', KEY);
  const sent = await ada.take(SPEECH, NOTHING, NOTHING, SPEECH, NOTHING);
  assert.equal(sent.length, 2);
  assert.deepEqual(ada.told, ['encrypted']);
});

test('silence before there is a key is no reason to ask for one', async () => {
  const ada = channel('seal', 'opus');
  await ada.take(NOTHING);
  assert.deepEqual(ada.told, []);
  await ada.take(SPEECH);
  assert.deepEqual(ada.told, ['no-key']);
});

test('who receives empty frames among encrypted ones hears those, and is told of no others', async () => {
  const { keys, sealer } = client();
  keys.setKey('ada', KEY);
  const ada = sealer('ada', 'opus', 'microphone');
  const bob = channel('open', 'opus', KEY);
  const shown = await bob.take(await seal(ada, SPEECH), NOTHING, await seal(ada, SPEECH));
  assert.deepEqual(shown, [SPEECH, SPEECH]);
  assert.deepEqual(bob.told, ['encrypted']);
});

test('a picture that is none is neither sent nor shown, and no reason for a key frame', async () => {
  const { keys, sealer, opener } = client();
  keys.setKey('ada', KEY);
  assert.deepEqual(await sealer('ada').seal(CUT), { ok: false, why: 'malformed' });
  assert.equal(await outcome(opener('ada'), CUT), 'malformed');

  const ada = sealer('ada', 'vp8', 'microphone');
  const bob = channel('open', 'vp8', KEY);
  assert.deepEqual(await bob.take(await seal(ada), CUT, await seal(ada)), [VP8, VP8]);
  assert.deepEqual([bob.told, bob.asked], [['encrypted'], 0]);
  await bob.take(VP8, await seal(ada));
  assert.deepEqual([bob.told, bob.asked], [['encrypted', 'unencrypted', 'encrypted'], 1]);
});

/** What a worker does with the frames of Ada's microphone, and what it tells of them. */
function channel(side: Job['side'], codec: Job['codec'], key?: Uint8Array) {
  const keys = createE2eeKeys();
  const store = new KeyStore();
  sourceOf(keys).follow((entry) => store.set(entry));
  if (key !== undefined) keys.setKey('ada', key);
  const seen = { told: [] as string[], asked: 0 };
  const { stream } = frameTransform(
    store,
    { id: 'one', side, codec, identity: 'ada', source: 'microphone' },
    { tell: (_job, state) => seen.told.push(state), wantKeyFrame: () => (seen.asked += 1) },
  );
  const writer = stream.writable.getWriter();
  const out: Uint8Array[] = [];
  void stream.readable.pipeTo(new WritableStream({ write: ({ data }) => void out.push(new Uint8Array(data)) }));
  return Object.assign(seen, {
    /** The frames that come out. */
    async take(...frames: Uint8Array[]): Promise<Uint8Array[]> {
      for (const frame of frames) await writer.write({ data: frame.slice().buffer });
      return out.splice(0);
    },
  });
}
