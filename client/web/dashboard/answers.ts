/** What the server answers, by its own schemas. Types alone: nothing of them is in the page. */
import type { Static } from 'typebox';

import type {
  QoeCauses,
  QoeEndedEvent,
  QoeParticipant,
  QoeRoom,
  QoeRoomList,
  QoeSession,
  QoeSessionList,
} from '../../../src/api/qoe-schemas.ts';

export type Person = Static<typeof QoeParticipant>;
export type Quality = Person['both'];
export type Cause = NonNullable<Quality['cause']>;
export type RoomList = Static<typeof QoeRoomList>;
export type RoomSummary = RoomList['rooms'][number];
export type RoomAnswer = Static<typeof QoeRoom>;
export type RoomSession = RoomAnswer['sessions'][number];
export type Columns = RoomSession['series'];
export type SessionReport = Static<typeof QoeSession>;
export type SessionList = Static<typeof QoeSessionList>;
export type SessionSummary = SessionList['sessions'][number];
export type CauseList = Static<typeof QoeCauses>;
export type CauseCost = CauseList['causes'][number];
export type Ended = Static<typeof QoeEndedEvent>;
