import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { type EncodedEvent, Outbox, type SequencedEvent } from '../../src/signaling/outbox.ts';
import { RequestLog } from '../../src/signaling/request-log.ts';

const LIMITS = { events: 8, characters: 200 };
const REQUEST_LIMITS = { requests: 8, characters: 200 };

test('whatever the network does, each event is handled once and in order, and each request is done once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const world = new World();
      for (const one of steps) if (!world.gone) world.take(one);
      if (!world.gone) world.settle();
      world.check();
    }),
    { numRuns: 2000 },
  );
});

test('a session is lost only to a client that missed more than is kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), (before, missed) => {
      const outbox = new Outbox({ events: 8, characters: 1_000_000 });
      for (let count = 0; count < before + missed; count += 1) outbox.push(event('x'));
      const again = outbox.since(before);
      if (missed > 8) assert.equal(again, undefined);
      else
        assert.deepEqual(
          again?.map(({ seq }) => seq),
          Array.from({ length: missed }, (_, n) => before + n + 1),
        );
    }),
  );
});

test('what is kept stays within its limits', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 300 })), (texts) => {
      const outbox = new Outbox(LIMITS);
      const log = new RequestLog(REQUEST_LIMITS);
      for (const [index, text] of texts.entries()) {
        outbox.push(event(text));
        assert.ok(outbox.characters <= LIMITS.characters);
        assert.ok((outbox.since(outbox.last)?.length ?? 0) === 0);
        log.begin(index + 1);
        log.answered(index + 1, text);
        assert.ok(log.characters <= Math.max(REQUEST_LIMITS.characters, text.length));
        assert.equal(log.judge(index + 1).kind, 'answered');
      }
    }),
  );
});

test('an answer that is not held any more is not mistaken for a new request', () => {
  const log = new RequestLog({ requests: 3, characters: 10 });
  log.begin(1);
  log.answered(1, 'x'.repeat(8));
  log.begin(2);
  log.answered(2, 'y'.repeat(8));
  assert.equal(log.judge(1).kind, 'refused');
  assert.equal(log.judge(2).kind, 'answered');
  for (const id of [3, 4, 5]) log.begin(id);
  assert.equal(log.judge(2).kind, 'refused');
  assert.equal(log.judge(3).kind, 'running');
  assert.equal(log.judge(8).kind, 'new');
  assert.equal(log.judge(9).kind, 'refused');
  // It was forgotten while it ran: its answer is of no use.
  log.begin(8);
  log.answered(3, 'late');
  assert.equal(log.judge(3).kind, 'refused');
});

type Step =
  | { readonly does: 'event' | 'request' | 'finish' | 'drop' | 'ping' }
  /** How many messages get through, in each direction. */
  | { readonly does: 'deliver'; readonly down: number; readonly up: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Step[]>({ does: 'event' }, { does: 'request' }, { does: 'finish' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step[]>({ does: 'drop' }, { does: 'ping' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('deliver' as const),
      down: fc.integer({ min: 0, max: 5 }),
      up: fc.integer({ min: 0, max: 5 }),
    }),
  },
);

type Down = SequencedEvent | { readonly answerTo: number; readonly answer: string } | { readonly ping: number };
type Up = { readonly request: number } | { readonly pong: number };

/** A server, a client, and a network between them that loses what is under way when it drops. */
class World {
  gone = false;
  readonly #outbox = new Outbox(LIMITS);
  readonly #log = new RequestLog(REQUEST_LIMITS);
  #down: Down[] = [];
  #up: Up[] = [];
  #running: number[] = [];
  readonly #done: number[] = [];
  #emitted = 0;
  // The client's side.
  readonly #handled: number[] = [];
  readonly #unanswered = new Set<number>();
  readonly #answers = new Map<number, string>();
  #lastRequest = 0;

  take(one: Step): void {
    switch (one.does) {
      case 'event':
        this.#emitted += 1;
        this.#down.push(this.#outbox.push(event(`event ${this.#emitted}`)));
        return;
      case 'request':
        // A client waits for answers before it sends more than the server remembers.
        if (this.#unanswered.size >= REQUEST_LIMITS.requests) return;
        this.#lastRequest += 1;
        this.#unanswered.add(this.#lastRequest);
        this.#up.push({ request: this.#lastRequest });
        return;
      case 'finish':
        return this.#finish();
      case 'ping':
        return void this.#down.push({ ping: this.#outbox.last });
      case 'drop':
        return this.#dropAndResume();
      case 'deliver':
        for (const message of this.#up.splice(0, one.up)) this.#serverHears(message);
        for (const message of this.#down.splice(0, one.down)) this.#clientHears(message);
    }
  }

  settle(): void {
    while (this.#up.length + this.#down.length + this.#running.length > 0) {
      this.take({ does: 'deliver', down: 100, up: 100 });
      this.#finish();
    }
  }

  check(): void {
    assert.deepEqual(
      this.#handled,
      this.#handled.map((_, index) => index + 1),
    );
    assert.equal(new Set(this.#done).size, this.#done.length);
    for (const [id, answer] of this.#answers) assert.equal(answer, `answer ${id}`);
    if (this.gone) return;
    assert.equal(this.#handled.length, this.#emitted);
    assert.deepEqual(
      this.#done.toSorted((a, b) => a - b),
      Array.from({ length: this.#lastRequest }, (_, index) => index + 1),
    );
    assert.equal(this.#unanswered.size, 0);
  }

  #finish(): void {
    const id = this.#running.shift();
    if (id === undefined) return;
    this.#done.push(id);
    this.#log.answered(id, `answer ${id}`);
    this.#down.push({ answerTo: id, answer: `answer ${id}` });
  }

  #dropAndResume(): void {
    this.#down = [];
    this.#up = [];
    const missed = this.#outbox.since(this.#handled.length);
    if (missed === undefined) {
      assert.ok(this.#emitted - this.#handled.length > LIMITS.events || this.#outbox.characters > 100);
      this.gone = true;
      return;
    }
    this.#down.push(...missed);
    for (const id of this.#unanswered) this.#up.push({ request: id });
  }

  #serverHears(message: Up): void {
    if ('pong' in message) return this.#outbox.received(message.pong);
    const verdict = this.#log.judge(message.request);
    if (verdict.kind === 'new') {
      this.#log.begin(message.request);
      this.#running.push(message.request);
    } else if (verdict.kind === 'answered') {
      this.#down.push({ answerTo: message.request, answer: verdict.answer });
    } else {
      assert.equal(verdict.kind, 'running');
    }
  }

  #clientHears(message: Down): void {
    if ('ping' in message) {
      this.#up.push({ pong: message.ping });
    } else if ('answerTo' in message) {
      if (this.#unanswered.delete(message.answerTo)) this.#answers.set(message.answerTo, message.answer);
    } else {
      this.#handled.push(message.seq);
      assert.equal(message.event.tail, `event ${message.seq}`);
    }
  }
}

function event(text: string): EncodedEvent {
  return { head: '', tail: text };
}
