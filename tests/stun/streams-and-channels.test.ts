import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  CHANNEL_DATA_HEADER_LENGTH,
  CHANNEL_NUMBER,
  channelDataLength,
  channelNumber,
  checkChannelData,
  writeChannelDataHeader,
} from '../../src/stun/channel-data.ts';
import { frameLength } from '../../src/stun/stream-framing.ts';
import { exactView, hex, rawMessage } from './support/messages.ts';

const LONGEST = 2048;

const message = fc
  .uint8Array({ maxLength: 40 })
  .map((value) => ({ bytes: rawMessage([{ type: 0x0013, value }]), kind: 'stun' as const }));
const channelFrame = fc
  .tuple(fc.integer({ min: 0x4000, max: 0x7fff }), fc.uint8Array({ maxLength: 40 }))
  .map(([channel, data]) => {
    const bytes = new Uint8Array(4 + data.length + (-data.length & 3));
    writeChannelDataHeader(exactView(bytes), 0, channel, data.length);
    bytes.set(data, 4);
    return { bytes, kind: 'channel' as const };
  });

test('however a stream is cut, the frames in it are found', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(message, channelFrame), { maxLength: 8 }), fc.nat(20), (frames, step) => {
      const stream = Buffer.concat(frames.map(({ bytes }) => bytes));
      const found: string[] = [];
      let begin = 0;
      for (let end = 0; end <= stream.length + step; end += step + 1) {
        const arrived = stream.subarray(0, Math.min(end, stream.length));
        for (;;) {
          const length = frameLength(exactView(arrived), begin, arrived.length - begin, LONGEST);
          assert.ok(typeof length === 'number', String(length));
          if (length === 0 || begin + length > arrived.length) break;
          found.push(arrived.subarray(begin, begin + length).toString('hex'));
          begin += length;
        }
      }
      assert.deepEqual(
        found,
        frames.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
      );
    }),
  );
});

test('a hostile stream is told as soon as it can be', () => {
  const told = (digits: string) => frameLength(exactView(hex(digits)), 0, hex(digits).length, LONGEST);
  assert.equal(told('80'), 'not-stun');
  assert.equal(told('ff00'), 'not-stun');
  // "GET / HTTP/1.1" would be ChannelData on channel 0x4745: of 21,536 bytes.
  assert.equal(told('47455420'), 'too-long');
  assert.equal(told('00010003'), 'length');
  assert.equal(told('0001fffc'), 'too-long');
  assert.equal(told('00010000 2112a443'), 'not-stun');
  // TLS on a port that speaks plain TCP.
  assert.equal(told('16030100 c5010000'), 'not-stun');
});

test('too little to say is 0, and a frame that has not arrived whole has its length', () => {
  const bytes = rawMessage([{ type: 0x0013, value: new Uint8Array(8) }]);
  for (let available = 0; available <= bytes.length; available += 1) {
    const view = exactView(bytes.subarray(0, available));
    assert.equal(frameLength(view, 0, available, LONGEST), available < 8 ? 0 : bytes.length);
  }
  assert.equal(frameLength(exactView(hex('4000')), 0, 2, LONGEST), 0);
  assert.equal(frameLength(exactView(hex('40000005')), 0, 4, LONGEST), 12);
});

test('the longest frame is read, and one byte more is not', () => {
  assert.equal(frameLength(exactView(hex('400007fc')), 0, 4, LONGEST), LONGEST);
  assert.equal(frameLength(exactView(hex('400007fd')), 0, 4, LONGEST), 'too-long');
  assert.equal(frameLength(exactView(hex('000107ec 2112a442')), 0, 8, LONGEST), LONGEST);
  assert.equal(frameLength(exactView(hex('000107f0 2112a442')), 0, 8, LONGEST), 'too-long');
});

test('random bytes never make framing read outside of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      const length = frameLength(exactView(bytes), 0, bytes.length, LONGEST);
      if (typeof length === 'number') assert.ok(length <= LONGEST && length % 4 === 0);
    }),
    { numRuns: 500 },
  );
});

test('a ChannelData header survives the wire', () => {
  const view = exactView(new Uint8Array(12));
  for (const channel of [CHANNEL_NUMBER.FIRST, 0x4abc, CHANNEL_NUMBER.LAST]) {
    writeChannelDataHeader(view, 4, channel, 4);
    assert.equal(checkChannelData(view, 4, CHANNEL_DATA_HEADER_LENGTH + 4), undefined);
    assert.equal(channelNumber(view, 4), channel);
    assert.equal(channelDataLength(view, 4), 4);
  }
});

test('ChannelData that is cut short, or of no channel, is refused', () => {
  const check = (digits: string) => checkChannelData(exactView(hex(digits)), 0, hex(digits).length);
  assert.equal(check(''), 'short');
  assert.equal(check('400000'), 'short');
  assert.equal(check('40000001'), 'length');
  assert.equal(check('4000ffff 00'), 'length');
  assert.equal(check('00010000'), 'not-channel-data');
  assert.equal(check('80000000'), 'not-channel-data');
  assert.equal(check('40000000'), undefined);
  // RFC 8656 §12.5: over UDP padding is not needed, and may be there.
  assert.equal(check('40000001 61'), undefined);
  assert.equal(check('40000001 61000000'), undefined);
});
