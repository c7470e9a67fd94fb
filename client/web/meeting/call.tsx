import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { LocalParticipant, Room } from '../../sdk/api.ts';
import { announce } from '../ui/announcements.tsx';
import { Button } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { useMediaQuery } from '../ui/media-query.ts';
import { Notice } from '../ui/notice.tsx';
import type { Handover } from './capture.ts';
import { ChatPanel } from './chat.tsx';
import { ownTrouble, troubleOf } from './connection.ts';
import { Controls, type PanelName } from './controls.tsx';
import { MeetingGrid } from './grid.tsx';
import { PANEL_COVERS } from './layout.ts';
import { Moderation } from './moderation.tsx';
import { canShare, type OwnMedia, useOwnMedia } from './own-media.ts';
import { PeoplePanel } from './people.tsx';
import { usePin } from './pin.ts';
import { useAnnouncements, useRoomEvent, useRoomUpdates } from './room-hooks.ts';
import { SettingsDialog } from './settings.tsx';
import { useShortcuts } from './shortcuts.ts';

export type CallProps = {
  room: Room;
  /** What the preview had open; published at once. */
  handover: Handover;
  /** The call is over, for the reason of this code. */
  onEnd: (code: string, reason: string | undefined) => void;
};

/** The call: tiles, the bar of controls, and a panel for chat or people. */
export function Call({ room, handover, onEnd }: CallProps): JSX.Element {
  useRoomUpdates(room);
  useAnnouncements(room);
  const media = useOwnMedia(room, handover);
  const pin = usePin(room);
  const [panel, setPanel] = useState<PanelName>();
  const [settings, setSettings] = useState(false);
  const unread = useUnread(room, panel === 'chat');
  useEnd(room, onEnd);
  useEffect(() => announce(`You joined ${room.name}`), []);

  const covered = useMediaQuery(PANEL_COVERS) && panel !== undefined;
  useEffect(() => {
    // The notice that says so is out of reach.
    if (covered && room.state === 'reconnecting') announce('The connection was lost. Reconnecting…');
  }, [covered, room.state]);

  const buttons = { chat: useRef<HTMLButtonElement>(null), people: useRef<HTMLButtonElement>(null) };
  const left = useRef<PanelName>(undefined);
  useLayoutEffect(() => {
    // The focus was in the panel, or nowhere: it goes on from the button that opened it, which is no longer inert.
    if (panel === undefined && left.current) buttons[left.current].current?.focus();
    left.current = panel;
  }, [panel]);
  const closePanel = (): void => setPanel(undefined);
  const toggle = (name: PanelName): void => setPanel(panel === name ? undefined : name);
  useShortcuts({
    m: media.may('microphone') ? media.toggleMicrophone : undefined,
    v: media.may('camera') ? media.toggleCamera : undefined,
    s: canShare(media) ? media.toggleScreen : undefined,
    c: () => toggle('chat'),
    p: () => toggle('people'),
    Escape: panel && closePanel,
  });
  return (
    <div class="call" data-testid="call" data-state={room.state} data-media={room.mediaState}>
      <main class="call-main" aria-label={`Meeting ${room.name}`} inert={covered}>
        <Notices room={room} media={media} />
        <MeetingGrid room={room} pin={pin} />
      </main>
      {panel && (
        <aside
          class={classes('panel', `panel-${panel}`)}
          aria-label={panel === 'chat' ? 'Chat' : 'Participants'}
          data-testid={`${panel}-panel`}
        >
          {panel === 'chat' ? (
            <ChatPanel room={room} onClose={closePanel} />
          ) : (
            <PeoplePanel room={room} pin={pin} onClose={closePanel} />
          )}
        </aside>
      )}
      <Controls
        room={room}
        media={media}
        panel={panel}
        unread={unread}
        panelButtons={buttons}
        inert={covered}
        onPanel={toggle}
        onSettings={() => setSettings(true)}
        onLeave={() => void room.leave()}
      />
      <Moderation room={room} media={media} />
      {settings && <SettingsDialog room={room} media={media} onClose={() => setSettings(false)} />}
    </div>
  );
}

/** That one's own connection is bad, and why: some of it a person can do something about. */
function OwnTrouble({ self }: { self: LocalParticipant }): JSX.Element | null {
  const trouble = troubleOf(self);
  if (trouble === undefined) return null;
  return (
    <Notice tone="warning" testId="own-quality">
      {ownTrouble(trouble, self.connection.cause)}
    </Notice>
  );
}

/** What everybody should see at once, at most one line of each kind, above the tiles. */
function Notices({ room, media }: { room: Room; media: OwnMedia }): JSX.Element {
  const mending = room.mediaState === 'disconnected' || room.mediaState === 'failed';
  return (
    <div class="notices">
      {room.state === 'reconnecting' && (
        <Notice tone="warning" role="alert" testId="reconnecting">
          The connection was lost. Reconnecting…
        </Notice>
      )}
      {room.state === 'connected' && mending && (
        <Notice tone="warning" testId="media-mending">
          Sound and video are interrupted. Reconnecting…
        </Notice>
      )}
      {room.state === 'connected' && !mending && <OwnTrouble self={room.self} />}
      {room.playbackBlocked && (
        <Notice
          tone="warning"
          role="alert"
          testId="playback-blocked"
          actions={
            <Button tone="primary" onClick={() => void room.startPlayback().catch(() => undefined)}>
              Start sound
            </Button>
          }
        >
          The browser waits for you before it plays the others’ sound.
        </Notice>
      )}
      {media.sharing && (
        <Notice testId="sharing" actions={<Button onClick={media.toggleScreen}>Stop sharing</Button>}>
          You are sharing your screen with everyone.
        </Notice>
      )}
    </div>
  );
}

/** So many characters of a message are read out while the chat is closed. */
const SPOKEN = 200;

/** Messages of others that came while the chat was closed. */
function useUnread(room: Room, open: boolean): number {
  const [unread, setUnread] = useState(0);
  const reading = useRef(open);
  reading.current = open;
  useRoomEvent(room, 'chat', ({ identity, name, text }) => {
    // The open chat is a live region of its own.
    if (reading.current || identity === room.self.identity) return;
    setUnread((count) => count + 1);
    announce(`Message from ${name}: ${text.slice(0, SPOKEN)}`);
  });
  useEffect(() => {
    if (open) setUnread(0);
  }, [open]);
  useEffect(() => {
    document.title = `${unread > 0 && !open ? `(${unread}) ` : ''}${room.name} · Sluice`;
    return () => {
      document.title = `${room.name} · Sluice`;
    };
  }, [unread, open, room.name]);
  return open ? 0 : unread;
}

function useEnd(room: Room, onEnd: CallProps['onEnd']): void {
  useEffect(() => {
    // It may have ended between the answer of the server and this.
    if (room.closeReason) onEnd(room.closeReason.code, room.closeReason.reason);
    return room.on('closed', ({ code, reason }) => onEnd(code, reason));
  }, [room]);
}
