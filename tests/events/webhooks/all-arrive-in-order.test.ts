import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  type DeadLetter,
  type Delivery,
  type Lane,
  type LoggedEvent,
  type LogReader,
  Outbox,
  type OutboxState,
} from '../../../src/events/webhooks/outbox.ts';

const FRESH: OutboxState = {
  ...{ cursor: 0, failures: 0, failingSince: undefined, notBefore: 0 },
  ...{ disabled: false, lastError: undefined },
};
const DAY = 86_400_000;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('happen' as const), room: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('send' as const) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('answer' as const), good: fc.boolean(), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat(60_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), saved: fc.boolean() }) },
);

test('whatever fails, however often it restarts: all events arrive, those of a room for the first time in their order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) world.happen(one);
      world.finish();
      assert.deepEqual(
        world.firsts.toSorted((a, b) => a - b),
        world.log.map(({ seq }) => seq),
        'all have arrived',
      );
      for (const room of ['a', 'b', 'c']) {
        const order = world.firsts.filter((seq) => world.log[seq - 1]!.room === room);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
          `the order of room ${room}`,
        );
      }
      assert.deepEqual(world.dead, [], 'nothing was given up within a day');
      assert.equal(world.outbox.lanes, 0, 'nothing is behind any more');
    }),
    { numRuns: 1000 },
  );
});

test('one room that is refused holds up no other', () => {
  const world = new World();
  for (let round = 0; round < 50; round += 1) {
    world.happen({ type: 'happen', room: 'a' });
    world.happen({ type: 'happen', room: 'b' });
  }
  world.settleAll(({ event }) => event.room === 'b', 20);
  assert.equal(world.firsts.length, 50);
  assert.equal(world.outbox.lanes, 1);
  assert.equal(world.outbox.state.cursor, 100);
});

test('what is refused for a day is a dead letter; what came later is tried as long', () => {
  const world = new World();
  world.happen({ type: 'happen', room: 'a' });
  world.settleAll(() => false, 1);
  world.now += 23 * 3_600_000;
  world.happen({ type: 'happen', room: 'a' });
  world.settleAll(() => false, 3);
  assert.equal(world.dead.length, 0);
  world.now += 2 * 3_600_000;
  world.settleAll(() => false, 3);
  assert.deepEqual(
    world.dead.map(({ event }) => event.seq),
    [1],
  );
  world.finish();
  assert.deepEqual(world.firsts, [2]);
});

test('a dead letter that is delivered again and taken is none any more', () => {
  const world = new World();
  world.happen({ type: 'happen', room: 'a' });
  world.outbox.again(1);
  world.settleAll(({ lane }) => lane === '#1', 3);
  assert.deepEqual(world.revived, [1]);
});

test('a receiver that wants no more gets no more, until it is enabled; then it gets what it missed', () => {
  const world = new World();
  for (let index = 0; index < 3; index += 1) world.happen({ type: 'happen', room: 'a' });
  const first = world.outbox.next(world.now)!;
  world.outbox.done(first, { type: 'gone' }, world.now);
  world.now += DAY / 2;
  assert.equal(world.outbox.next(world.now), undefined);
  world.outbox.enable(world.now);
  world.finish();
  assert.deepEqual(world.firsts, [1, 2, 3]);
});

/** A log, a clock, and an outbox whose memory can be lost. */
class World {
  readonly log: LoggedEvent[] = [];
  readonly firsts: number[] = [];
  readonly dead: DeadLetter[] = [];
  readonly revived: number[] = [];
  readonly #saved: { state: OutboxState; lanes: Map<string, Lane> } = { state: FRESH, lanes: new Map() };
  now = 1_000_000_000;
  outbox = this.#open();
  #underway: Delivery[] = [];

  happen(one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void {
    switch (one.type) {
      case 'happen': {
        const seq = this.log.length + 1;
        this.log.push({ seq, at: this.now, type: 'track-muted', room: one.room, text: '' });
        return;
      }
      case 'send': {
        const next = this.outbox.next(this.now);
        if (next === undefined) return;
        assert.ok(!this.#underway.some(({ lane }) => lane === next.lane), 'one at a time for a room');
        this.#underway.push(next);
        return;
      }
      case 'answer': {
        const [delivery] = this.#underway.splice(one.which % Math.max(1, this.#underway.length), 1);
        if (delivery !== undefined) this.#answer(delivery, one.good);
        return;
      }
      case 'pass':
        this.now += one.ms;
        return;
      case 'restart':
        if (one.saved) this.#save();
        // What was underway may have arrived, though nobody was told.
        for (const delivery of this.#underway.splice(0)) if (one.saved) this.#arrived(delivery);
        this.outbox = this.#open();
    }
  }

  /** Answers everything, `rounds` times. */
  settleAll(good: (delivery: Delivery) => boolean, rounds: number): void {
    for (let round = 0; round < rounds; round += 1) {
      this.now += 1;
      const due = this.outbox.dueAt(this.now);
      for (let guard = 0; guard < 1000; guard += 1) {
        const next = this.outbox.next(this.now);
        if (next === undefined) break;
        this.#answer(next, good(next));
      }
      if (due !== undefined) this.now = Math.max(this.now, due);
    }
    this.#save();
  }

  /** From here on everything is taken. */
  finish(): void {
    for (const delivery of this.#underway.splice(0)) this.#answer(delivery, true);
    this.settleAll(() => true, 40);
  }

  #answer(delivery: Delivery, good: boolean): void {
    if (good) this.#arrived(delivery);
    this.outbox.done(delivery, good ? { type: 'delivered' } : { type: 'failed', reason: 'HTTP 500' }, this.now);
  }

  #arrived({ event }: Delivery): void {
    if (!this.firsts.includes(event.seq)) this.firsts.push(event.seq);
  }

  #save(): void {
    const { state, lanes, dead, revived } = this.outbox.takeChanges();
    this.#saved.state = state;
    for (const [key, lane] of lanes) {
      if (lane === undefined) this.#saved.lanes.delete(key);
      else this.#saved.lanes.set(key, { ...lane });
    }
    this.dead.push(...dead);
    this.revived.push(...revived);
  }

  #open(): Outbox {
    const reader: LogReader = {
      after: (seq, limit) => this.log.slice(seq, seq + limit),
      ofRoom: (room, from, to) => this.log.find((event) => event.room === room && event.seq >= from && event.seq <= to),
      one: (seq) => this.log[seq - 1],
    };
    const options = { reader, wants: () => true, concurrency: 3, retryFor: DAY, random: () => 0.5 };
    const lanes = new Map([...this.#saved.lanes].map(([key, lane]) => [key, { ...lane }]));
    return new Outbox(options, this.#saved.state, lanes);
  }
}
