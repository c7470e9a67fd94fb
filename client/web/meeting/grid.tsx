import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import type { Participant, RemoteTrack, Room } from '../../sdk/api.ts';
import { chooseVisible, gridCapacity, layoutMeeting, layoutStage, type Rect, type Size } from './layout.ts';
import { useReceiving } from './receiving.ts';
import { useRoomEvent, useSizeOf } from './room-hooks.ts';
import { MoreTile, PersonTile, ScreenTile } from './tile.tsx';
import { AudioSink } from './video-view.tsx';

/** Everyone's tile, and a shared screen on the stage. Sound plays for all, with or without a tile. */
export function MeetingGrid({ room, onShowAll }: { room: Room; onShowAll: () => void }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const size = useSizeOf(list);
  const shown = useRef<string[]>([]);
  const drawn = useRef<{ size: Size | undefined }>({ size: undefined });
  const [picked, setPicked] = useState<string>();
  useRoomEvent(room, 'trackAdded', (track) => {
    if (track.source === 'screen') setPicked(track.id);
  });

  const people = new Map<string, Participant>([...room.participants.values(), room.self].map((who) => [who.key, who]));
  const screens = [...room.participants.values()].flatMap((who) => shownScreen(who.tracks.get('screen')));
  const stage = screens.find((track) => track.id === picked) ?? screens.at(-1);
  const beside = screens.filter((track) => track !== stage);
  const plan =
    size && planTiles(size, people, beside.length, stage !== undefined, shown.current, room.activeSpeaker?.key);
  shown.current = plan?.visible ?? [];
  useReceiving(
    room,
    plan ? new Map(plan.visible.map((id, index) => [id, plan.tiles[index + plan.screens]?.height ?? 0])) : undefined,
  );

  // Tiles glide when people come and go; while the window is resized they must not lag behind it.
  const gliding = drawn.current.size?.width === size?.width && drawn.current.size?.height === size?.height;
  drawn.current = { size };
  return (
    <>
      <ul
        ref={list}
        class={gliding ? 'grid grid-gliding' : 'grid'}
        aria-label="Participants"
        data-testid="grid"
        data-tiles={plan?.visible.length ?? 0}
      >
        {plan && (
          <>
            {stage && plan.stage && <ScreenTile key={stage.id} track={stage} rect={plan.stage} />}
            {beside.slice(0, plan.screens).map((track, index) => (
              <ScreenTile
                key={track.id}
                track={track}
                rect={rectAt(plan.tiles, index)}
                onPick={() => setPicked(track.id)}
              />
            ))}
            {plan.visible.map((who, index) => {
              const participant = people.get(who);
              return (
                participant && (
                  <PersonTile
                    key={who}
                    room={room}
                    participant={participant}
                    rect={rectAt(plan.tiles, index + plan.screens)}
                  />
                )
              );
            })}
            {plan.hidden > 0 && (
              <MoreTile
                key="+"
                hidden={plan.hidden}
                rect={rectAt(plan.tiles, plan.tiles.length - 1)}
                onOpen={onShowAll}
              />
            )}
          </>
        )}
      </ul>
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
  tiles: Rect[];
  visible: string[];
  hidden: number;
  /** Screens in the strip. */ screens: number;
};

const GAP = { narrow: 6, wide: 10 };

function planTiles(
  size: Size,
  people: ReadonlyMap<string, Participant>,
  screensBeside: number,
  staged: boolean,
  shown: readonly string[],
  speaker: string | undefined,
): Plan {
  const gap = size.width <= 480 ? GAP.narrow : GAP.wide;
  const order = [...people.keys()];
  const wanted = order.length + screensBeside;
  const staging = staged ? layoutStage(size, wanted, gap) : undefined;
  const slots = staging ? staging.strip.length : gridCapacity(size, wanted, gap);
  const screens = Math.min(screensBeside, Math.max(0, slots - 1));
  const visible = chooseVisible(order, shown, slots - screens, speaker);
  const hidden = order.length - visible.length;
  // With a single slot there is a face in it, and no place for the "+N" tile.
  const tiles = staging?.strip ?? layoutMeeting(size, screens + visible.length + (hidden > 0 ? 1 : 0), gap).tiles;
  return {
    stage: staging?.stage,
    tiles,
    visible,
    hidden: tiles.length > screens + visible.length ? hidden : 0,
    screens,
  };
}

function shownScreen(track: RemoteTrack | undefined): RemoteTrack[] {
  return track && !track.muted ? [track] : [];
}

function rectAt(tiles: readonly Rect[], index: number): Rect {
  return tiles[index] ?? { x: 0, y: 0, width: 0, height: 0 };
}
