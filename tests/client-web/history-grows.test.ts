import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Person } from '../../client/web/dashboard/answers.ts';
import { History, type Row, type Track } from '../../client/web/dashboard/history.ts';
import { participantsOf, rowAt, shownAtFirst } from '../../client/web/dashboard/room-view.ts';

test('what comes live goes on where the answer ends, and each second is there once', () => {
  const history = new History('lab');
  for (const second of [8, 9, 10, 11]) history.append(score('s1', second), 0);
  history.load([track('s1', [6, 7, 8, 9])]);
  history.append(score('s1', 11, 2.2), 0);
  history.append(score('s1', 12), 0);
  history.append(score('s1', 3), 0);
  const [found] = history.tracks(0, 1e9);
  assert.deepEqual(
    found?.rows.map(({ t }) => t / 1000),
    [6, 7, 8, 9, 10, 11, 12],
  );
  assert.equal(found?.rows[5]?.lowest, 2.2, 'told twice, the last word counts');
});

test('what is older than what is shown is forgotten', () => {
  const history = new History('lab');
  for (let second = 0; second < 1000; second += 1) history.append(score('s1', second), (second - 100) * 1000);
  assert.ok(history.tracks(0, 1e9)[0]!.rows.length <= 170);
});

test('of many the lines of those in trouble are drawn, until somebody asks for others', () => {
  const tracks = Array.from({ length: 20 }, (_, index) => track(`s${index}`, [1], index === 13 ? 'lost' : 'excellent'));
  const people = participantsOf([], tracks, new Map());
  const shown = shownAtFirst(people, new Map());
  assert.equal(shown.size, 8);
  assert.ok(shown.has('s13'));
  const asked = shownAtFirst(
    people,
    new Map([
      ['s13', false],
      ['s19', true],
    ]),
  );
  assert.ok(!asked.has('s13') && asked.has('s19'));
});

test('somebody keeps a colour when others come and go', () => {
  const styles = new Map<string, number>();
  const before = participantsOf([], [track('a', [1]), track('b', [1])], styles);
  const after = participantsOf([], [track('b', [1]), track('c', [1])], styles);
  assert.equal(before[1]?.style, after[0]?.style);
  assert.notEqual(after[0]?.style, after[1]?.style);
});

test('the cursor reads the row in which it stands, and none from long before', () => {
  const one = track('a', [1, 2, 3]);
  assert.equal(rowAt(one, 2500, 1)?.t, 2000);
  assert.equal(rowAt(one, 500, 1), undefined);
  assert.equal(rowAt(one, 9000, 1), undefined);
});

function track(session: string, seconds: number[], level: Row['level'] = 'excellent'): Track {
  const rows = seconds.map((second): Row => {
    const numbers = { up: 4, down: 4, experience: 4, lowest: 4, bitrateUp: 1, bitrateDown: 1 };
    return { t: second * 1000, ...numbers, lossUp: 0, lossDown: 0, rtt: 10, level, cause: null };
  });
  return { session, identity: session, joined: 0, left: null, rows };
}

function score(session: string, second: number, value = 4): Person {
  const quality = { score: value, level: 'excellent', since: 0, cause: null };
  const measured = { bitrateUp: 1, bitrateDown: 1, lossUp: 0, lossDown: 0, rtt: 10 };
  return {
    ...{ session, room: 'lab', roomId: 'r', identity: session, joined: 0, at: second * 1000 + 400 },
    ...{ up: quality, down: quality, both: quality, experience: value, ...measured },
  } as Person;
}
