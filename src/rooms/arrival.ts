/** Who comes into a room from another one, or in the place of somebody. */
import type { JoinedRoom } from './events.ts';
import type { RoomName } from './ids.ts';
import type { Participant } from './participant.ts';

/** Somebody who comes from another room. */
export type Arrival = {
  readonly from: RoomName;
  /** Takes it out of there, once it is sure to come in here. Throws where it is there no more. */
  depart(): void;
  /** It is in, and nothing was sent to it from here yet. */
  admitted(participant: Participant, joined: JoinedRoom): void;
};

/**
 * `earlier`, the presences that `participant` replaces, leave. Returns as which of them the others know it already: to them it
 * is one and the same person who goes on.
 */
export function replace(earlier: readonly Participant[], participant: Participant): Participant | undefined {
  const known = participant.hidden ? undefined : earlier.find(({ hidden }) => !hidden);
  for (const presence of earlier) {
    // That somebody hidden goes on in its place is nobody's business.
    const told = participant.hidden ? 'left' : 'replaced';
    presence.leave('replaced', { told: presence === known ? null : told });
  }
  return known;
}
