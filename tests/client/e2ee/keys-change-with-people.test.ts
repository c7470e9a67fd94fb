import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { E2eeOptions, RemoteParticipant } from '../../../client/sdk/api.ts';
import { createE2eeKeys } from '../../../client/sdk/e2ee/keys.ts';
import { createRotation } from '../../../client/sdk/e2ee/rotation.ts';
import { KEY, OTHER_KEY } from './support.ts';

const person = (identity: string) => ({ identity }) as RemoteParticipant;

test('when somebody has left the application is asked for the next key, which is sent with from then on', async () => {
  const keys = createE2eeKeys();
  keys.setKey('ada', KEY);
  const asked: string[] = [];
  const { rotation, settled } = room(keys, {
    nextKey: async ({ reason, participant }) => {
      asked.push(`${participant.identity} ${reason}`);
      return { key: OTHER_KEY, index: 5 };
    },
  });
  rotation.left(person('bob'));
  await settled();
  assert.deepEqual(asked, ['bob left']);
  assert.deepEqual(await keys.exportKey('ada'), { key: OTHER_KEY, index: 5, generation: 0 });
});

test("when somebody has joined one's own key is ratcheted; the application is asked where that is not to be", async () => {
  const keys = createE2eeKeys();
  keys.setKey('ada', KEY);
  const { rotation, settled } = room(keys, { nextKey: () => assert.fail('asked') });
  rotation.joined(person('bob'));
  await settled();
  assert.equal((await keys.exportKey('ada'))?.generation, 1);

  const other = room(keys, { ratchetOnJoin: false, nextKey: async () => ({ key: OTHER_KEY, index: 1 }) });
  other.rotation.joined(person('carol'));
  await other.settled();
  assert.deepEqual(await keys.exportKey('ada'), { key: OTHER_KEY, index: 1, generation: 0 });
});

test('a shared secret is renewed for who has come too, as it cannot be ratcheted', async () => {
  const keys = createE2eeKeys();
  const set: unknown[] = [];
  keys.setShared('first');
  keys.setShared = (secret, index) => void set.push([secret, index]);
  const { rotation, settled } = room(keys, {
    nextKey: async ({ reason }) => (reason === 'left' ? undefined : { key: 'second', index: 1 }),
  });
  rotation.left(person('bob'));
  rotation.joined(person('carol'));
  await settled();
  assert.deepEqual(set, [['second', 1]]);
});

test('people who come and go together change keys one after the other; a key that is not to be had changes nothing', async () => {
  const keys = createE2eeKeys();
  keys.setKey('ada', KEY);
  let pending = 0;
  const { rotation, settled, failures } = room(keys, {
    nextKey: async ({ participant }) => {
      pending += 1;
      assert.equal(pending, 1, 'one at a time');
      await new Promise((resolve) => setImmediate(resolve));
      pending -= 1;
      if (participant.identity === 'bob') throw new Error('the back end is down');
      return { key: OTHER_KEY, index: 2 };
    },
  });
  rotation.left(person('bob'));
  rotation.left(person('carol'));
  rotation.joined(person('dave'));
  await settled();
  assert.deepEqual(failures, ['Error: the back end is down']);
  const now = await keys.exportKey('ada');
  assert.deepEqual([now?.index, now?.generation], [2, 1]);
});

function room(keys: E2eeOptions['keys'], options: Omit<E2eeOptions, 'keys'>) {
  const failures: string[] = [];
  const rotation = createRotation({
    options: { keys, ...options },
    self: () => 'ada',
    failed: (error) => failures.push(String(error)),
  });
  return {
    ...{ rotation, failures },
    settled: async () => {
      for (let rounds = 0; rounds < 50; rounds += 1) {
        await keys.exportKey('ada');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
