import { type ErrorCode, SluiceError } from '../kernel/errors.ts';
import type { LeaveReason } from './events.ts';
import type { Actor } from './facts.ts';
import type { RoomName } from './ids.ts';

/**
 * How a participant leaves. `told`: what the others hear, where it is not the reason; null where they are told in another
 * way. `text`: for its own client to read. `to`: the room where it goes on.
 */
export type Leaving = { told?: LeaveReason | null; text?: string | undefined; actor?: Actor; to?: RoomName };

/** The code by which a participant's client learns why it is out. */
export const CODE_OF_REASON = {
  left: 'left',
  disconnected: 'session-gone',
  kicked: 'kicked',
  replaced: 'replaced',
  'room-closed': 'room-closed',
  'too-slow': 'too-slow',
  'media-unavailable': 'media-unavailable',
  draining: 'draining',
  flooding: 'rate-limited',
  moved: 'session-gone',
} as const satisfies Record<LeaveReason, ErrorCode | 'left'>;

/** What the join of somebody who is out by now is refused with; `text`: words of who put it out. */
export function refusalOf(reason: LeaveReason, text: string | undefined): SluiceError {
  const code = CODE_OF_REASON[reason];
  return new SluiceError(code === 'left' ? 'session-gone' : code, text === undefined ? {} : { reason: text });
}
