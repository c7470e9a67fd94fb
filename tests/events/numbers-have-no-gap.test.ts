import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { StoredEvent } from '../../src/events/event.ts';
import { type EventBatch, Journal } from '../../src/events/journal.ts';
import { factsOf, muted } from './facts.ts';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('fact' as const), room: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('batch' as const), most: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('written' as const) }) },
  // The thread dies before or after its commit, and another one opens the file.
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const), committed: fc.boolean() }) },
  // The file was damaged: another one takes its place, with numbers that are far above.
  { weight: 1, arbitrary: fc.record({ type: fc.constant('damaged' as const) }) },
);

test('whatever becomes of the store: each fact is announced once, in order, under one number, and is stored under it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const journal = new Journal(1000);
      const announced: StoredEvent[] = [];
      const given: string[] = [];
      let file: string[] = [];
      let first = 0;
      const lastStored = () => first + file.length;
      let sent: EventBatch | undefined;
      const commit = (batch: EventBatch | undefined) => {
        if (batch === undefined || batch.first + batch.texts.length - 1 <= lastStored()) return;
        assert.equal(batch.first, lastStored() + 1, 'no gap');
        file.push(...batch.texts);
      };
      const send = (most: number) => {
        sent = journal.takeBatch(most) ?? sent;
      };
      journal.opened(0, false);
      for (const one of steps) {
        switch (one.type) {
          case 'fact': {
            const fact = muted(one.room, given.length);
            given.push(fact.producerId);
            assert.ok(journal.append(fact));
            break;
          }
          case 'batch':
            send(one.most);
            break;
          case 'written':
            if (sent === undefined) break;
            commit(sent);
            announced.push(...journal.committed(lastStored()));
            sent = undefined;
            break;
          case 'reopen':
            if (one.committed) commit(sent);
            sent = undefined;
            announced.push(...journal.opened(lastStored(), false));
            break;
          case 'damaged':
            first = lastStored() + 1_000_000;
            file = [];
            sent = undefined;
            announced.push(...journal.opened(lastStored(), true));
        }
      }
      for (let rounds = 0; rounds < 200 && journal.waiting > 0; rounds += 1) {
        send(100);
        commit(sent);
        announced.push(...journal.committed(lastStored()));
        sent = undefined;
      }
      assert.deepEqual(
        announced.map(({ fact }) => ('producerId' in fact ? fact.producerId : '')),
        given,
        'every fact once, in order',
      );
      for (const [index, event] of announced.entries()) {
        assert.ok(index === 0 || event.seq > announced[index - 1]!.seq, 'numbers go up');
        assert.equal((JSON.parse(event.text) as { seq: number }).seq, event.seq);
        if (event.seq > first) assert.equal(file[event.seq - first - 1], event.text, 'it is stored under its number');
      }
      for (const room of [0, 1, 2]) {
        const numbers = announced.filter((event) => event.room === `room-${room}`).map(({ roomSeq }) => roomSeq);
        assert.deepEqual(
          numbers,
          numbers.map((_, index) => index + 1),
          'numbers of a room have no gap',
        );
      }
    }),
    { numRuns: 1000 },
  );
});

test('nothing is numbered before it is known where the log stands', () => {
  const journal = new Journal(10);
  journal.append(muted(0, 0));
  assert.equal(journal.takeBatch(10), undefined);
  journal.opened(41, false);
  assert.equal(journal.takeBatch(10)?.first, 42);
});

test('when too many facts wait, who comes and goes is still noted; what is left out is counted, and the log says where', () => {
  const journal = new Journal(3);
  for (let index = 0; index < 5; index += 1) journal.append(muted(0, index));
  assert.ok(journal.full);
  const { left } = factsOf(0, 1);
  assert.ok(journal.append(left));
  journal.opened(0, false);
  const batch = journal.takeBatch(10)!;
  journal.committed(batch.texts.length);
  journal.append(muted(0, 9));
  const types = [...batch.texts, ...journal.takeBatch(10)!.texts].map((text) => JSON.parse(text) as { type: string });
  assert.deepEqual(
    types.map(({ type }) => type),
    ['track-muted', 'track-muted', 'track-muted', 'participant-left', 'facts-lost', 'track-muted'],
  );
  assert.equal((types[4] as { count?: number }).count, 2);
});
