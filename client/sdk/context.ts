import type { Adaptation } from './adaptive/adaptation.ts';
import type { RoomEvents } from './api.ts';
import type { Link } from './link.ts';
import type { Media } from './media.ts';
import type { Playback } from './playback.ts';
import type { Scope } from './scope.ts';
import type { ConsumerInfo } from '../../src/rooms/events.ts';

/** What the parts of a room share. */
export type RoomContext = {
  readonly scope: Scope;
  readonly playback: Playback;
  readonly adaptation: Adaptation;
  readonly request: Link['request'];
  emit: <Name extends keyof RoomEvents>(event: Name, value: RoomEvents[Name]) => void;
  /** The media in use, or the next one while there is none; rejects with `closed` once the room is. */
  media(): Promise<Media>;
  /** Sets up receivers for what the server has agreed to forward. */
  receive(consumers: readonly ConsumerInfo[]): Promise<void>;
  /** The first frame of a video was decoded, at a time as of `performance.now()`. */
  firstFrame(at: number): void;
};
