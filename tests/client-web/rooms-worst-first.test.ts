import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Person } from '../../client/web/dashboard/answers.ts';
import { LiveState, SETTLE_MS, SILENT_FOR_MS } from '../../client/web/dashboard/live-state.ts';
import type { Level } from '../../src/qoe/level.ts';

const SCORES: Record<Level, number> = { lost: 1, poor: 2, good: 3.5, excellent: 4.3 };

test('the room with the worst trouble comes first, and in it those who have it', () => {
  const live = new LiveState();
  live.scored(person('calm', 'ada', 'excellent'), 0);
  live.scored(person('bad', 'ben', 'good'), 0);
  live.scored(person('bad', 'cy', 'poor'), 0);
  live.scored(person('worst', 'dee', 'lost'), 0);
  live.scored(person('worse', 'eve', 'poor'), 0);
  live.scored(person('worse', 'fay', 'poor'), 0);
  assert.deepEqual(
    live.rooms().map(({ name, level, people }) => [name, level, people.map(({ identity }) => identity)]),
    [
      ['worst', 'lost', ['dee']],
      ['worse', 'poor', ['eve', 'fay']],
      ['bad', 'poor', ['cy', 'ben']],
      ['calm', 'excellent', ['ada']],
    ],
  );
});

test('rooms without anybody who was scored come last, and empty ones are there too', () => {
  const live = new LiveState();
  live.known([{ room: 'empty' } as never]);
  live.scored(person('new', 'ada', undefined), 0);
  live.scored(person('calm', 'ben', 'excellent'), 0);
  assert.deepEqual(
    live.rooms().map(({ name, level, people }) => [name, level, people.length]),
    [
      ['calm', 'excellent', 1],
      ['empty', undefined, 0],
      ['new', undefined, 1],
    ],
  );
});

test('who leaves is gone at once, and who falls silent after a while', () => {
  const live = new LiveState();
  live.scored(person('lab', 'ada', 'good'), 0);
  live.scored(person('lab', 'ben', 'good'), 0);
  live.scored(person('lab', 'cy', 'good'), 0);
  live.ended({ session: 'lab ada' } as never);
  live.scored(person('lab', 'ben', 'good'), SILENT_FOR_MS);
  assert.equal(live.prune(SILENT_FOR_MS + 1), true);
  assert.deepEqual(
    live.people('lab').map(({ identity }) => identity),
    ['ben'],
  );
});

test('who left while the stream was interrupted is gone soon after it goes on', () => {
  const live = new LiveState();
  live.opened(0);
  live.scored(person('lab', 'ada', 'good'), 100);
  live.scored(person('lab', 'ben', 'good'), 100);
  live.opened(5000);
  live.scored(person('lab', 'ben', 'good'), 5010);
  assert.equal(live.prune(5000 + SETTLE_MS), false, 'they may yet be told of');
  assert.equal(live.prune(5001 + SETTLE_MS), true);
  assert.deepEqual(
    live.people('lab').map(({ identity }) => identity),
    ['ben'],
  );
});

function person(room: string, identity: string, level: Level | undefined): Person {
  const score = level === undefined ? null : SCORES[level];
  const quality = { score, level: level ?? 'excellent', since: 0, cause: null };
  const measured = { bitrateUp: null, bitrateDown: null, lossUp: null, lossDown: null, rtt: null };
  return {
    ...{ session: `${room} ${identity}`, room, roomId: 'r', identity, name: identity, joined: 0, at: 0 },
    ...{ up: quality, down: quality, both: quality, experience: score, ...measured },
  };
}
