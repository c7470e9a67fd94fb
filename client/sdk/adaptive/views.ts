/**
 * What the server is to be told of how tracks are seen here, and when: soon where more is seen than it knows of, lazily
 * where it is less, and of all tracks at once. Pure: what is seen and the time in, what to say out. Times in ms of one
 * clock.
 */

/** In device pixels. */
export type PictureSize = { readonly width: number; readonly height: number };

/** How a track is seen. Without `size` and not hidden it is wanted in full, which is what the server assumes unasked. */
export type View = {
  readonly hidden: boolean;
  readonly size: PictureSize | undefined;
  readonly pinned: boolean;
};

export const IN_FULL: View = { hidden: false, size: undefined, pinned: false };

/** What rises together within this is said together. */
export const RISE_AFTER = 40;
/** For so long less has to be seen before it is said: windows are dragged, tiles scrolled past, tabs flipped through. */
export const FALL_AFTER = 500;
/** Between two messages at least. */
export const SPACING = 200;
/** Sizes that differ by less than this factor are the same: nobody sees the difference, and no layers are so close. */
const SAME = 1.1;

export type Views = {
  /** From `now` on the track is seen like this. */
  see(track: string, view: View, now: number): void;
  /** The track comes by another consumer, of which the server was told nothing, or by none. */
  forget(track: string): void;
  /** What the server was told last. */
  told(track: string): View;
  /** What to say now, which counts as told from here on. Of `urgent` tracks also what is not due yet. */
  take(now: number, urgent?: ReadonlySet<string>): Map<string, View>;
  /** The server has not taken these; it can be told again at `when`. */
  refused(tracks: Iterable<string>, when: number): void;
  /** When `take` has something to say next; undefined: there is nothing to be said. */
  nextDeadline(): number | undefined;
};

type Difference = 'none' | 'more' | 'less';
/** `told` is undefined where the server may believe one or the other. */
type Entry = { seen: View; told: View | undefined; due: number | undefined; difference: Difference };
const NONE: ReadonlySet<string> = new Set();

export function createViews(): Views {
  const entries = new Map<string, Entry>();
  let notBefore = 0;

  function schedule(entry: Entry, now: number): void {
    const difference = compare(entry.told, entry.seen);
    // Who wavers below what is told has waited from the first moment on.
    if (difference === entry.difference) return;
    entry.difference = difference;
    entry.due = difference === 'none' ? undefined : now + (difference === 'more' ? RISE_AFTER : FALL_AFTER);
  }

  return {
    see(track, view, now) {
      const entry = entries.get(track) ?? { seen: view, told: IN_FULL, due: undefined, difference: 'none' };
      entries.set(track, entry);
      entry.seen = view;
      schedule(entry, now);
    },
    forget: (track) => void entries.delete(track),
    told: (track) => entries.get(track)?.told ?? IN_FULL,
    take(now, urgent = NONE) {
      const said = new Map<string, View>();
      const isDue = (track: string, { due, difference }: Entry) =>
        difference !== 'none' && (urgent.has(track) || (now >= notBefore && due !== undefined && due <= now));
      if (![...entries].some(([track, entry]) => isDue(track, entry))) return said;
      for (const [track, entry] of entries) {
        // What rises goes along with what is said anyway.
        if (!isDue(track, entry) && entry.difference !== 'more') continue;
        said.set(track, entry.seen);
        Object.assign(entry, { told: entry.seen, due: undefined, difference: 'none' } satisfies Partial<Entry>);
      }
      if (said.size > 0) notBefore = now + SPACING;
      return said;
    },
    refused(tracks, when) {
      notBefore = Math.max(notBefore, when);
      for (const track of tracks) {
        const entry = entries.get(track);
        if (entry === undefined) continue;
        Object.assign(entry, { told: undefined, due: when, difference: 'more' } satisfies Partial<Entry>);
      }
    },
    nextDeadline() {
      let next = Infinity;
      for (const { due = Infinity } of entries.values()) next = Math.min(next, due);
      return next === Infinity ? undefined : Math.max(next, notBefore);
    },
  };
}

/** What the whole room sees of a track that is seen in several places: the largest of them counts. */
export function largestOf(sights: Iterable<Omit<View, 'pinned'>>): Omit<View, 'pinned'> {
  let largest: Omit<View, 'pinned'> = { hidden: true, size: undefined };
  for (const sight of sights) if (worth(sight) > worth(largest)) largest = sight;
  return largest;
}

function compare(told: View | undefined, seen: View): Difference {
  if (told === undefined || told.pinned !== seen.pinned) return 'more';
  if (told.hidden !== seen.hidden) return told.hidden ? 'more' : 'less';
  if (told.hidden || isAlike(told.size, seen.size)) return 'none';
  return worth(seen) > worth(told) ? 'more' : 'less';
}

function isAlike(one: PictureSize | undefined, other: PictureSize | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isNear(one.width, other.width) && isNear(one.height, other.height);
}

function isNear(one: number, other: number): boolean {
  return one <= other * SAME && other <= one * SAME;
}

function worth({ hidden, size }: Omit<View, 'pinned'>): number {
  if (hidden) return -1;
  return size === undefined ? Infinity : size.width * size.height;
}
