/**
 * The live stream: what happens to sessions, to whom it may concern. A reader that does not keep up loses events and is told
 * how many, and what waits for it stays bounded.
 */
import type { EventStream } from '../http/event-stream.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { RoomName } from '../rooms/ids.ts';
import { type LiveEventName, LOST_AS } from './live-events.ts';

/** Bytes that may wait for a reader before it loses events, and below which it gets them again. */
const MAX_WAITING = 512 * 1024;
const RESUME_BELOW = 64 * 1024;
/** Streams at once. */
const MAX_READERS = 256;

/** What a reader wants. */
export type LiveWish = { readonly room: RoomName | undefined; readonly events: readonly LiveEventName[] };

type Reader = {
  readonly stream: EventStream;
  readonly wish: LiveWish;
  /** Set while it is behind. */
  lost: { scores: number; samples: number; sessions: number } | undefined;
};

export class LiveStreams {
  readonly #readers = new Set<Reader>();
  /** Readers of all rooms that want each event, and those of one room. */
  readonly #ofAll = new Map<LiveEventName, Set<Reader>>();
  readonly #ofRoom = new Map<string, Set<Reader>>();
  #lost = 0;

  /** Streams that are open, and events that their readers did not get. */
  get state(): { readers: number; lost: number } {
    return { readers: this.#readers.size, lost: this.#lost };
  }

  /** Throws `limit-reached` where there are too many streams. */
  requireRoom(): void {
    if (this.#readers.size < MAX_READERS) return;
    throw new SluiceError('limit-reached', { detail: `There are ${MAX_READERS} live streams already.` });
  }

  /** Serves `stream` until it ends; what `first` sends comes before all else. */
  open(stream: EventStream, wish: LiveWish, first: (send: (event: LiveEventName, json: string) => void) => void): void {
    const reader: Reader = { stream, wish, lost: undefined };
    this.#readers.add(reader);
    first((event, json) => {
      if (wish.events.includes(event)) this.#send(reader, event, json);
    });
    for (const event of wish.events) this.#place(wish, event, true).add(reader);
    stream.onClose(() => {
      this.#readers.delete(reader);
      for (const event of wish.events) {
        const place = this.#place(wish, event, false);
        place.delete(reader);
        if (place.size === 0 && wish.room !== undefined) this.#ofRoom.delete(`${event} ${wish.room}`);
      }
    });
  }

  /** Whether anybody would hear of it: making an event costs something. */
  wants(event: LiveEventName, room: RoomName): boolean {
    if (this.#readers.size === 0) return false;
    return (this.#ofAll.get(event)?.size ?? 0) > 0 || this.#ofRoom.has(`${event} ${room}`);
  }

  publish(event: LiveEventName, room: RoomName, json: string): void {
    for (const reader of this.#ofAll.get(event) ?? []) this.#send(reader, event, json);
    for (const reader of this.#ofRoom.get(`${event} ${room}`) ?? []) this.#send(reader, event, json);
  }

  /** Tells those who were behind what they have lost, as soon as they have caught up. Call it now and then. */
  advance(): void {
    for (const reader of this.#readers) if (reader.lost !== undefined) this.#tellLost(reader);
  }

  close(): void {
    for (const { stream } of [...this.#readers]) stream.close();
  }

  #place({ room }: LiveWish, event: LiveEventName, make: boolean): Set<Reader> {
    const [places, key] = room === undefined ? [this.#ofAll, event] : [this.#ofRoom, `${event} ${room}`];
    const found = places.get(key);
    if (found !== undefined) return found;
    const made = new Set<Reader>();
    if (make) places.set(key, made);
    return made;
  }

  #send(reader: Reader, event: LiveEventName, json: string): void {
    if (reader.lost === undefined && reader.stream.buffered <= MAX_WAITING) {
      reader.stream.send({ event, data: json });
      return;
    }
    if (reader.lost !== undefined && this.#tellLost(reader)) {
      reader.stream.send({ event, data: json });
      return;
    }
    reader.lost ??= { scores: 0, samples: 0, sessions: 0 };
    reader.lost[LOST_AS[event]] += 1;
    this.#lost += 1;
  }

  #tellLost(reader: Reader): boolean {
    if (reader.stream.buffered > RESUME_BELOW) return false;
    const { lost } = reader;
    reader.lost = undefined;
    reader.stream.send({ event: 'lost', data: JSON.stringify(lost) });
    return true;
  }
}
