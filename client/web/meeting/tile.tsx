import type { CSSProperties, JSX } from 'preact';
import { useRef } from 'preact/hooks';

import type { LocalTrack, Participant, RemoteTrack, Room } from '../../sdk/api.ts';
import { Avatar } from '../ui/avatar.tsx';
import { classes } from '../ui/classes.ts';
import { MicOffIcon, PinIcon, ScreenIcon, SignalIcon } from '../ui/icons.tsx';
import { hueOf } from '../ui/initials.ts';
import { reasonOf, TROUBLE_WORDS, type Trouble, troubleOf } from './connection.ts';
import type { Rect } from './layout.ts';
import type { Pin } from './pin.ts';
import { useParticipantLevel } from './room-hooks.ts';
import { loudness } from './sound.ts';
import { VideoView } from './video-view.tsx';

/** One participant: picture or initials, name, microphone, and whether it speaks. */
export function PersonTile({
  room,
  participant,
  rect,
  pin,
}: {
  room: Room;
  participant: Participant;
  rect: Rect;
  pin: Pin;
}): JSX.Element {
  const tile = useRef<HTMLLIElement>(null);
  useParticipantLevel(room, participant, (level) =>
    tile.current?.style.setProperty('--level', loudness(level).toFixed(2)),
  );
  const camera = participant.tracks.get('camera');
  const microphone = participant.tracks.get('microphone');
  const showsVideo = camera !== undefined && !camera.muted;
  const withheld = showsVideo && isWithheld(camera);
  const silent = microphone === undefined || microphone.muted;
  const name = participant.isLocal ? `${participant.name} (you)` : participant.name;
  const trouble = troubleOf(participant);
  const reason = participant.isLocal ? reasonOf(participant.connection.cause) : undefined;
  return (
    <li
      ref={tile}
      class={classes('tile', participant.speaking && !silent && 'tile-speaking', rect.width < 180 && 'tile-small')}
      style={place(rect)}
      data-hue={hueOf(participant.name)}
      data-testid="tile"
      data-identity={participant.identity}
      data-local={participant.isLocal}
      data-speaking={participant.speaking}
      data-video={showsVideo && !withheld}
      data-withheld={withheld}
      data-pinned={pin.key === participant.key}
      data-quality={participant.quality}
      aria-label={[name, silent && 'microphone off', !showsVideo && 'camera off', withheld && 'picture on hold']
        .filter(Boolean)
        .join(', ')}
    >
      <Avatar name={participant.name} size="fluid" />
      {showsVideo && (
        <VideoView
          track={camera}
          label={`Video of ${name}`}
          mirrored={participant.isLocal}
          whole={pin.key === participant.key}
          withheld={withheld}
        />
      )}
      <TileLabel name={name} silent={silent} />
      {trouble && <QualityMark trouble={trouble} reason={reason} />}
      <PinButton participant={participant} pin={pin} />
    </li>
  );
}

/** The room forwards so many cameras at once, and this one is not among them. */
function isWithheld(camera: LocalTrack | RemoteTrack): boolean {
  return 'withheld' in camera && camera.withheld;
}

function PinButton({ participant, pin }: { participant: Participant; pin: Pin }): JSX.Element {
  return (
    <button
      type="button"
      class="tile-pin"
      aria-label={`Pin ${participant.name}`}
      aria-pressed={pin.key === participant.key}
      data-testid="pin"
      onClick={() => pin.toggle(participant)}
    >
      <PinIcon />
    </button>
  );
}

/** Bars as on a phone, for a connection in trouble; one's own says why. */
function QualityMark({ trouble, reason }: { trouble: Trouble; reason: string | undefined }): JSX.Element {
  const words = TROUBLE_WORDS[trouble];
  return (
    <span
      class="tile-quality"
      role="img"
      aria-label={words}
      title={reason ?? words}
      data-testid="quality"
      data-trouble={trouble}
    >
      <SignalIcon bars={trouble === 'poor' ? 1 : 0} />
      <span class="tile-quality-words">{words}</span>
    </span>
  );
}

function TileLabel({ name, silent }: { name: string; silent: boolean }): JSX.Element {
  return (
    <span class="tile-label" aria-hidden="true">
      {silent ? (
        <span class="tile-mic-off" data-testid="muted-mic">
          <MicOffIcon />
        </span>
      ) : (
        <span class="tile-bars">
          <i />
          <i />
          <i />
        </span>
      )}
      <span class="tile-name">{name}</span>
    </span>
  );
}

/** A shared screen, whole. In the strip it is a button that brings it to the stage. */
export function ScreenTile({
  track,
  rect,
  onPick,
}: {
  track: RemoteTrack;
  rect: Rect;
  onPick?: (() => void) | undefined;
}): JSX.Element {
  const name = `Screen of ${track.participant.name}`;
  return (
    <li
      class="tile tile-screen"
      style={place(rect)}
      data-testid="screen-tile"
      data-identity={track.participant.identity}
      aria-label={name}
    >
      <VideoView track={track} label={name} whole />
      <span class="tile-label" aria-hidden="true">
        <ScreenIcon />
        <span class="tile-name">{track.participant.name}</span>
      </span>
      {onPick && (
        <button type="button" class="tile-cover" aria-label={`Show the ${name.toLowerCase()}`} onClick={onPick} />
      )}
    </li>
  );
}

function place({ x, y, width, height }: Rect): CSSProperties {
  return { transform: `translate(${x}px, ${y}px)`, width: `${width}px`, height: `${height}px` };
}
