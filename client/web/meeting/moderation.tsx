import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { Doer, RemoteParticipant, Room, Source } from '../../sdk/api.ts';
import { announce } from '../ui/announcements.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { MoreIcon } from '../ui/icons.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { codeOf } from './capture.ts';
import { sentenceFor } from './failures.ts';
import type { OwnMedia } from './own-media.ts';
import { useRoomEvent } from './room-hooks.ts';

const NAMES: Record<Source, string> = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen',
  'screen-audio': 'sound of your screen',
};

/** Says what others have done to oneself, and asks where they ask. */
export function Moderation({ room, media }: { room: Room; media: OwnMedia }): JSX.Element | null {
  const [asked, setAsked] = useState<{ source: 'microphone' | 'camera'; who: string }>();
  useRoomEvent(room, 'mutedByOther', ({ track, by }) =>
    announce(`${nameOf(room, by)} turned your ${NAMES[track.source]} off`, { show: true }),
  );
  useRoomEvent(room, 'grantsChanged', () => announce('What you may do in this meeting has changed', { show: true }));
  useRoomEvent(room, 'moved', ({ room: name, token }) => {
    announce(`You were moved to ${name}`, { show: true });
    // The page can be loaded again, and is then where the person is.
    history.replaceState(null, '', `/meet/${name}#${token}`);
  });
  useRoomEvent(room, 'unmuteRequested', ({ source, by }) => {
    if (source === 'microphone' || source === 'camera') setAsked({ source, who: nameOf(room, by) });
  });
  const isOn = asked?.source === 'microphone' ? media.microphoneOn : media.cameraOn;
  useEffect(() => {
    if (asked && isOn) setAsked(undefined);
  }, [asked, isOn]);
  if (asked === undefined || isOn) return null;
  const close = (): void => setAsked(undefined);
  return (
    <Dialog title={`Turn your ${asked.source} on?`} onClose={close}>
      <p class="dialog-text" data-testid="unmute-request">
        {asked.who} asks you to turn your {asked.source} on.
      </p>
      <div class="dialog-actions">
        <Button onClick={close}>Stay off</Button>
        <Button
          tone="primary"
          onClick={() => {
            close();
            if (asked.source === 'microphone') media.toggleMicrophone();
            else media.toggleCamera();
          }}
        >
          Turn on
        </Button>
      </div>
    </Dialog>
  );
}

/** What an administrator can do to somebody. */
export function PersonMenu({ room, person }: { room: Room; person: RemoteParticipant }): JSX.Element {
  const { admin } = room;
  const on = (source: Source): boolean => person.tracks.get(source)?.muted === false;
  const act = (key: string, label: string, run: () => Promise<unknown>): MenuItem => ({
    key,
    label,
    onSelect: () =>
      void run().catch((error: unknown) =>
        announce(sentenceFor(codeOf(error), error instanceof Error ? error.message : ''), { show: true }),
      ),
  });
  const device = (source: 'microphone' | 'camera'): MenuItem =>
    on(source)
      ? act(source, `Turn ${source} off`, () => admin.mute(person, source))
      : act(source, `Ask to turn ${source} on`, () => admin.askToUnmute(person, source));
  const items = [device('microphone'), device('camera')];
  const remove = act('remove', 'Remove from the meeting', () => admin.kick(person));
  return (
    <Menu compact below label={`Manage ${person.name}`} icon={MoreIcon} groups={[{ items }, { items: [remove] }]} />
  );
}

function nameOf(room: Room, { identity }: Doer): string {
  const who = [...room.participants.values()].find((one) => one.identity === identity);
  return identity !== undefined && who !== undefined ? who.name : 'Somebody who runs the meeting';
}
