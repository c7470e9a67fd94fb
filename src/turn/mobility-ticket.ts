import { hmacSha1, HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../stun/hmac-sha1.ts';
import { encodeUtf8 } from '../stun/text.ts';
import type { Allocation } from './allocation.ts';
import type { AllocationId } from './events.ts';

/** The allocation's id (8 bytes), the ticket's number (4), and the MAC (20). */
const TICKET_LENGTH = 32;
const MAC_WORDS = 5;

/**
 * MOBILITY-TICKETs (RFC 8016 §3.2): each names an allocation, and carries a MAC over that, its own number and its user.
 * A ticket in another user's hands is no ticket, and an old one is told by its number.
 */
export class Tickets {
  readonly #keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  readonly #mac = new Int32Array(MAC_WORDS);

  /** @param key At least 20 unguessable bytes. */
  constructor(key: Uint8Array) {
    prepareHmacSha1(new DataView(key.buffer, key.byteOffset, key.length), 0, key.length, this.#keys, 0);
  }

  /** The ticket of an allocation that was given last. */
  make({ id, mobility, user }: Allocation): Uint8Array {
    const view = this.#write(id, mobility?.serial ?? 0, user.username);
    return new Uint8Array(view.buffer, 0, TICKET_LENGTH);
  }

  /** The allocation that the ticket at `at` is good for; undefined where it is none of ours, or no longer one. */
  find(
    allocations: ReadonlyMap<AllocationId, Allocation>,
    view: DataView,
    at: number,
    length: number,
  ): Allocation | undefined {
    if (length !== TICKET_LENGTH) return undefined;
    const id = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
    const serial = view.getUint32(at + 8);
    const allocation = allocations.get(id);
    if (allocation?.mobility === undefined) return undefined;
    const expected = this.#write(id, serial, allocation.user.username);
    let difference = 0;
    for (let index = 0; index < TICKET_LENGTH; index += 4) {
      difference |= view.getInt32(at + index) ^ expected.getInt32(index);
    }
    const { confirmed, serial: last } = allocation.mobility;
    return difference === 0 && serial >= confirmed && serial <= last ? allocation : undefined;
  }

  /** The ticket, and behind it what only the MAC sees. */
  #write(id: AllocationId, serial: number, username: string): DataView {
    const name = encodeUtf8(username);
    const bytes = new Uint8Array(TICKET_LENGTH + name.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, Math.floor(id / 2 ** 32));
    view.setUint32(4, id % 2 ** 32);
    view.setUint32(8, serial);
    bytes.set(name, TICKET_LENGTH);
    hmacSha1(this.#keys, 0, view, 0, bytes.length, this.#mac);
    for (const [index, word] of this.#mac.entries()) view.setInt32(12 + 4 * index, word);
    return view;
  }
}
