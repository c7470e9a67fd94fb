import type { ErrorCode } from '../kernel/errors.ts';
import type { RequestName } from './wire.ts';

/** What signaling announces for metrics. Every label is one of a small set. */
export type SignalingFact =
  /** An attempt to join has ended. Times in milliseconds, as far as it came. */
  | {
      readonly type: 'join';
      readonly outcome: 'joined' | ErrorCode;
      readonly steps: {
        /** From the open socket to the client's CONNECT packet. */
        readonly hello: number;
        readonly verify?: number;
        /** What the room and its media took. */
        readonly room?: number;
        /** From the open socket to the answer. */
        readonly total: number;
      };
    }
  | { readonly type: 'resume'; readonly outcome: 'resumed' | ErrorCode }
  | { readonly type: 'request'; readonly name: RequestName | 'unknown'; readonly outcome: 'done' | ErrorCode }
  /** An HTTP request to the signaling address was refused before it became a WebSocket. */
  | { readonly type: 'upgrade-refused'; readonly code: ErrorCode }
  | { readonly type: 'socket-opened' }
  | { readonly type: 'socket-closed' }
  /** The server closed a socket for what its client did or did not do. */
  | { readonly type: 'misbehaviour'; readonly code: ErrorCode };

export type SignalingObserver = (fact: SignalingFact) => void;
