import type { TransportAddress } from '../stun/address.ts';

/**
 * From an address and port to another: an open-addressed table of integers, made once and then only read. Of entries
 * with one key the first counts.
 */
export class EndpointMap {
  /** Five words for each slot. */
  readonly #keys: Int32Array;
  /** The value's place by slot, -1 where a slot is free. */
  readonly #places: Int32Array;
  readonly #mask: number;
  readonly #values: readonly TransportAddress[];

  constructor(entries: readonly (readonly [key: TransportAddress, value: TransportAddress])[]) {
    // A quarter full at most, so that a look-up that finds nothing ends soon.
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1, entries.length) * 4));
    this.#keys = new Int32Array(slots * 5);
    this.#places = new Int32Array(slots).fill(-1);
    this.#mask = slots - 1;
    this.#values = entries.map(([, { a, b, c, d, port }]) => ({ a, b, c, d, port }));
    for (const [place, [key]] of entries.entries()) this.#add(key, place);
  }

  #add({ a, b, c, d, port }: TransportAddress, place: number): void {
    if (this.get(a, b, c, d, port) !== undefined) return;
    let slot = hashOf(a, b, c, d, port) & this.#mask;
    while (this.#places[slot] !== -1) slot = (slot + 1) & this.#mask;
    this.#places[slot] = place;
    this.#keys.set([a, b, c, d, port], slot * 5);
  }

  /** What stands for the endpoint: an object that is not to be changed. */
  get(a: number, b: number, c: number, d: number, port: number): TransportAddress | undefined {
    const keys = this.#keys;
    for (let slot = hashOf(a, b, c, d, port) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = this.#places[slot]!;
      if (place === -1) return undefined;
      const key = slot * 5;
      if (keys[key + 3] !== d || keys[key + 4] !== port) continue;
      if (keys[key + 2] === c && keys[key + 1] === b && keys[key] === a) return this.#values[place];
    }
  }
}

/** Keys come from the operator, so no seed is needed: who looks up cannot lengthen a chain. */
function hashOf(a: number, b: number, c: number, d: number, port: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x85eb_ca6b) ^ port, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0xc2b2_ae35);
  hash = Math.imul(hash ^ (hash >>> 13) ^ d, 0x27d4_eb2f);
  return hash ^ (hash >>> 15);
}
