import { useEffect, useRef, useState } from 'preact/hooks';

import type { Ended, Person, RoomList } from './answers.ts';
import type { AskError, Client } from './client.ts';
import { followLive } from './live-stream.ts';
import { LiveState } from './live-state.ts';

/** Changes are gathered for so long before they are drawn: soon enough for a change of level, and no storm. */
const DRAW_AFTER_MS = 250;
const ROOMS_EVERY_MS = 15_000;

export type LiveLink = { state: 'connecting' | 'open' } | { state: 'lost'; why: AskError };
export type Live = {
  readonly state: LiveState;
  readonly link: LiveLink;
  /** Whether anything was heard yet. */
  readonly ready: boolean;
};

/**
 * Follows a room, or all of them. `onScore` is called for each score that comes, before it is drawn.
 */
export function useLive(client: Client, room?: string, onScore?: (person: Person) => void): Live {
  const [state, setState] = useState(() => new LiveState());
  const [link, setLink] = useState<LiveLink>({ state: 'connecting' });
  const [ready, setReady] = useState(false);
  const [, draw] = useState(0);
  const score = useRef(onScore);
  score.current = onScore;
  useEffect(() => {
    const live = new LiveState();
    setState(live);
    setReady(false);
    setLink({ state: 'connecting' });
    const ended = new AbortController();
    let drawing: ReturnType<typeof setTimeout> | undefined;
    const redraw = (): void => {
      drawing ??= setTimeout(() => {
        drawing = undefined;
        draw((count) => count + 1);
      }, DRAW_AFTER_MS);
    };
    const take: Record<string, (data: unknown) => void> = {
      score(data) {
        live.scored(data as Person, Date.now());
        score.current?.(data as Person);
      },
      'session-started': (data) => live.scored(data as Person, Date.now()),
      'session-ended': (data) => live.ended(data as Ended),
      lost: () => void askRooms(),
    };
    const askRooms = async (): Promise<void> => {
      if (room !== undefined) return setReady(true);
      try {
        const { rooms } = await client.get<RoomList>('/v1/qoe/rooms', { limit: 1000 }, ended.signal);
        live.known(rooms);
        setReady(true);
        redraw();
      } catch {
        // The stream fares alike, and says so.
      }
    };
    const asking = setInterval(() => void askRooms(), ROOMS_EVERY_MS);
    let open = false;
    // While nothing is heard of anybody, who was there last stays.
    const pruning = setInterval(() => open && live.prune(Date.now()) && redraw(), 1000);
    const stop = followLive(
      client,
      { room, events: 'score,session-started,session-ended' },
      {
        opened() {
          live.opened(Date.now());
          open = true;
          setLink({ state: 'open' });
          void askRooms();
        },
        took({ event, data }) {
          take[event]?.(JSON.parse(data));
          redraw();
        },
        lost(why) {
          open = false;
          setLink({ state: 'lost', why });
        },
      },
    );
    return () => {
      stop();
      ended.abort();
      clearInterval(asking);
      clearInterval(pruning);
      clearTimeout(drawing);
    };
  }, [client, room]);
  return { state, link, ready };
}
