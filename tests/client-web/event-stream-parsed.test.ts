import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { eventParser } from '../../client/server-sdk/event-parser.ts';
import { encodeEvent } from '../../src/http/event-stream.ts';

const event = fc.record(
  { event: fc.constantFrom('score', 'session-started', 'session-ended'), data: fc.json() },
  { noNullPrototype: true },
);

test('events come out as the server wrote them, wherever the network cuts the stream', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, size: 'max', maxLength: 60 });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), cuts, (events, lengths) => {
      const text = `:\n\n${events.map(encodeEvent).join(':\n\n')}`;
      const parse = eventParser();
      const found = [];
      let at = 0;
      for (let turn = 0; at < text.length; turn += 1) {
        const length = lengths[turn % lengths.length]!;
        found.push(...parse(text.slice(at, at + length)));
        at += length;
      }
      assert.deepEqual(found, events);
    }),
  );
});

test('lines may end in any of the three ways, even where a piece ends between CR and LF', () => {
  const parse = eventParser();
  const pieces = ['event: score\r', '\ndata: {"a":\r\ndata: 1}\r', '\n\r\n', 'data: x\r\rdata: y\n\n'];
  assert.deepEqual(
    pieces.flatMap((piece) => parse(piece)),
    [
      { event: 'score', data: '{"a":\n1}' },
      { event: 'message', data: 'x' },
      { event: 'message', data: 'y' },
    ],
  );
});

test('what has no end is given up', () => {
  const parse = eventParser();
  assert.throws(() => {
    for (let piece = 0; piece < 100; piece += 1) parse('x'.repeat(100_000));
  }, RangeError);
});
