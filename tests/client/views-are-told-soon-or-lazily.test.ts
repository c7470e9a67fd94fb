import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  createViews,
  FALL_AFTER,
  IN_FULL,
  largestOf,
  RISE_AFTER,
  SPACING,
  type View,
} from '../../client/sdk/adaptive/views.ts';

const HIDDEN: View = { hidden: true, size: undefined, pinned: false };
const sized = (width: number, height = (width * 9) / 16): View => ({
  hidden: false,
  size: { width, height },
  pinned: false,
});

/** Takes what is to be said at each deadline from `now` on, with its time. */
function listen(views: ReturnType<typeof createViews>, until: number) {
  const said: [at: number, track: string, view: View][] = [];
  for (let at = views.nextDeadline(); at !== undefined && at <= until; at = views.nextDeadline()) {
    for (const [track, view] of views.take(at)) said.push([at, track, view]);
  }
  return said;
}

test('less is told after a while, more at once, and each once', () => {
  const views = createViews();
  views.see('a', sized(320), 1000);
  assert.deepEqual(listen(views, 5000), [[1000 + FALL_AFTER, 'a', sized(320)]]);
  views.see('a', sized(1280), 5000);
  assert.deepEqual(listen(views, 9000), [[5000 + RISE_AFTER, 'a', sized(1280)]]);
  views.see('a', sized(1280), 9000);
  assert.equal(views.nextDeadline(), undefined);
});

test('who looks away for a moment is not noticed', () => {
  const views = createViews();
  views.see('a', sized(1280), 0);
  listen(views, 1000);
  views.see('a', HIDDEN, 2000);
  views.see('a', sized(1280), 2000 + FALL_AFTER - 1);
  assert.deepEqual(listen(views, 9000), []);
});

test('who wavers below what was told has waited from the first moment on', () => {
  const views = createViews();
  views.see('a', sized(1280), 0);
  listen(views, 1000);
  for (let at = 2000; at < 2000 + FALL_AFTER; at += 50) views.see('a', sized(at % 100 === 0 ? 320 : 640), at);
  const [[at] = []] = listen(views, 9000);
  assert.equal(at, 2000 + FALL_AFTER);
});

test('a picture that changes by a few pixels stays what it is', () => {
  const views = createViews();
  views.see('a', sized(400), 0);
  listen(views, 1000);
  views.see('a', sized(430), 2000);
  assert.equal(views.nextDeadline(), undefined);
});

test('tracks that rise together are told together, and messages keep their distance', () => {
  const views = createViews();
  for (const track of ['a', 'b', 'c']) views.see(track, HIDDEN, 0);
  assert.equal(new Set(listen(views, 1000).map(([at]) => at)).size, 1);
  views.see('a', sized(640), 2000);
  views.see('b', sized(640), 2000 + RISE_AFTER - 1);
  assert.equal(views.take(2000 + RISE_AFTER).size, 2);
  views.see('c', sized(640), 2000 + RISE_AFTER);
  assert.equal(views.nextDeadline(), 2000 + RISE_AFTER + SPACING);
});

test('of a track that is about to flow everything is told at once, and of the others nothing too soon', () => {
  const views = createViews();
  views.see('new', sized(320), 0);
  views.see('old', sized(320), 0);
  assert.deepEqual([...views.take(1, new Set(['new'])).keys()], ['new']);
  assert.deepEqual([...views.take(FALL_AFTER + SPACING).keys()], ['old']);
});

test('what was refused is told later, whatever it is by then', () => {
  const views = createViews();
  views.see('a', sized(320), 0);
  assert.equal(views.take(FALL_AFTER).size, 1);
  views.refused(['a'], 5000);
  // As large as the server takes it for unasked: it may have been told of something smaller since.
  views.see('a', IN_FULL, 2000);
  assert.equal(views.nextDeadline(), 5000);
  assert.deepEqual([...views.take(5000)], [['a', IN_FULL]]);
});

test('a new consumer is told of what the one before was told', () => {
  const views = createViews();
  views.see('a', HIDDEN, 0);
  listen(views, 1000);
  views.forget('a');
  assert.deepEqual(views.told('a'), IN_FULL);
  views.see('a', HIDDEN, 2000);
  assert.equal(listen(views, 9000).length, 1);
});

test('of several elements the largest counts, and one that says no size wants all', () => {
  assert.deepEqual(largestOf([]), { hidden: true, size: undefined });
  assert.deepEqual(largestOf([HIDDEN, sized(320), sized(640), HIDDEN]), sized(640));
  assert.deepEqual(largestOf([sized(640), IN_FULL]), IN_FULL);
});

test('whatever is seen in whatever order, the server knows it in the end, and was never told too often', () => {
  const view = fc.oneof(
    fc.constant(HIDDEN),
    fc.constant(IN_FULL),
    fc.integer({ min: 100, max: 2000 }).map((width) => sized(width)),
    fc.integer({ min: 100, max: 2000 }).map((width) => ({ ...sized(width), pinned: true })),
  );
  const step = fc.record({ track: fc.constantFrom('a', 'b', 'c'), view, pause: fc.nat(700), refuse: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const views = createViews();
      const seen = new Map<string, View>();
      const known = new Map<string, View>();
      const times: number[] = [];
      let now = 0;
      const advance = (until: number, refuse: boolean) => {
        for (let at = views.nextDeadline(); at !== undefined && at <= until; at = views.nextDeadline()) {
          const said = views.take(Math.max(at, now));
          now = Math.max(at, now);
          times.push(now);
          if (refuse) views.refused(said.keys(), now + 300);
          else for (const [track, its] of said) known.set(track, its);
        }
        now = Math.max(now, until);
      };
      for (const { track, view: its, pause, refuse } of steps) {
        seen.set(track, its);
        views.see(track, its, now);
        advance(now + pause, refuse);
      }
      advance(now + 10_000, false);
      for (const [track, its] of seen) {
        const told = known.get(track) ?? IN_FULL;
        assert.deepEqual([told.hidden, told.pinned], [its.hidden, its.pinned]);
        const ratio = (told.size?.width ?? 1) / (its.size?.width ?? 1);
        if (!its.hidden) assert.ok(ratio <= 1.1001 && ratio >= 1 / 1.1001, `${ratio}`);
      }
      for (const [index, at] of times.slice(1).entries()) assert.ok(at - times[index]! >= SPACING);
    }),
  );
});
