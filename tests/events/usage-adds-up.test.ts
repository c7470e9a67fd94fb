import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { RoomFact } from '../../src/rooms/facts.ts';
import type { Millis } from '../../src/kernel/clock.ts';
import { BytesTally } from '../../src/events/bytes-tally.ts';
import { type EventFact, eventText } from '../../src/events/event.ts';
import { LogFile } from '../../src/events/store/log-file.ts';
import { answer, type EventsAnswer, type UsageAnswer } from '../../src/events/store/queries.ts';
import { deleteOld } from '../../src/events/store/retention.ts';
import { DAY_MS, spanByDay } from '../../src/events/store/usage.ts';
import { factsOf, muted, NOON } from './facts.ts';

const HOUR = 3_600_000;
const TODAY = Math.floor(NOON / DAY_MS);

test('the days of a span are as long as the span', () => {
  fc.assert(
    fc.property(fc.nat(DAY_MS * 3), fc.nat(DAY_MS * 3), (from, length) => {
      const spans = spanByDay(NOON + from, NOON + from + length);
      assert.equal(
        spans.reduce((sum, { ms }) => sum + ms, 0),
        length,
      );
      assert.ok(spans.every(({ ms }) => ms > 0 && ms <= DAY_MS));
      assert.deepEqual(
        spans.map(({ day }) => day),
        spans.map((_, index) => (spans[0]?.day ?? 0) + index),
      );
    }),
  );
});

test('usage is what the log says: who left counts, who is there counts up to now, each on its days and for its key', (t) => {
  const file = memory(t);
  const night = factsOf(1, 1, { joined: at(10 * HOUR), left: at(15 * HOUR), keyId: 'a' });
  const there = factsOf(1, 2, { joined: at(11 * HOUR), keyId: 'b' });
  const other = factsOf(2, 1, { joined: at(0), left: at(HOUR), keyId: 'a' });
  write(file, [other.joined, other.left, night.joined, there.joined, night.left]);
  const now = at(13 * HOUR);
  assert.deepEqual(usage(file, now), [
    [TODAY, 'room-1', 'a', 1, 2 * HOUR, 0, 0, 0],
    [TODAY, 'room-1', 'b', 1, HOUR, 0, 0, 0],
    [TODAY, 'room-2', 'a', 1, HOUR, 0, 0, 0],
    [TODAY + 1, 'room-1', 'a', 0, 3 * HOUR, 0, 0, 0],
    [TODAY + 1, 'room-1', 'b', 0, HOUR, 0, 0, 0],
  ]);
  assert.deepEqual(usage(file, now, { keyId: 'b', from: TODAY + 1 }), [[TODAY + 1, 'room-1', 'b', 0, HOUR, 0, 0, 0]]);
  assert.deepEqual(usage(file, now, { room: 'room-2' }), [[TODAY, 'room-2', 'a', 1, HOUR, 0, 0, 0]]);
});

test('bytes in usage are those of the events, and those that were added up: none lost, none twice', () => {
  const bytes = fc.record({
    room: fc.constantFrom('room-1', 'room-2', undefined),
    keyId: fc.constantFrom('a', 'b'),
    publishedBytes: fc.nat(),
    forwardedBytes: fc.nat(),
    relayedBytes: fc.nat(),
  });
  const step = fc.oneof(
    bytes.map((used) => ({ do: 'add', used }) as const),
    fc.constantFrom('room-1', 'room-2', undefined).map((room) => ({ do: 'close', room }) as const),
    fc.constant({ do: 'note' } as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const start = { path: ':memory:', writer: 'w', retention: 1, usageRetention: 1, busyTimeout: 1, retryAfter: 1 };
      const file = new LogFile(start, 0, NOON);
      const tally = new BytesTally();
      const expected = new Map<string, number[]>();
      let clock = 0;
      const note = (facts: readonly EventFact[]) => {
        if (facts.length === 0) return;
        const first = file.last + 1;
        const batch = { first, texts: facts.map((fact, index) => eventText(fact, first + index, undefined)) };
        file.append(batch);
        // A batch whose word of being stored was lost is sent again.
        file.append(batch);
      };
      for (const { do: what, ...rest } of steps) {
        clock += HOUR;
        if (what === 'add' && 'used' in rest) tally.add(rest.used, rest.used);
        else if (what === 'close' && 'room' in rest) note(tally.take(at(clock), { room: rest.room }));
        else note(tally.take(at(clock)));
        if (!('used' in rest)) continue;
        const { room = '', keyId, publishedBytes, forwardedBytes, relayedBytes } = rest.used;
        const before = expected.get(`${room} ${keyId}`) ?? [0, 0, 0];
        const more = [publishedBytes, forwardedBytes, relayedBytes];
        if (more.some(Boolean))
          expected.set(
            `${room} ${keyId}`,
            before.map((sum, index) => sum + more[index]!),
          );
      }
      note(tally.take(at(clock)));
      const found = new Map<string, number[]>();
      for (const row of usage(file, at(clock)) as [number, string, string, number, number, ...number[]][]) {
        const [, room, keyId, , , ...more] = row;
        const before = found.get(`${room} ${keyId}`) ?? [0, 0, 0];
        found.set(
          `${room} ${keyId}`,
          before.map((sum, index) => sum + more[index]!),
        );
      }
      file.close();
      assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
    }),
  );
});

test('pages of usage, put together, are all of it', (t) => {
  const file = memory(t);
  const facts = Array.from({ length: 30 }, (_, index) =>
    factsOf(index, 1, { joined: at(index * HOUR), left: at((index + 30) * HOUR), keyId: `key-${index % 3}` }),
  );
  write(
    file,
    facts.flatMap(({ joined, left }, index) => (index % 2 === 0 ? [joined] : [joined, left])),
  );
  const now = at(40 * HOUR);
  const all = usage(file, now);
  const paged: unknown[] = [];
  let after: { day: number; room: string; keyId: string } | undefined;
  for (let more = true; more;) {
    const page = answer(file.sql, { ...EVERYTHING, after, limit: 7 }, now) as UsageAnswer;
    for (const row of page.rows) paged.push(Object.values(row));
    after = page.rows.at(-1);
    ({ more } = page);
  }
  assert.deepEqual(paged, all);
});

test('old events go, in their order; a reader that wants them is told what there is', (t) => {
  const file = memory(t);
  write(file, [muted(1, 1), { ...muted(1, 2), at: at(HOUR) }, { ...muted(1, 3), at: at(2 * HOUR) }]);
  const age = (hours: number) => {
    while (deleteOld(file.sql, { retention: HOUR, usageRetention: DAY_MS }, at(hours * HOUR)));
  };
  const after = (seq: number) =>
    answer(file.sql, { type: 'events', after: seq, room: undefined, limit: 10 }, 0) as EventsAnswer;
  age(1.5);
  assert.deepEqual(after(0), { missing: { first: 2, last: 3 } });
  const rest = after(1);
  assert.ok('events' in rest && rest.events.length === 2);
  age(10);
  assert.deepEqual(after(1), { missing: { first: 4, last: 3 } });
  assert.deepEqual(after(3), { events: [], upTo: 3, last: 3 });
  assert.deepEqual(after(4), { missing: { first: 4, last: 3 } }, 'numbers that were never given');
  write(file, [{ ...muted(1, 4), at: at(10 * HOUR) }]);
  const next = after(3);
  assert.ok('events' in next && next.events[0]?.seq === 4, 'numbers go on though nothing is kept');
});

const EVERYTHING = { type: 'usage', from: 0, to: 100_000, room: undefined, keyId: undefined } as const;

function memory(t: { after(act: () => void): void }): LogFile {
  const start = { path: ':memory:', writer: 'w', retention: 1, usageRetention: 1, busyTimeout: 1, retryAfter: 1 };
  const file = new LogFile(start, 0, NOON);
  t.after(() => file.close());
  return file;
}

function at(milliseconds: number): Millis {
  return (NOON + milliseconds) as Millis;
}

function write(file: LogFile, facts: readonly (RoomFact | EventFact)[]): void {
  const first = file.last + 1;
  file.append({ first, texts: facts.map((fact, index) => eventText(fact, first + index, 1)) });
}

function usage(file: LogFile, now: number, filter: { room?: string; keyId?: string; from?: number } = {}): unknown[] {
  const query = { ...EVERYTHING, ...filter, after: undefined, limit: 1000 };
  return (answer(file.sql, query, now) as UsageAnswer).rows.map((row) => Object.values(row));
}
