import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { readPreferences, savePreferences } from '../../client/web/meeting/preferences.ts';

const DEFAULTS = { cameraOn: true, microphoneOn: true, camera: '', microphone: '', speaker: '' };

test('what was chosen is there the next time, and one choice leaves the others alone', () => {
  const { storage } = memory();
  savePreferences({ camera: 'front' }, storage);
  savePreferences({ microphoneOn: false }, storage);
  assert.deepEqual(readPreferences(storage), { ...DEFAULTS, camera: 'front', microphoneOn: false });
});

test('storage that is switched off or full changes nothing', () => {
  const off = (): Storage => {
    throw new Error('denied');
  };
  assert.deepEqual(readPreferences(off), DEFAULTS);
  assert.doesNotThrow(() => savePreferences({ camera: 'front' }, off));
});

test('whatever is stored, what is read has its types', () => {
  const stored = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ camera: fc.jsonValue(), cameraOn: fc.jsonValue() }).map((v) => JSON.stringify(v)),
  );
  fc.assert(
    fc.property(stored, (text) => {
      const read = readPreferences(() => ({ getItem: () => text }));
      for (const [name, value] of Object.entries(DEFAULTS))
        assert.equal(typeof read[name as keyof typeof read], typeof value);
    }),
  );
});

function memory(): { storage: () => Storage } {
  const values = new Map<string, string>();
  const storage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  } as Storage;
  return { storage: () => storage };
}
