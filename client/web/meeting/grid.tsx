import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Participant, RemoteTrack, Room } from '../../sdk/api.ts';
import { choosePages, gridCapacity, layoutMeeting, layoutStage, type Rect, type Size, withPinned } from './layout.ts';
import { Pager, usePage } from './pager.tsx';
import type { Pin } from './pin.ts';
import { useRoomEvent, useSizeOf } from './room-hooks.ts';
import { PersonTile, ScreenTile } from './tile.tsx';
import { AudioSink } from './video-view.tsx';

/** Tiles in pages, and what is pinned or shared on the stage. Sound plays for all, with or without a tile. */
export function MeetingGrid({ room, pin }: { room: Room; pin: Pin }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const size = useSizeOf(list);
  const first = useRef<string[]>([]);
  const drawn = useRef<{ size: Size | undefined }>({ size: undefined });
  const [picked, setPicked] = useState<string>();
  const pick = (track: RemoteTrack): void => {
    setPicked(track.id);
    pin.unpin();
  };
  useRoomEvent(room, 'trackAdded', (track) => {
    if (track.source === 'screen') setPicked(track.id);
  });

  const people = new Map<string, Participant>([...room.participants.values(), room.self].map((who) => [who.key, who]));
  const pinned = pin.key === undefined ? undefined : people.get(pin.key);
  const screens = [...room.participants.values()].flatMap((who) => shownScreen(who.tracks.get('screen')));
  const screen = pinned ? undefined : (screens.find((track) => track.id === picked) ?? screens.at(-1));
  const beside = screens.filter((track) => track !== screen);
  const order = [...people.keys()].filter((key) => key !== pinned?.key);
  // One's own voice moves nobody: a person does not need to see themselves to hear themselves.
  const speaker = room.activeSpeaker === room.self ? undefined : room.activeSpeaker?.key;
  const plan =
    size &&
    planTiles({
      ...{ size, order, screensBeside: beside.length, staged: pinned !== undefined || screen !== undefined },
      ...{ first: first.current, speaker },
    });
  useEffect(() => {
    // Who has joined is alone for a moment, and is not to keep the first place for it.
    first.current = plan?.pages[0]?.filter((key) => key !== room.self.key) ?? [];
  });
  const pages = plan?.pages.length ?? 1;
  const { page, turn } = usePage(pages);
  const visible = plan?.pages[page] ?? [];
  const drawnPeople = withPinned(visible, pinned?.key, [...people.keys()]);

  // Tiles glide when people come and go; while the window is resized they must not lag behind it.
  const gliding = drawn.current.size?.width === size?.width && drawn.current.size?.height === size?.height;
  drawn.current = { size };
  const rects = plan && rectsOf(plan, size, visible.length);
  return (
    <>
      <ul
        ref={list}
        class={gliding ? 'grid grid-gliding' : 'grid'}
        aria-label={pages > 1 ? `Participants, page ${page + 1} of ${pages}` : 'Participants'}
        data-testid="grid"
        data-tiles={visible.length}
      >
        {plan && rects && (
          <>
            {screen && plan.stage && <ScreenTile key={screen.id} track={screen} rect={plan.stage} />}
            {beside.slice(0, plan.screens).map((track, index) => (
              <ScreenTile key={track.id} track={track} rect={rectAt(rects, index)} onPick={() => pick(track)} />
            ))}
            {drawnPeople.map((who) => {
              const participant = people.get(who);
              const onStage = who === pinned?.key ? plan.stage : undefined;
              const rect = onStage ?? rectAt(rects, visible.indexOf(who) + plan.screens);
              return (
                participant && <PersonTile key={who} room={room} participant={participant} rect={rect} pin={pin} />
              );
            })}
          </>
        )}
      </ul>
      {pages > 1 && <Pager page={page} pages={pages} onTurn={turn} />}
      {[...room.participants.values()].flatMap((who) =>
        [who.tracks.get('microphone'), who.tracks.get('screen-audio')].map(
          (track) => track && <AudioSink key={track.id} track={track} />,
        ),
      )}
    </>
  );
}

type Plan = {
  stage: Rect | undefined;
  /** Beside the stage; undefined where there is none. */
  strip: Rect[] | undefined;
  pages: string[][];
  /** Screens in the strip, on every page. */
  screens: number;
  gap: number;
};

type PlanRequest = {
  size: Size;
  order: readonly string[];
  screensBeside: number;
  staged: boolean;
  first: readonly string[];
  speaker: string | undefined;
};

const GAP = { narrow: 6, wide: 10 };

function planTiles({ size, order, screensBeside, staged, first, speaker }: PlanRequest): Plan {
  const gap = size.width <= 480 ? GAP.narrow : GAP.wide;
  const wanted = order.length + screensBeside;
  const staging = staged ? layoutStage(size, wanted, gap) : undefined;
  const slots = staging ? staging.strip.length : gridCapacity(size, wanted, gap);
  const screens = Math.min(screensBeside, Math.max(0, slots - 1));
  const pages = choosePages({ order, slots: Math.max(1, slots - screens), first, speaker });
  return { stage: staging?.stage, strip: staging?.strip, pages, screens, gap };
}

/** Where the tiles of a page with so many people go. A page that is not full has tiles as large as the others'. */
function rectsOf({ strip, pages, screens, gap }: Plan, size: Size, people: number): Rect[] {
  if (strip) return strip;
  const count = screens + (pages.length > 1 ? (pages[0]?.length ?? 0) : people);
  return layoutMeeting(size, count, gap).tiles;
}

function shownScreen(track: RemoteTrack | undefined): RemoteTrack[] {
  return track && !track.muted ? [track] : [];
}

function rectAt(tiles: readonly Rect[], index: number): Rect {
  return tiles[index] ?? { x: 0, y: 0, width: 0, height: 0 };
}
