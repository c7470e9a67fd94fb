/** The keys of a room, as frames need them: by identity, by index, and by how often they were ratcheted. */
import { materialOf, ratcheted } from './derivation.ts';

/** A key as the application gives it. */
export type KeyEntry = {
  /** Whose it is; undefined: everyone's. */
  readonly identity: string | undefined;
  /** 0 to 255. */
  readonly index: number;
  /** How often `secret` was ratcheted before: then it is the material itself. */
  readonly generation: number;
  readonly secret: string | Uint8Array;
};

/** `chain` is the same object for all that follow from one key. */
export type Material = { readonly generation: number; readonly bytes: Uint8Array; readonly chain: object };
/** What to encrypt with. */
export type SendingKey = Material & { readonly index: number };

export class KeyStore {
  readonly #shared = new Map<number, Promise<Material>>();
  readonly #own = new Map<string, Map<number, Promise<Material>>>();
  /** The index that came last, of everyone's and of each. */
  readonly #latest = new Map<string | undefined, number>();

  set({ identity, index, generation, secret }: KeyEntry): void {
    const material = (async () => ({
      ...{ generation, chain: {} },
      bytes: generation > 0 && typeof secret !== 'string' ? secret : await materialOf(secret),
    }))();
    // Whoever needs it awaits it, and hears of its failure.
    material.catch(() => undefined);
    this.#latest.set(identity, index);
    if (identity !== undefined) {
      this.#of(identity).set(index, material);
      return;
    }
    this.#shared.set(index, material);
    // Everyone begins with it anew, but for those who have a key of their own.
    for (const [whose, keys] of this.#own) if (!this.#latest.has(whose)) keys.delete(index);
  }

  /** The key of `identity` that was set last, or everyone's. */
  async sending(identity: string): Promise<SendingKey | undefined> {
    const index = this.#latest.get(identity) ?? this.#latest.get(undefined);
    if (index === undefined) return undefined;
    const material = await this.#find(identity, index);
    return material === undefined ? undefined : { ...material, index };
  }

  /** The material of `identity` as it is after `generation` ratchets; undefined: there is none, or it has gone past. */
  async receiving(identity: string, index: number, generation: number): Promise<Material | undefined> {
    let material = await this.#find(identity, index);
    if (material === undefined || material.generation > generation) return undefined;
    while (material.generation < generation) {
      const before: Material = material;
      material = { ...before, generation: before.generation + 1, bytes: await ratcheted(before.bytes) };
    }
    return material;
  }

  /** A frame was decrypted with it: what came before it in its chain is forgotten. */
  async confirm(identity: string, index: number, material: Material): Promise<void> {
    const present = await this.#find(identity, index);
    // Another key may have been set meanwhile.
    if (present?.chain !== material.chain || present.generation >= material.generation) return;
    this.#of(identity).set(index, Promise.resolve(material));
  }

  async #find(identity: string, index: number): Promise<Material | undefined> {
    return this.#own.get(identity)?.get(index) ?? this.#shared.get(index);
  }

  #of(identity: string): Map<number, Promise<Material>> {
    let keys = this.#own.get(identity);
    if (keys === undefined) this.#own.set(identity, (keys = new Map()));
    return keys;
  }
}
