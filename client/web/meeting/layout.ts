/** Where tiles go. Pure arithmetic in CSS pixels; the page only sets what comes out. */

export type Size = { width: number; height: number };
export type Rect = Size & { x: number; y: number };
/** Tiles may take any shape between these ratios of width to height. */
export type AspectRange = { min: number; max: number };

export type GridRequest = Size & {
  /** Tiles to place; 0 gives an empty grid. */
  count: number;
  gap: number;
  aspect: AspectRange;
  /** At most so many columns; unbounded where left out. */
  maxColumns?: number;
};
export type Grid = { columns: number; rows: number; tile: Size; tiles: Rect[] };

/** The widest container that is laid out for a phone held upright. */
export const PHONE_WIDTH = 480;
/** Where the page is as narrow as this, an open panel lies over all of it, as panels.css has it. */
export const PANEL_COVERS = '(max-width: 860px)';
/** More tiles than this are not told apart on any screen, and cost bandwidth. */
export const MOST_TILES = 25;

const WIDE: AspectRange = { min: 4 / 3, max: 16 / 9 };
const TALL: AspectRange = { min: 3 / 4, max: 16 / 9 };
const ALONE_ON_PHONE: AspectRange = { min: 9 / 16, max: 16 / 9 };
const SMALLEST_TILE = { width: 132, height: 96 };

/** The grid of equal tiles with the largest area: every column count is tried. Rows are centred. */
export function layoutGrid(request: GridRequest): Grid {
  const { count } = request;
  let best: Grid = { columns: 0, rows: 0, tile: { width: 0, height: 0 }, tiles: [] };
  if (count < 1) return best;
  let bestArea = -1;
  const most = Math.min(count, request.maxColumns ?? count);
  for (let columns = 1; columns <= most; columns++) {
    const rows = Math.ceil(count / columns);
    const tile = fitTile(request, columns, rows);
    const area = tile.width * tile.height;
    if (area > bestArea) {
      bestArea = area;
      best = { columns, rows, tile, tiles: [] };
    }
  }
  return { ...best, tiles: placeRows(request, best) };
}

/** The tile that fits a cell of a `columns` by `rows` grid, in whole pixels and within the range of shapes. */
export function fitTile(
  { width, height, gap, aspect }: Omit<GridRequest, 'count'>,
  columns: number,
  rows: number,
): Size {
  const cellWidth = Math.max(0, (width - gap * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (height - gap * (rows - 1)) / rows);
  return {
    width: Math.floor(Math.min(cellWidth, cellHeight * aspect.max)),
    height: Math.floor(Math.min(cellHeight, cellWidth / aspect.min)),
  };
}

function placeRows({ width, height, count, gap }: GridRequest, { columns, rows, tile }: Grid): Rect[] {
  const top = (height - rows * tile.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (width - inRow * tile.width - (inRow - 1) * gap) / 2;
    return {
      x: Math.round(left + (index - row * columns) * (tile.width + gap)),
      y: Math.round(top + row * (tile.height + gap)),
      ...tile,
    };
  });
}

/** The grid as the meeting shows it: on a phone one or two columns, and taller tiles. */
export function layoutMeeting(container: Size, count: number, gap: number): Grid {
  const phone = container.width <= PHONE_WIDTH && container.height > container.width;
  const aspect = phone ? (count === 1 ? ALONE_ON_PHONE : TALL) : WIDE;
  return layoutGrid({ ...container, count, gap, aspect, ...(phone ? { maxColumns: 2 } : {}) });
}

/** How many of `count` tiles fit before they become too small to tell faces; at least 1 where there is any. */
export function gridCapacity(container: Size, count: number, gap: number): number {
  for (let shown = Math.min(count, MOST_TILES); shown > 1; shown--) {
    const { tile } = layoutMeeting(container, shown, gap);
    if (tile.width >= SMALLEST_TILE.width && tile.height >= SMALLEST_TILE.height) return shown;
  }
  return Math.min(count, 1);
}

export type Stage = { stage: Rect; strip: Rect[] };

/** A stage for one large picture, with a strip of up to `count` small tiles beside it, or below it where upright. */
export function layoutStage({ width, height }: Size, count: number, gap: number): Stage {
  if (count < 1) return { stage: { x: 0, y: 0, width, height }, strip: [] };
  return width > height * 1.1 ? stripBeside(width, height, count, gap) : stripBelow(width, height, count, gap);
}

function stripBeside(width: number, height: number, count: number, gap: number): Stage {
  const tileWidth = Math.floor(Math.min(260, Math.max(120, width * 0.17)));
  const tile = { width: tileWidth, height: Math.floor((tileWidth * 9) / 16) };
  const shown = Math.min(count, Math.max(1, Math.floor((height + gap) / (tile.height + gap))));
  const x = width - tile.width;
  const top = Math.max(0, (height - shown * (tile.height + gap) + gap) / 2);
  return {
    stage: { x: 0, y: 0, width: Math.max(0, x - gap), height },
    strip: Array.from({ length: shown }, (_, i) => ({ x, y: Math.round(top + i * (tile.height + gap)), ...tile })),
  };
}

function stripBelow(width: number, height: number, count: number, gap: number): Stage {
  const across = Math.max(1, Math.floor((width + gap) / (SMALLEST_TILE.width - 16 + gap)));
  const shown = Math.min(count, across);
  const tileWidth = Math.floor(Math.min(180, (width - gap * (across - 1)) / across));
  const tile = { width: tileWidth, height: Math.floor(tileWidth * 0.75) };
  const y = Math.max(0, height - tile.height);
  const left = Math.max(0, (width - shown * (tile.width + gap) + gap) / 2);
  return {
    stage: { x: 0, y: 0, width, height: Math.max(0, y - gap) },
    strip: Array.from({ length: shown }, (_, i) => ({ x: Math.round(left + i * (tile.width + gap)), y, ...tile })),
  };
}

/**
 * Everyone who is drawn, with who is `pinned` where `order` has it: to the stage goes its tile, and no element is moved
 * among the others, which would take the focus from it and halt its picture.
 */
export function withPinned(visible: readonly string[], pinned: string | undefined, order: readonly string[]): string[] {
  if (pinned === undefined) return [...visible];
  const place = order.indexOf(pinned);
  const behind = visible.findIndex((key) => order.indexOf(key) > place);
  const at = behind === -1 ? visible.length : behind;
  return [...visible.slice(0, at), pinned, ...visible.slice(at)];
}

export type PageRequest = {
  /** Everyone who is to have a tile, in order. */
  order: readonly string[];
  /** Tiles on a page; 1 or more. */
  slots: number;
  /** Who was on the first page before. */
  first: readonly string[];
  /** Who has to be on the first page. */
  speaker?: string | undefined;
};

/**
 * Who has a tile on which page. On the first one nobody moves without need: those who are there keep their places, and a
 * speaker from another page takes the last place but the first. Everyone else follows in order.
 */
export function choosePages({ order, slots, first: before, speaker }: PageRequest): string[][] {
  const present = new Set(order);
  const first = before.filter((id) => present.has(id)).slice(0, slots);
  const taken = new Set(first);
  for (const id of order) {
    if (first.length >= slots) break;
    if (!taken.has(id)) first.push(id);
  }
  if (speaker !== undefined && slots > 1 && present.has(speaker) && !first.includes(speaker))
    first[slots - 1] = speaker;
  const pages = [first];
  const rest = order.filter((id) => !first.includes(id));
  for (let from = 0; from < rest.length; from += slots) pages.push(rest.slice(from, from + slots));
  return pages;
}
