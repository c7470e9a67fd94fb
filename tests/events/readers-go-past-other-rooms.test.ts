import assert from 'node:assert/strict';
import { test } from 'node:test';

import { feed } from '../../src/events/feed.ts';
import type { EventStream } from '../../src/http/event-stream.ts';
import { openLog, scratch, until } from './event-log.ts';
import { factsOf } from './facts.ts';

test('a reader of one room is told how far the log is, stored or announced, so that it never asks for what is given up', async (t) => {
  const { log, announced } = openLog(t, scratch(t));
  const tell = (room: number) => {
    for (const fact of [factsOf(room, 1).started, factsOf(room, 1).closed]) log.append(fact);
  };
  for (const room of [1, 2, 3]) tell(room);
  await until(() => announced.length === 6, 'all are stored');

  const { stream, told } = recorded();
  feed(log, stream, 0, 'room-2');
  await until(() => told.at(-1) === 'at 6', 'it has caught up');
  tell(4);
  await until(() => told.at(-1) === 'at 8', 'it has gone past another room');
  tell(2);
  await until(() => told.at(-1) === '10', 'its own room is told');
  assert.deepEqual(
    told.filter((one) => !one.startsWith('at')),
    ['3', '4', '9', '10'],
  );
});

/** What a stream was to send: numbers of events, and positions. */
function recorded() {
  const told: string[] = [];
  const stream: EventStream = {
    lastEventId: undefined,
    buffered: 0,
    send: ({ id = '' }) => told.push(id) > 0,
    position: (id) => void told.push(`at ${id}`),
    onClose: () => undefined,
    close: () => undefined,
  };
  return { stream, told };
}
