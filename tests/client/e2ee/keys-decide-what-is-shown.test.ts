import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client, KEY, OTHER_KEY, outcome, seal, VP8 } from './support.ts';

test('without a key nothing is sent, and nothing is shown', async () => {
  const { keys, sealer, opener } = client();
  assert.deepEqual(await sealer('ada').seal(VP8), { ok: false, why: 'no-key' });
  keys.setKey('ada', KEY);
  const frame = await seal(sealer('ada'));
  assert.equal(await outcome(client().opener('ada'), frame), 'no-key');
  assert.equal(await outcome(opener('ada'), VP8), 'unencrypted');
});

test('a frame opens with its own key, of its own participant and source, and with no other', async () => {
  const [ada, bob] = [client(), client()];
  ada.keys.setKey('ada', KEY);
  const frame = await seal(ada.sealer('ada'));
  bob.keys.setKey('ada', OTHER_KEY);
  assert.equal(await outcome(bob.opener('ada'), frame), 'wrong-key');
  bob.keys.setKey('ada', KEY);
  bob.keys.setKey('eve', KEY);
  assert.equal(await outcome(bob.opener('eve'), frame), 'wrong-key');
  assert.equal(await outcome(bob.opener('ada', 'vp8', 'screen'), frame), 'wrong-key');
  assert.equal(await outcome(bob.opener('ada'), frame), 'shown');
});

test('a passphrase or secret of all opens the frames of each, but not those of one as those of another', async () => {
  const [ada, bob, eve] = [client(), client(), client()];
  for (const { keys } of [ada, bob]) keys.setShared('correct horse battery staple');
  eve.keys.setShared('correct horse battery stable');
  const frame = await seal(ada.sealer('ada'));
  assert.equal(await outcome(bob.opener('ada'), frame), 'shown');
  assert.equal(await outcome(bob.opener('bob'), frame), 'wrong-key');
  assert.equal(await outcome(eve.opener('ada'), frame), 'wrong-key');
});

test('a frame is shown once, late ones too, and not when it is too late to know', async () => {
  const { keys, sealer, opener } = client();
  keys.setKey('ada', KEY);
  const [ada, eye] = [sealer('ada'), opener('ada')];
  const frames: Uint8Array[] = [];
  for (let count = 0; count < 600; count += 1) frames.push(await seal(ada));
  assert.equal(await outcome(eye, frames[10]!), 'shown');
  assert.equal(await outcome(eye, frames[5]!), 'shown');
  for (const at of [10, 5]) assert.equal(await outcome(eye, frames[at]!), 'replayed');
  assert.equal(await outcome(eye, frames[599]!), 'shown');
  assert.equal(await outcome(eye, frames[20]!), 'replayed');
  assert.equal(await outcome(eye, frames[100]!), 'shown');
});

test('after a ratchet receivers go on by themselves; who comes then opens nothing of before', async () => {
  const [ada, bob, carol] = [client(), client(), client()];
  ada.keys.setKey('ada', KEY);
  bob.keys.setKey('ada', KEY);
  const [sealer, eye] = [ada.sealer('ada'), bob.opener('ada')];
  const earlier = [await seal(sealer), await seal(sealer)] as const;
  assert.equal(await outcome(eye, earlier[0]), 'shown');
  await ada.keys.ratchet('ada');
  await ada.keys.ratchet('ada');
  const later = await seal(sealer);
  assert.equal(await outcome(eye, later), 'shown');
  assert.equal(await outcome(eye, earlier[1]), 'shown', 'it was under way');

  const { key, index, generation } = (await ada.keys.exportKey('ada'))!;
  assert.equal(generation, 2);
  carol.keys.setKey('ada', key, { index, generation });
  assert.equal(await outcome(carol.opener('ada'), later), 'shown');
  assert.equal(await outcome(carol.opener('ada'), earlier[0]), 'no-key');
});

test('a key that was exported before any ratchet is the one that was set', async () => {
  const [ada, bob] = [client(), client()];
  ada.keys.setKey('ada', KEY, { index: 3 });
  const { key, ...options } = (await ada.keys.exportKey('ada'))!;
  bob.keys.setKey('ada', key, options);
  assert.equal(await outcome(bob.opener('ada'), await seal(ada.sealer('ada'))), 'shown');
  assert.equal(await ada.keys.exportKey('bob'), undefined);
});

test('who has left opens nothing that is sent with the next key; the others have both', async () => {
  const [ada, bob, gone] = [client(), client(), client()];
  for (const { keys } of [ada, bob, gone]) keys.setShared(KEY, 0);
  const sealer = ada.sealer('ada');
  const before = await seal(sealer);
  bob.keys.setShared(OTHER_KEY, 1);
  ada.keys.setShared(OTHER_KEY, 1);
  const after = await seal(sealer);
  assert.equal(await outcome(gone.opener('ada'), after), 'no-key');
  const eye = bob.opener('ada');
  assert.equal(await outcome(eye, after), 'shown');
  assert.equal(await outcome(eye, before), 'shown');
});

test('keys that are none are refused', () => {
  const { keys } = client();
  assert.throws(() => keys.setKey('ada', new Uint8Array(15)), RangeError);
  assert.throws(() => keys.setShared(''), RangeError);
  assert.throws(() => keys.setShared(new Uint8Array(8)), RangeError);
  for (const index of [-1, 256, 0.5]) assert.throws(() => keys.setKey('ada', KEY, { index }), RangeError);
});
