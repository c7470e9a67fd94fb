import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import type { Participant, Room } from '../../sdk/api.ts';
import { PersonMenu } from './moderation.tsx';
import type { Pin } from './pin.ts';
import { Avatar } from '../ui/avatar.tsx';
import { IconButton } from '../ui/button.tsx';
import {
  CameraIcon,
  CameraOffIcon,
  CloseIcon,
  type Icon,
  MicIcon,
  MicOffIcon,
  PinIcon,
  ScreenIcon,
} from '../ui/icons.tsx';

/** Everyone in the room, and what of them is on. */
export function PeoplePanel({ room, pin, onClose }: { room: Room; pin: Pin; onClose: () => void }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const everyone: Participant[] = [room.self, ...room.participants.values()];
  return (
    <>
      <header class="panel-header">
        <h2 ref={heading} tabIndex={-1}>
          Participants <span class="panel-count">{everyone.length}</span>
        </h2>
        <IconButton icon={CloseIcon} label="Close participants" tone="quiet" tip="none" onClick={onClose} />
      </header>
      <ul class="people" aria-label="Participants" tabIndex={0}>
        {everyone.map((person) => (
          <Person key={person.key} room={room} person={person} pin={pin} />
        ))}
      </ul>
      <p class="panel-note">Everyone joins with a link of their own: yours is for you alone.</p>
    </>
  );
}

function Person({ room, person, pin }: { room: Room; person: Participant; pin: Pin }): JSX.Element {
  const on = (source: 'microphone' | 'camera' | 'screen'): boolean => person.tracks.get(source)?.muted === false;
  return (
    <li class="person" data-testid="person" data-identity={person.identity}>
      <Avatar name={person.name} size="small" />
      <span class="person-name">
        {person.name}
        {person.isLocal && <span class="person-you"> (you)</span>}
      </span>
      {on('screen') && <State icon={ScreenIcon} text="shares a screen" />}
      <State
        icon={on('camera') ? CameraIcon : CameraOffIcon}
        off={!on('camera')}
        text={`camera ${on('camera') ? 'on' : 'off'}`}
      />
      <State
        icon={on('microphone') ? MicIcon : MicOffIcon}
        off={!on('microphone')}
        text={`microphone ${on('microphone') ? 'on' : 'off'}`}
      />
      <IconButton
        icon={PinIcon}
        label={`Pin ${person.name}`}
        pressed={pin.key === person.key}
        tone={pin.key === person.key ? 'active' : 'quiet'}
        tip="none"
        onClick={() => pin.toggle(person)}
      />
      {room.self.grants.admin && !person.isLocal && <PersonMenu room={room} person={person} />}
    </li>
  );
}

function State({ icon: Glyph, text, off = false }: { icon: Icon; text: string; off?: boolean }): JSX.Element {
  return (
    <span class={off ? 'person-state person-state-off' : 'person-state'}>
      <Glyph />
      <span class="visually-hidden">, {text}</span>
    </span>
  );
}
