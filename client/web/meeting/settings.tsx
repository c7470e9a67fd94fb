import type { JSX } from 'preact';

import type { Room } from '../../sdk/api.ts';
import { Dialog } from '../ui/dialog.tsx';
import { useDeviceLists } from './capture.ts';
import { DeviceFields } from './device-fields.tsx';
import type { OwnMedia } from './own-media.ts';

const KEYS = [
  [['m'], 'Microphone on or off'],
  [['v'], 'Camera on or off'],
  [['s'], 'Share screen'],
  [['c'], 'Chat'],
  [['p'], 'Participants'],
  [['Esc'], 'Close the panel'],
  [['PgUp', 'PgDn'], 'Turn the page'],
] as const;

/** Devices, and the keys that the call knows. Changes work at once. */
export function SettingsDialog({
  room,
  media,
  onClose,
}: {
  room: Room;
  media: OwnMedia;
  onClose: () => void;
}): JSX.Element {
  const lists = useDeviceLists(`${media.cameraOn} ${media.microphoneOn}`);
  const microphone = room.self.tracks.get('microphone');
  return (
    <Dialog title="Settings" onClose={onClose}>
      <DeviceFields
        lists={lists}
        chosen={media.chosen}
        microphoneTrack={media.microphoneOn ? microphone?.mediaStreamTrack : undefined}
        onChoose={media.choose}
      />
      <section class="keys" aria-label="Keyboard">
        <h3>Keyboard</h3>
        <dl>
          {KEYS.map(([keys, text]) => (
            <div key={text}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </section>
    </Dialog>
  );
}
