/** Bytes on their way to the log: added up for each room and API key, so that a fact stands for many of them. */
import type { Millis } from '../kernel/clock.ts';
import type { BytesCounted } from './event.ts';

export type Bytes = Pick<BytesCounted, 'publishedBytes' | 'forwardedBytes' | 'relayedBytes'>;

/** Whose they are. Without `room`: of an application's own use of the relay. */
export type BytesOwner = { readonly room?: string | undefined; readonly keyId: string };

export class BytesTally {
  readonly #rooms = new Map<BytesOwner['room'], Map<string, Bytes>>();

  add({ room, keyId }: BytesOwner, { publishedBytes = 0, forwardedBytes = 0, relayedBytes = 0 }: Partial<Bytes>): void {
    if (publishedBytes + forwardedBytes + relayedBytes === 0) return;
    let keys = this.#rooms.get(room);
    if (keys === undefined) this.#rooms.set(room, (keys = new Map<string, Bytes>()));
    const before = keys.get(keyId) ?? { publishedBytes: 0, forwardedBytes: 0, relayedBytes: 0 };
    keys.set(keyId, {
      publishedBytes: before.publishedBytes + publishedBytes,
      forwardedBytes: before.forwardedBytes + forwardedBytes,
      relayedBytes: before.relayedBytes + relayedBytes,
    });
  }

  /** All that was added since it was taken the last time, of one room or of all. */
  take(at: Millis, only?: { readonly room: BytesOwner['room'] }): BytesCounted[] {
    const rooms = only === undefined ? [...this.#rooms.keys()] : [only.room];
    return rooms.flatMap((room) => {
      const keys = this.#rooms.get(room);
      this.#rooms.delete(room);
      return [...(keys ?? [])].map(([keyId, bytes]) => ({
        ...{ type: 'bytes-counted' as const, at },
        ...(room === undefined ? {} : { room }),
        ...{ keyId, ...bytes },
      }));
    });
  }
}
