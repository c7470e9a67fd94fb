/**
 * Adaptive stream: tells the server how each track is seen in this page, so that it forwards no more than that. One
 * message for all tracks; see `views.ts` for when.
 */
import { toClientError } from '../errors.ts';
import type { Link } from '../link.ts';
import type { Scope } from '../scope.ts';
import { createSightings } from './sightings.ts';
import { createViews, IN_FULL, largestOf, type View } from './views.ts';

/** Tracks in one message at most. */
const AT_ONCE = 256;
/** Milliseconds to wait where the server says that it is told too often, and not for how long that is. */
const RETRY_AFTER = 1000;

export type AdaptationOptions = {
  scope: Scope;
  request: Link['request'];
  /** Whether what is seen counts; without, tracks are wanted in full, and pins are all that is told. */
  enabled: boolean;
  problem: (error: unknown) => void;
};

export type Adaptation = {
  /** `hiddenChanged` is called when the server was told that nobody sees the track, or that somebody does again. */
  follow(track: string, hiddenChanged: () => void): FollowedTrack;
  /** These consumers are about to flow: what is wanted of them is said now. */
  flush(consumerIds: Iterable<string>): void;
};

export type FollowedTrack = {
  /** Whether the server was told that nobody sees it. */
  readonly hidden: boolean;
  readonly adaptive: boolean;
  readonly pinned: boolean;
  attached(element: HTMLMediaElement): void;
  detached(element: HTMLMediaElement): void;
  /** By which consumer it comes; undefined: by none. */
  comesBy(consumerId: string | undefined): void;
  setAdaptive(adaptive: boolean): void;
  setPinned(pinned: boolean): void;
  end(): void;
};

type Followed = { consumerId: string | undefined; readonly look: () => void; readonly hiddenChanged: () => void };

export function createAdaptation({ scope, request, enabled, problem }: AdaptationOptions): Adaptation {
  const views = createViews();
  const sightings = createSightings(scope);
  const followed = new Map<string, Followed>();
  let stopTimer = () => undefined as void;

  function plan(): void {
    stopTimer();
    const next = views.nextDeadline();
    if (next !== undefined) stopTimer = scope.after(Math.max(0, next - performance.now()), () => say());
  }

  function say(urgent?: ReadonlySet<string>): void {
    const before = new Map([...followed.keys()].map((track) => [track, views.told(track).hidden]));
    const said = [...views.take(performance.now(), urgent)];
    for (let from = 0; from < said.length; from += AT_ONCE) send(said.slice(from, from + AT_ONCE));
    for (const [track, { hidden }] of said) if (hidden !== before.get(track)) followed.get(track)?.hiddenChanged();
    plan();
  }

  function send(said: readonly (readonly [string, View])[]): void {
    const consumers = said.flatMap(([track, view]) => {
      const consumerId = followed.get(track)?.consumerId;
      return consumerId === undefined ? [] : [{ consumerId, ...written(view) }];
    });
    if (consumers.length === 0) return;
    request('view', { consumers }).catch((failure: unknown) => {
      const error = toClientError(failure, 'media-failed');
      // With the session or the media, all that was said of consumers is gone, and so are they.
      if (scope.closed || error.code === 'connection-lost' || error.code === 'media-unavailable') return;
      if (error.code !== 'too-many-view-changes') return problem(error);
      const wait = error.retryAfter === undefined ? RETRY_AFTER : error.retryAfter * 1000;
      views.refused(
        said.map(([track]) => track),
        performance.now() + wait,
      );
      plan();
    });
  }

  function follow(track: string, hiddenChanged: () => void): FollowedTrack {
    const elements = new Map<HTMLVideoElement, () => void>();
    let adaptive = enabled;
    let pinned = false;

    function look(): void {
      if (entry.consumerId === undefined) return;
      const sight = adaptive ? largestOf([...elements.keys()].map((one) => sightings.sight(one))) : IN_FULL;
      views.see(track, { ...sight, pinned }, performance.now());
      plan();
    }

    const entry: Followed = { consumerId: undefined, look, hiddenChanged };
    followed.set(track, entry);
    return {
      get hidden() {
        return views.told(track).hidden;
      },
      get adaptive() {
        return adaptive;
      },
      get pinned() {
        return pinned;
      },
      attached(element) {
        if (!(element instanceof HTMLVideoElement) || elements.has(element)) return;
        elements.set(element, () => undefined);
        elements.set(element, sightings.watch(element, look));
      },
      detached(element) {
        elements.get(element as HTMLVideoElement)?.();
        elements.delete(element as HTMLVideoElement);
        look();
      },
      comesBy(consumerId) {
        if (entry.consumerId === consumerId) return;
        entry.consumerId = consumerId;
        views.forget(track);
        look();
      },
      setAdaptive(now) {
        adaptive = now;
        look();
      },
      setPinned(now) {
        pinned = now;
        look();
      },
      end() {
        for (const stop of elements.values()) stop();
        elements.clear();
        entry.consumerId = undefined;
        views.forget(track);
        followed.delete(track);
      },
    };
  }

  return {
    follow,
    flush(consumerIds) {
      const ids = new Set(consumerIds);
      const urgent = new Set<string>();
      for (const [track, { consumerId, look }] of followed) {
        if (consumerId === undefined || !ids.has(consumerId)) continue;
        look();
        urgent.add(track);
      }
      say(urgent);
    },
  };
}

function written({ hidden, size, pinned }: View) {
  return {
    ...(hidden ? { hidden: true as const } : size),
    ...(pinned ? { pinned: true as const } : {}),
  };
}
