import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { QUALITY_LEVELS } from '../../src/rooms/media-view.ts';
import { SILENCE, Tick, type TickFrame } from '../../src/rooms/tick.ts';

test('nothing changed: nothing to send', () => {
  const tick = new Tick();
  assert.equal(tick.take(), undefined);
  tick.setLevels(new Map([[3, -40]]));
  assert.equal(tick.take(), '{"l":[3,-40],"s":3}');
  tick.setLevels(new Map([[3, -40]]));
  assert.equal(tick.take(), undefined);
});

test('the active speaker is told while somebody is heard, and null in silence', () => {
  const tick = new Tick();
  tick.setDominant(7);
  assert.equal(tick.take(), undefined, 'nobody is heard');
  tick.setLevels(new Map([[7, -30]]));
  assert.equal(tick.take(), '{"l":[7,-30],"s":7}');
  tick.setLevels(new Map());
  assert.equal(tick.take(), `{"l":[7,${SILENCE}],"s":null}`);
});

test('one who dominated and is muted gives way to whoever is heard', () => {
  const tick = new Tick();
  tick.setDominant(1);
  tick.setLevels(new Map([[1, -30]]));
  assert.equal(tick.take(), '{"l":[1,-30],"s":1}');
  tick.mute(2);
  assert.equal(tick.take(), undefined, 'another one was muted');
  tick.mute(1);
  tick.setLevels(
    new Map([
      [2, -50],
      [3, -40],
    ]),
  );
  assert.equal(tick.take(), `{"l":[1,${SILENCE},2,-50,3,-40],"s":3}`);
  tick.setLevels(
    new Map([
      [2, -20],
      [3, -40],
    ]),
  );
  assert.equal(tick.take(), '{"l":[2,-20]}', 'a speaker stays one for as long as it is heard');
  tick.setDominant(2);
  assert.equal(tick.take(), '{"s":2}');
});

test('quality is told when it changes, beside the levels, and excellent is what is not told', () => {
  const tick = new Tick();
  tick.setQuality(4, 'excellent');
  assert.equal(tick.take(), undefined);
  tick.setQuality(4, 'poor');
  tick.setLevels(new Map([[3, -40]]));
  assert.equal(tick.take(), '{"l":[3,-40],"s":3,"q":[4,1]}');
  tick.setQuality(4, 'lost');
  tick.setQuality(5, 'good');
  tick.setQuality(5, 'excellent');
  assert.equal(tick.take(), '{"q":[4,0]}', 'what was taken back between two ticks was not');
  assert.deepEqual(tick.snapshot(), { l: [3, -40], s: 3, q: [4, 0] });
  tick.remove(4);
  assert.deepEqual(tick.snapshot().q, [], 'its number may go to another one');
  tick.setQuality(3, 'good');
  assert.equal(tick.take(), '{"q":[3,2]}');
});

test('frames applied in order always give what the room knows', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('levels' as const), levels: levels() }),
    fc.record({ type: fc.constant('dominant' as const), index: fc.nat(5) }),
    fc.record({ type: fc.constant('leave' as const), index: fc.nat(5) }),
    fc.record({ type: fc.constant('mute' as const), index: fc.nat(5) }),
    fc.record({ type: fc.constant('quality' as const), index: fc.nat(5), level: fc.constantFrom(...QUALITY_LEVELS) }),
    fc.record({ type: fc.constant('take' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const tick = new Tick();
      const receiver = createReceiver();
      let heard = new Map<number, number>();
      const quality = new Map<number, number>();
      for (const one of steps) {
        if (one.type === 'levels') {
          heard = new Map(one.levels);
          tick.setLevels(heard);
        } else if (one.type === 'dominant') tick.setDominant(one.index);
        else if (one.type === 'mute') tick.mute(one.index);
        else if (one.type === 'quality') {
          tick.setQuality(one.index, one.level);
          const code = QUALITY_LEVELS.indexOf(one.level);
          if (one.level === 'excellent') quality.delete(one.index);
          else quality.set(one.index, code);
        } else if (one.type === 'leave') {
          heard.delete(one.index);
          quality.delete(one.index);
          tick.remove(one.index);
          receiver.left(one.index);
        } else receiver.apply(tick.take());
      }
      receiver.apply(tick.take());
      assert.deepEqual(sorted(receiver.levels), sorted(heard));
      assert.deepEqual(sorted(receiver.quality), sorted(quality));
      const { l, s, q } = tick.snapshot();
      assert.deepEqual({ l: pairs(l), s, q: pairs(q) }, { l: sorted(heard), s: receiver.speaker, q: sorted(quality) });
      assert.equal(tick.take(), undefined);
      assert.equal(receiver.speaker === null, heard.size === 0);
    }),
  );
});

function levels() {
  return fc.array(fc.tuple(fc.nat(5), fc.integer({ min: -126, max: 0 })), { maxLength: 4 });
}

/** What a client makes of the frames. */
function createReceiver() {
  const receiver = {
    levels: new Map<number, number>(),
    quality: new Map<number, number>(),
    speaker: null as number | null,
    apply(json: string | undefined) {
      if (json === undefined) return;
      const frame = JSON.parse(json) as TickFrame;
      for (const [index, code] of pairs(frame.q)) {
        assert.notEqual(receiver.quality.get(index) ?? 3, code, 'only what changed is told');
        if (code === 3) receiver.quality.delete(index);
        else receiver.quality.set(index, code);
      }
      for (const [index, dBov] of pairs(frame.l)) {
        if (dBov === SILENCE) receiver.levels.delete(index);
        else receiver.levels.set(index, dBov);
      }
      if (frame.s !== undefined) receiver.speaker = frame.s;
    },
    left(index: number) {
      receiver.levels.delete(index);
      receiver.quality.delete(index);
      if (receiver.speaker === index) receiver.speaker = null;
    },
  };
  return receiver;
}

function pairs(flat: readonly number[] = []): [number, number][] {
  return Array.from({ length: flat.length / 2 }, (_, at): [number, number] => [
    flat[2 * at]!,
    flat[2 * at + 1]!,
  ]).toSorted(([a], [b]) => a - b);
}

function sorted(map: ReadonlyMap<number, number>): [number, number][] {
  return [...map].toSorted(([a], [b]) => a - b);
}
