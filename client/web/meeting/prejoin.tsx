import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { DeviceKind } from '../../sdk/api.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { CameraIcon, CameraOffIcon, Logo, MicIcon, MicOffIcon } from '../ui/icons.tsx';
import { Notice } from '../ui/notice.tsx';
import { type Capture, type Captured, useDeviceLists } from './capture.ts';
import { DeviceFields } from './device-fields.tsx';
import { deviceTrouble } from './failures.ts';
import type { MeetingLink } from './link.ts';
import { readPreferences, savePreferences } from './preferences.ts';
import { useShortcuts } from './shortcuts.ts';

export type PrejoinProps = {
  link: MeetingLink;
  capture: Capture;
  joining: boolean;
  onJoin: () => void;
  onCancel: () => void;
};

/** Before the call: how one will look and sound, and the button that joins. Works without any device at all. */
export function Prejoin({ link, capture, joining, onJoin, onCancel }: PrejoinProps): JSX.Element {
  const { camera, microphone } = capture;
  const lists = useDeviceLists(`${camera.state} ${microphone.state}`);
  const [chosen, setChosen] = useState<Record<DeviceKind, string>>(readPreferences);
  const choose = (kind: DeviceKind, deviceId: string): void => {
    setChosen({ ...chosen, [kind]: deviceId });
    if (kind === 'speaker') savePreferences({ speaker: deviceId });
    else capture.choose(kind, deviceId);
  };
  useShortcuts({
    m: () => capture.turn('microphone', microphone.state === 'off' || microphone.state === 'failed'),
    v: () => capture.turn('camera', camera.state === 'off' || camera.state === 'failed'),
  });
  return (
    <main class="prejoin" data-testid="prejoin">
      <header class="brand">
        <Logo /> Sluice
      </header>
      <div class="prejoin-columns">
        <section class="prejoin-preview" aria-label="Preview">
          <Preview capture={capture} name={link.name} />
          <DeviceFields
            lists={lists}
            chosen={{
              ...chosen,
              camera: currentDevice(camera) ?? chosen.camera,
              microphone: currentDevice(microphone) ?? chosen.microphone,
            }}
            microphoneTrack={microphone.state === 'on' ? microphone.track : undefined}
            onChoose={choose}
          />
        </section>
        <section class="prejoin-join" aria-label="Join">
          <p class="prejoin-lead">You are about to join</p>
          <h1>{link.room || 'a meeting'}</h1>
          {link.name !== '' && (
            <p class="prejoin-name" data-testid="own-name">
              <Avatar name={link.name} size="small" /> as <strong>{link.name}</strong>
            </p>
          )}
          <div class="prejoin-action">
            <Button tone="primary" data-testid="join" aria-disabled={joining} onClick={() => !joining && onJoin()}>
              {joining ? (
                <>
                  <span class="spinner" aria-hidden="true" /> Joining…
                </>
              ) : (
                'Join'
              )}
            </Button>
            {joining && (
              <Button tone="quiet" onClick={onCancel}>
                Cancel
              </Button>
            )}
          </div>
          <Troubles camera={camera} microphone={microphone} />
        </section>
      </div>
    </main>
  );
}

function Preview({ capture, name }: { capture: Capture; name: string }): JSX.Element {
  const { camera, microphone } = capture;
  return (
    <div class="preview">
      {camera.state === 'on' ? (
        <PreviewVideo track={camera.track} />
      ) : (
        <div class="preview-off">
          <Avatar name={name} size="fluid" />
          <p>{PREVIEW_TEXT[camera.state]}</p>
        </div>
      )}
      <div class="preview-controls">
        <Toggle capture={capture} device="microphone" captured={microphone} />
        <Toggle capture={capture} device="camera" captured={camera} />
      </div>
    </div>
  );
}

const PREVIEW_TEXT: Record<Exclude<Captured['state'], 'on'>, string> = {
  off: 'Your camera is off',
  opening: 'Starting your camera… Allow it if the browser asks.',
  failed: 'Your camera is not available',
};

function PreviewVideo({ track }: { track: MediaStreamTrack }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  useLayoutEffect(() => {
    if (video.current) video.current.srcObject = new MediaStream([track]);
  }, [track]);
  return (
    <video
      ref={video}
      class="mirrored"
      autoPlay
      playsInline
      muted
      aria-label="Your camera"
      data-testid="preview-video"
    />
  );
}

const TOGGLES = {
  microphone: { label: 'Microphone', on: MicIcon, off: MicOffIcon, shortcut: 'm' },
  camera: { label: 'Camera', on: CameraIcon, off: CameraOffIcon, shortcut: 'v' },
} as const;

function Toggle({
  capture,
  device,
  captured,
}: {
  capture: Capture;
  device: 'camera' | 'microphone';
  captured: Captured;
}): JSX.Element {
  const on = captured.state === 'on' || captured.state === 'opening';
  const { [on ? 'on' : 'off']: icon, shortcut } = TOGGLES[device];
  return (
    <IconButton
      icon={icon}
      label={TOGGLES[device].label}
      hint={`Turn ${on ? 'off' : 'on'} ${device}`}
      pressed={on}
      shortcut={shortcut}
      tone={on ? 'plain' : 'alert'}
      data-testid={`prejoin-${device}`}
      data-state={captured.state}
      onClick={() => capture.turn(device, !on)}
    />
  );
}

/** Why there is no camera or microphone. One sentence for both where the reason is the same. */
function Troubles({ camera, microphone }: { camera: Captured; microphone: Captured }): JSX.Element {
  return (
    <div class="prejoin-troubles" aria-live="polite">
      {camera.state === 'failed' && microphone.state === 'failed' && camera.code === microphone.code ? (
        <Trouble device="camera and microphone" code={camera.code} />
      ) : (
        <>
          {microphone.state === 'failed' && <Trouble device="microphone" code={microphone.code} />}
          {camera.state === 'failed' && <Trouble device="camera" code={camera.code} />}
        </>
      )}
    </div>
  );
}

function Trouble({
  device,
  code,
}: {
  device: 'camera' | 'microphone' | 'camera and microphone';
  code: string;
}): JSX.Element {
  const { title, text } = deviceTrouble(device, code);
  return (
    <Notice tone="warning" title={title} testId="device-trouble">
      {text}
    </Notice>
  );
}

function currentDevice(captured: Captured): string | undefined {
  return captured.state === 'on' ? captured.track.getSettings().deviceId : undefined;
}
