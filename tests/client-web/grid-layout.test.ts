import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import {
  fitTile,
  gridCapacity,
  layoutGrid,
  layoutMeeting,
  layoutStage,
  MOST_TILES,
  type Rect,
  type Size,
} from '../../client/web/meeting/layout.ts';

describe('the grid', () => {
  test('keeps every tile inside of the container, and apart from every other', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { tiles } = layoutGrid(request);
        assert.equal(tiles.length, request.count);
        assertInside(tiles, request);
        assertApart(tiles);
      }),
    );
  });

  test('gives all tiles one size, of a shape within the range', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { tile, tiles } = layoutGrid(request);
        for (const { width, height } of tiles) assert.deepEqual({ width, height }, tile);
        // Whole pixels: a side may be up to one pixel short of its shape.
        assert.ok(tile.width <= (tile.height + 1) * request.aspect.max);
        assert.ok(tile.width + 1 >= tile.height * request.aspect.min);
      }),
    );
  });

  test('is never smaller than the naive square of tiles', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const columns = Math.ceil(Math.sqrt(request.count));
        const naive = fitTile(request, columns, Math.ceil(request.count / columns));
        const { tile } = layoutGrid(request);
        assert.ok(tile.width * tile.height >= naive.width * naive.height);
      }),
    );
  });

  test('places two side by side in a wide window, and one above the other in a tall one', () => {
    assert.equal(layoutMeeting({ width: 1280, height: 700 }, 2, 10).columns, 2);
    assert.equal(layoutMeeting({ width: 390, height: 700 }, 2, 6).columns, 1);
  });

  test('has no more than two columns on a phone, whatever the count', () => {
    for (let count = 1; count <= MOST_TILES; count++) {
      assert.ok(layoutMeeting({ width: 390, height: 700 }, count, 6).columns <= 2);
    }
  });

  test('centres a row that is not full', () => {
    const { tiles } = layoutMeeting({ width: 1280, height: 700 }, 3, 10);
    const last = tiles[2]!;
    assert.ok(Math.abs(last.x + last.width / 2 - 640) <= 1);
  });

  test('shows 25 on a desktop, fewer where tiles would be too small to tell faces, and at least one', () => {
    assert.equal(gridCapacity({ width: 1256, height: 716 }, 40, 10), MOST_TILES);
    const phone = gridCapacity({ width: 374, height: 690 }, 40, 6);
    assert.ok(phone >= 4 && phone < MOST_TILES, `${phone} on a phone`);
    assert.equal(gridCapacity({ width: 40, height: 40 }, 9, 6), 1);
  });
});

describe('the stage', () => {
  test('and its strip lie inside of the container, apart from each other', () => {
    fc.assert(
      fc.property(stages, ({ width, height, count, gap }) => {
        const { stage, strip } = layoutStage({ width, height }, count, gap);
        assert.ok(strip.length <= count);
        assertInside([stage, ...strip], { width, height });
        assertApart([stage, ...strip]);
      }),
    );
  });

  test('takes more than half of the room', () => {
    fc.assert(
      fc.property(stages, ({ width, height, count, gap }) => {
        const { stage } = layoutStage({ width, height }, count, gap);
        assert.ok(stage.width * stage.height > 0.5 * width * height);
      }),
    );
  });

  test('has the strip beside it where the window is wide, below it where it is tall', () => {
    const wide = layoutStage({ width: 1280, height: 700 }, 3, 10);
    assert.ok(wide.strip.every((tile) => tile.x >= wide.stage.width));
    const tall = layoutStage({ width: 390, height: 700 }, 3, 6);
    assert.ok(tall.strip.every((tile) => tile.y >= tall.stage.height));
  });
});

const requests = fc.record({
  width: fc.integer({ min: 320, max: 3840 }),
  height: fc.integer({ min: 200, max: 2160 }),
  count: fc.integer({ min: 1, max: MOST_TILES }),
  gap: fc.integer({ min: 0, max: 12 }),
  aspect: fc.constantFrom({ min: 16 / 9, max: 16 / 9 }, { min: 4 / 3, max: 16 / 9 }, { min: 3 / 4, max: 16 / 9 }),
});

const stages = fc.record({
  width: fc.integer({ min: 320, max: 3840 }),
  height: fc.integer({ min: 240, max: 2160 }),
  count: fc.integer({ min: 1, max: 30 }),
  gap: fc.integer({ min: 0, max: 12 }),
});

function assertInside(tiles: readonly Rect[], { width, height }: Size): void {
  for (const tile of tiles) {
    assert.ok(tile.x >= 0 && tile.y >= 0, JSON.stringify(tile));
    assert.ok(tile.x + tile.width <= width && tile.y + tile.height <= height, JSON.stringify(tile));
  }
}

function assertApart(tiles: readonly Rect[]): void {
  for (const [index, a] of tiles.entries()) {
    for (const b of tiles.slice(index + 1)) {
      const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      assert.ok(apart, `${JSON.stringify(a)} overlaps ${JSON.stringify(b)}`);
    }
  }
}
