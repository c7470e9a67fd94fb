import type { JSX, RefObject } from 'preact';

import type { DeviceKind, Room } from '../../sdk/api.ts';
import { IconButton } from '../ui/button.tsx';
import {
  CameraIcon,
  CameraOffIcon,
  ChatIcon,
  ChevronIcon,
  LeaveIcon,
  MicIcon,
  MicOffIcon,
  MoreIcon,
  PeopleIcon,
  ScreenIcon,
  ScreenOffIcon,
  SettingsIcon,
} from '../ui/icons.tsx';
import { Menu, type MenuGroup } from '../ui/menu.tsx';
import { canChooseSpeaker, type DeviceLists, useDeviceLists } from './capture.ts';
import { canShare, type OwnMedia } from './own-media.ts';

export type PanelName = 'chat' | 'people';
export type ControlsProps = {
  room: Room;
  media: OwnMedia;
  panel: PanelName | undefined;
  unread: number;
  panelButtons: Record<PanelName, RefObject<HTMLButtonElement | null>>;
  /** Something lies over the bar. */
  inert: boolean;
  onPanel: (name: PanelName) => void;
  onSettings: () => void;
  onLeave: () => void;
};

/** The bar: where one is, one's own devices, the panels, and the way out. */
export function Controls(props: ControlsProps): JSX.Element {
  const { room, media, inert, onLeave } = props;
  const count = room.participants.size + 1;
  return (
    <footer class="bar" inert={inert}>
      <div class="bar-room">
        <h1 data-testid="room-name">{room.name}</h1>
        <p data-testid="participant-count">{count === 1 ? 'Only you are here' : `${count} people`}</p>
      </div>
      <div class="bar-main" role="group" aria-label="Call controls">
        <OwnDevices media={media} />
        {canShare(media) && (
          <span class="wide-only">
            <IconButton
              icon={media.sharing ? ScreenOffIcon : ScreenIcon}
              label="Share screen"
              hint={media.sharing ? 'Stop sharing' : 'Share your screen'}
              shortcut="s"
              pressed={media.sharing}
              tone={media.sharing ? 'active' : 'plain'}
              data-testid="control-screen"
              onClick={media.toggleScreen}
            />
          </span>
        )}
        <IconButton icon={LeaveIcon} label="Leave" tone="danger" data-testid="control-leave" onClick={onLeave} />
      </div>
      <Panels {...props} />
    </footer>
  );
}

function OwnDevices({ media }: { media: OwnMedia }): JSX.Element {
  const lists = useDeviceLists(`${media.microphoneOn} ${media.cameraOn}`);
  const speakers = canChooseSpeaker() ? [choices('Speaker', 'speaker', lists, media)] : [];
  return (
    <>
      {media.may('microphone') && (
        <div class="split">
          <IconButton
            icon={media.microphoneOn ? MicIcon : MicOffIcon}
            label="Microphone"
            hint={`Turn ${media.microphoneOn ? 'off' : 'on'} microphone`}
            shortcut="m"
            pressed={media.microphoneOn}
            tone={media.microphoneOn ? 'plain' : 'alert'}
            data-testid="control-microphone"
            onClick={media.toggleMicrophone}
          />
          <Menu
            compact
            label="Sound devices"
            icon={ChevronIcon}
            groups={[choices('Microphone', 'microphone', lists, media), ...speakers]}
          />
        </div>
      )}
      {media.may('camera') && (
        <div class="split">
          <IconButton
            icon={media.cameraOn ? CameraIcon : CameraOffIcon}
            label="Camera"
            hint={`Turn ${media.cameraOn ? 'off' : 'on'} camera`}
            shortcut="v"
            pressed={media.cameraOn}
            tone={media.cameraOn ? 'plain' : 'alert'}
            data-testid="control-camera"
            onClick={media.toggleCamera}
          />
          <Menu compact label="Cameras" icon={ChevronIcon} groups={[choices('Camera', 'camera', lists, media)]} />
        </div>
      )}
    </>
  );
}

function choices(title: string, kind: DeviceKind, lists: DeviceLists, media: OwnMedia): MenuGroup {
  const infos = lists[kind];
  const chosen = infos.find((info) => info.deviceId === media.chosen[kind]) ?? infos[0];
  const none = { key: 'none', label: `No ${kind}`, disabled: true, onSelect: () => undefined };
  return {
    title,
    items:
      infos.length === 0
        ? [none]
        : infos.map((info) => ({
            key: info.deviceId,
            label: info.label,
            checked: info === chosen,
            onSelect: () => media.choose(kind, info.deviceId),
          })),
  };
}

function Panels({ room, media, panel, unread, panelButtons, onPanel, onSettings }: ControlsProps): JSX.Element {
  const people = `Participants, ${room.participants.size + 1}`;
  const more: MenuGroup = {
    items: [
      ...(canShare(media)
        ? [
            {
              key: 'screen',
              label: media.sharing ? 'Stop sharing' : 'Share your screen',
              icon: ScreenIcon,
              onSelect: media.toggleScreen,
            },
          ]
        : []),
      { key: 'people', label: people, icon: PeopleIcon, onSelect: () => onPanel('people') },
      { key: 'settings', label: 'Settings', icon: SettingsIcon, onSelect: onSettings },
    ],
  };
  return (
    <div class="bar-panels" role="group" aria-label="Panels and settings">
      <IconButton
        icon={ChatIcon}
        label={unread > 0 ? `Chat, ${unread} unread` : 'Chat'}
        hint="Chat"
        shortcut="c"
        pressed={panel === 'chat'}
        tone={panel === 'chat' ? 'active' : 'plain'}
        badge={unread}
        tip={panel === 'chat' ? 'none' : 'above'}
        buttonRef={panelButtons.chat}
        data-testid="control-chat"
        onClick={() => onPanel('chat')}
      />
      <span class="wide-only">
        <IconButton
          icon={PeopleIcon}
          label={people}
          hint="Participants"
          shortcut="p"
          pressed={panel === 'people'}
          tone={panel === 'people' ? 'active' : 'plain'}
          tip={panel === 'people' ? 'none' : 'above'}
          buttonRef={panelButtons.people}
          data-testid="control-people"
          onClick={() => onPanel('people')}
        />
      </span>
      <span class="wide-only">
        <IconButton
          icon={SettingsIcon}
          label="Settings"
          aria-haspopup="dialog"
          data-testid="control-settings"
          onClick={onSettings}
        />
      </span>
      <span class="narrow-only">
        <Menu label="More" icon={MoreIcon} groups={[more]} />
      </span>
    </div>
  );
}
