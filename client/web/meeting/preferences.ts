/** What a person chose last time, on this browser. */
export type Preferences = {
  cameraOn: boolean;
  microphoneOn: boolean;
  /** Device ids; '' is the browser's own choice. */
  camera: string;
  microphone: string;
  speaker: string;
};

const KEY = 'sluice:preferences';
const DEFAULTS: Preferences = { cameraOn: true, microphoneOn: true, camera: '', microphone: '', speaker: '' };

/** The stored choices; defaults for all that is missing, of a wrong type, or not readable. */
export function readPreferences(storage: () => Pick<Storage, 'getItem'> = () => localStorage): Preferences {
  try {
    return parsePreferences(storage().getItem(KEY));
  } catch {
    // Storage may be switched off altogether; then merely touching it throws.
    return { ...DEFAULTS };
  }
}

/** Stores what has changed. Where there is no storage, the choices last as long as the page. */
export function savePreferences(change: Partial<Preferences>, storage: () => Storage = () => localStorage): void {
  try {
    storage().setItem(KEY, JSON.stringify({ ...readPreferences(storage), ...change }));
  } catch {
    // Switched off or full: nothing that a person in a meeting should be told.
  }
}

function parsePreferences(stored: string | null): Preferences {
  const value: unknown = JSON.parse(stored ?? '{}');
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const flag = (name: 'cameraOn' | 'microphoneOn'): boolean => {
    const given = found[name];
    return typeof given === 'boolean' ? given : DEFAULTS[name];
  };
  const id = (name: 'camera' | 'microphone' | 'speaker'): string => {
    const given = found[name];
    return typeof given === 'string' ? given.slice(0, 512) : DEFAULTS[name];
  };
  return {
    cameraOn: flag('cameraOn'),
    microphoneOn: flag('microphoneOn'),
    camera: id('camera'),
    microphone: id('microphone'),
    speaker: id('speaker'),
  };
}
