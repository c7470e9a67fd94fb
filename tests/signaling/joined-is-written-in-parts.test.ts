import assert from 'node:assert/strict';
import test from 'node:test';

import { joinedText } from '../../src/signaling/encoding.ts';
import type { Joined } from '../../src/signaling/wire.ts';

/** What is in the other fields is copied as it is, whatever it is. */
function joined(name: string, rtpCapabilities: object): Joined {
  const room = { id: `${name}-id`, name, createdAt: 0, maxParticipants: 2, metadata: { quote: '"],"}' } };
  return { room, participants: [], consumers: [], media: { iceServers: [], rtpCapabilities } } as unknown as Joined;
}

test('a newcomer is written all that it is told, with the capabilities of its own room', () => {
  const [opus, vp8] = [{ codecs: [{ mimeType: 'audio/opus' }] }, { codecs: [{ mimeType: 'video/VP8' }] }];
  // Twice: what was written once is not written anew.
  for (const one of [joined('a', opus), joined('b', vp8), joined('a', opus), joined('c', opus)]) {
    const text = joinedText(one);
    assert.equal(text.slice(0, 2), '42');
    assert.deepEqual(JSON.parse(text.slice(2)), ['joined', one]);
  }
});
