import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { FrameReader, LONGEST_FRAME } from '../../src/relay/framing.ts';

const stun = fc.nat({ max: 40 }).map((words) => {
  const message = Buffer.alloc(20 + 4 * words, 7);
  message.writeUInt32BE((0x0001 << 16) | (4 * words), 0);
  message.writeUInt32BE(0x2112a442, 4);
  return { message, frame: message };
});
const channelData = fc
  .record({ number: fc.integer({ min: 0x4000, max: 0x4fff }), length: fc.nat({ max: 90 }) })
  .map(({ number, length }) => {
    const message = Buffer.alloc(4 + length, 9);
    message.writeUInt32BE(((number << 16) | length) >>> 0, 0);
    return { message, frame: Buffer.concat([message, Buffer.alloc(-length & 3)]) };
  });

test('however a stream is cut, the same messages come out of it, without their padding', () => {
  const messages = fc.array(fc.oneof(stun, channelData), { maxLength: 12 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, cuts) => {
      const { reader, frames } = collect();
      const stream = Buffer.concat(sent.map(({ frame }) => frame));
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length]!;
        assert.equal(reader.read(stream.subarray(at, at + size)), undefined);
        at += size;
      }
      assert.deepEqual(
        frames,
        sent.map(({ message }) => message),
      );
    }),
  );
});

test('no bytes make it throw, and what it says is malformed stays so', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
      const { reader } = collect();
      for (const chunk of chunks) if (reader.read(Buffer.from(chunk)) === 'malformed') return;
    }),
  );
});

test('what is no frame, or a longer one than may come, is malformed as soon as it shows', () => {
  for (const bytes of ['80', 'ff', '00010002', '0001000021', '000100002112a443', '40000801']) {
    const { reader } = collect(2048);
    const chunks = bytes.match(/../gu)!.map((byte) => Buffer.from(byte, 'hex'));
    const verdicts = chunks.map((chunk) => reader.read(chunk));
    if (bytes === '0001000021') assert.equal(verdicts.at(-1), undefined, 'more of the cookie may come');
    else assert.equal(verdicts.at(-1), 'malformed', bytes);
  }
});

test('what follows the frame at which its taker stops is left as it is', () => {
  const reader = new FrameReader({ longest: () => LONGEST_FRAME, frame: () => false });
  const frame = Buffer.from('4000000161000000', 'hex');
  const rest = reader.read(Buffer.concat([frame, Buffer.from('theirs')]));
  assert.equal(String(rest), 'theirs');
});

function collect(longest: number = LONGEST_FRAME) {
  const frames: Buffer[] = [];
  const reader = new FrameReader({
    longest: () => longest,
    frame(bytes, start, end) {
      frames.push(Buffer.from(bytes.subarray(start, end)));
      return true;
    },
  });
  return { reader, frames };
}
