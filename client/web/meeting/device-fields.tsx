import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import { announce } from '../ui/announcements.tsx';
import { Button } from '../ui/button.tsx';
import { SelectField } from '../ui/field.tsx';
import { CameraIcon, MicIcon, SpeakerIcon } from '../ui/icons.tsx';
import { LevelMeter } from '../ui/level-meter.tsx';
import { canChooseSpeaker, type DeviceLists } from './capture.ts';
import type { DeviceKind } from '../../sdk/api.ts';
import { playTestSound, useLevelOf } from './sound.ts';

export type DeviceFieldsProps = {
  lists: DeviceLists;
  chosen: Record<DeviceKind, string>;
  /** What the meter shows. */
  microphoneTrack: MediaStreamTrack | undefined;
  onChoose: (kind: DeviceKind, deviceId: string) => void;
};

/** The choice of camera, microphone (with its level) and speaker (with a test sound). */
export function DeviceFields({ lists, chosen, microphoneTrack, onChoose }: DeviceFieldsProps): JSX.Element {
  const meter = useRef<HTMLDivElement>(null);
  useLevelOf(microphoneTrack, (level) => meter.current?.style.setProperty('--level', level.toFixed(3)));
  const field = (kind: DeviceKind): { value: string; options: { value: string; label: string }[]; testId: string } => ({
    value: lists[kind].some((info) => info.deviceId === chosen[kind]) ? chosen[kind] : (lists[kind][0]?.deviceId ?? ''),
    options: lists[kind].map((info) => ({ value: info.deviceId, label: info.label })),
    testId: `${kind}-select`,
  });
  return (
    <div class="device-fields">
      <SelectField
        {...field('camera')}
        label="Camera"
        icon={CameraIcon}
        empty="No camera"
        onChange={(id) => onChoose('camera', id)}
      />
      <div>
        <SelectField
          {...field('microphone')}
          label="Microphone"
          icon={MicIcon}
          empty="No microphone"
          onChange={(id) => onChoose('microphone', id)}
        />
        <LevelMeter meterRef={meter} />
      </div>
      {canChooseSpeaker() && (
        <div class="device-speaker">
          <SelectField
            {...field('speaker')}
            label="Speaker"
            icon={SpeakerIcon}
            empty="System default"
            onChange={(id) => onChoose('speaker', id)}
          />
          <TestSound speaker={chosen.speaker} />
        </div>
      )}
    </div>
  );
}

function TestSound({ speaker }: { speaker: string }): JSX.Element {
  const [playing, setPlaying] = useState(false);
  const play = async (): Promise<void> => {
    setPlaying(true);
    try {
      await playTestSound(speaker);
    } catch {
      announce('The test sound could not be played on this speaker.', { show: true });
    }
    setPlaying(false);
  };
  return (
    <Button tone="quiet" disabled={playing} onClick={() => void play()}>
      {playing ? 'Playing…' : 'Test'}
    </Button>
  );
}
