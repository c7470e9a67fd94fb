import { useEffect, useState } from 'preact/hooks';

import type { Participant, Room } from '../../sdk/api.ts';
import { announce } from '../ui/announcements.tsx';

/** Who stands on the stage by one's own choice, for oneself alone. */
export type Pin = {
  /** Of the participant; undefined: nobody is pinned. */
  key: string | undefined;
  toggle: (participant: Participant) => void;
  unpin: () => void;
};

/** At most one is pinned. The server is told, so that this picture comes before the others. */
export function usePin(room: Room): Pin {
  const [key, setKey] = useState<string>();
  const cameras = [...room.participants.values()].map((who) => who.tracks.get('camera')?.id).join();
  useEffect(() => {
    for (const who of room.participants.values()) {
      const camera = who.tracks.get('camera');
      if (camera && camera.pinned !== (who.key === key)) camera.setPinned(who.key === key);
    }
  }, [room, key, cameras]);
  useEffect(
    () => room.on('participantLeft', ({ participant }) => setKey((now) => (now === participant.key ? undefined : now))),
    [room],
  );
  return {
    key,
    toggle(participant) {
      const pinned = participant.key === key;
      setKey(pinned ? undefined : participant.key);
      announce(pinned ? `${participant.name} is not pinned any more` : `${participant.name} is pinned`);
    },
    unpin: () => setKey(undefined),
  };
}
