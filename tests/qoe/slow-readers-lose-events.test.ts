import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EventStream, ServerSentEvent } from '../../src/http/event-stream.ts';
import { LiveStreams } from '../../src/qoe/live.ts';
import { LIVE_EVENT_NAMES } from '../../src/qoe/live-events.ts';
import { SluiceError } from '../../src/kernel/errors.ts';
import type { RoomName } from '../../src/rooms/ids.ts';

const lobby = 'lobby' as RoomName;
const KIB = 1024;

test('a reader that falls behind loses events, is told how many, and gets those that come then', () => {
  const streams = new LiveStreams();
  const slow = reader();
  const quick = reader();
  for (const { stream } of [slow, quick]) {
    streams.open(stream, { room: undefined, events: LIVE_EVENT_NAMES }, () => undefined);
  }
  slow.state.buffered = 600 * KIB;
  for (let index = 0; index < 3; index += 1) streams.publish('score', lobby, `${index}`);
  streams.publish('sample', lobby, 's');
  streams.publish('session-ended', lobby, 'e');
  assert.deepEqual(slow.heard, []);
  assert.equal(quick.heard.length, 5, 'another reader gets all');
  assert.deepEqual(streams.state, { readers: 2, lost: 5 });

  slow.state.buffered = 300 * KIB;
  streams.publish('score', lobby, 'still behind');
  assert.deepEqual(slow.heard, []);
  slow.state.buffered = 10 * KIB;
  streams.advance();
  streams.publish('score', lobby, 'again');
  assert.deepEqual(slow.heard, ['lost {"scores":4,"samples":1,"sessions":1}', 'score again']);
});

test('an event that comes before anybody looks tells the loss first', () => {
  const streams = new LiveStreams();
  const slow = reader();
  streams.open(slow.stream, { room: lobby, events: ['score'] }, () => undefined);
  slow.state.buffered = 600 * KIB;
  streams.publish('score', lobby, 'lost');
  slow.state.buffered = 0;
  streams.publish('score', lobby, 'heard');
  assert.deepEqual(slow.heard, ['lost {"scores":1,"samples":0,"sessions":0}', 'score heard']);
});

test('nothing is made for events that nobody wants, and a reader that has gone wants none', () => {
  const streams = new LiveStreams();
  const one = reader();
  assert.equal(streams.wants('score', lobby), false);
  streams.open(one.stream, { room: lobby, events: ['score'] }, () => undefined);
  assert.equal(streams.wants('score', lobby), true);
  assert.equal(streams.wants('sample', lobby), false);
  assert.equal(streams.wants('score', 'attic' as RoomName), false);
  one.leave();
  assert.equal(streams.wants('score', lobby), false);
  streams.publish('score', lobby, 'x');
  assert.deepEqual([one.heard, streams.state.readers], [[], 0]);
});

test('streams are bounded in number', () => {
  const streams = new LiveStreams();
  for (let index = 0; index < 256; index += 1) {
    streams.requireRoom();
    streams.open(reader().stream, { room: undefined, events: ['score'] }, () => undefined);
  }
  assert.throws(
    () => streams.requireRoom(),
    (error) => error instanceof SluiceError && error.code === 'limit-reached',
  );
});

function reader() {
  const heard: string[] = [];
  const state = { buffered: 0, closed: () => undefined as void };
  const stream: EventStream = {
    lastEventId: undefined,
    send({ event, data }: ServerSentEvent) {
      heard.push(`${event} ${data}`);
      return true;
    },
    position: () => assert.fail('a position is for streams with numbers'),
    get buffered() {
      return state.buffered;
    },
    onClose(callback) {
      state.closed = () => callback('client');
    },
    close: () => state.closed(),
  };
  return { heard, stream, state, leave: () => state.closed() };
}
