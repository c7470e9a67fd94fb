/**
 * The routers of one room, on as many workers as it needs. The room's own stays for as long as the room; the others are
 * there while a transport is on them: on another worker, where the room's own was full, or with payload types of the
 * receiver's choice.
 *
 * A consumer sends with the payload types of its router, which every producer was mapped to when it began. A receiver
 * that made the offer must be sent what it offered (RFC 3264 §6.1), so it gets a router with its payload types, which all
 * receivers with the same ones share.
 */
import type { Router, RouterRtpCodecCapability } from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { PayloadTypes } from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import { Branch } from './branch.ts';
import { nextWorker } from './load.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What opening the routers of a room takes. */
export type BranchSettings = {
  /** What the room's routers are opened with, and what comes of it. */
  readonly codecs: RouterRtpCodecCapability[];
  readonly capabilities: RtpCapabilities;
};

/** A transport's hold on its branch. */
export type BranchLease = {
  readonly branch: Branch;
  /** Idempotent. */
  release: () => void;
};

type Shared = { readonly host: WorkerProcess; readonly opening: Promise<Branch>; users: number };

export class Branches {
  readonly #settings: BranchSettings;
  readonly #hosts: () => readonly WorkerProcess[];
  readonly #onLost: () => void;
  /** How many routers there are on each worker, in the order in which the room came there. */
  readonly #routers = new Map<WorkerProcess, number>();
  readonly #shared = new Map<string, Shared>();
  readonly #others = new Set<Branch>();
  #own: Branch | undefined;

  /**
   * @param hosts The workers that run now.
   * @param onLost Called when a worker dies that the room is on, for each of them.
   */
  constructor(settings: BranchSettings, hosts: () => readonly WorkerProcess[], onLost: () => void) {
    this.#settings = settings;
    this.#hosts = hosts;
    this.#onLost = onLost;
  }

  /** Workers that the room is on. */
  get workers(): number {
    return this.#routers.size;
  }

  /** Those that are open. */
  *open(): Iterable<Branch> {
    if (this.#own !== undefined) yield this.#own;
    yield* this.#others;
  }

  /** The worker is gone, and what was on it. */
  lost(): void {
    this.#onLost();
  }

  /** Opens the room's own, on `host`. */
  async openOwn(host: WorkerProcess): Promise<Branch> {
    return (this.#own = await this.#openOn(host, this.#settings.codecs));
  }

  /** The branch for one more transport. */
  async take(payloadTypes: PayloadTypes | undefined): Promise<BranchLease> {
    const host = nextWorker([...this.#routers.keys()], this.#hosts());
    if (host === undefined) throw new SluiceError('media-unavailable', { retryAfter: 1 });
    const own = this.#own;
    if (payloadTypes === undefined && own?.host === host) return { branch: own, release: () => undefined };
    const key = `${host.worker.pid} ${keyOf(payloadTypes)}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const { codecs } = this.#settings;
      const opening = this.#openOn(host, payloadTypes === undefined ? codecs : this.#renumbered(payloadTypes));
      shared = { host, opening, users: 0 };
      this.#shared.set(key, shared);
    }
    const release = this.#use(key, shared);
    try {
      const branch = await shared.opening;
      this.#others.add(branch);
      return { branch, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends them all, and every transport on them. */
  close(): void {
    for (const [key, shared] of this.#shared) this.#end(key, shared);
    const own = this.#own;
    this.#own = undefined;
    own?.close();
    if (own !== undefined) this.#left(own.host);
  }

  #use(key: string, shared: Shared): () => void {
    let used = true;
    shared.users += 1;
    return () => {
      if (!used) return;
      used = false;
      shared.users -= 1;
      if (shared.users === 0) this.#end(key, shared);
    };
  }

  #end(key: string, shared: Shared): void {
    if (this.#shared.get(key) !== shared) return;
    this.#shared.delete(key);
    shared.opening.then(
      (branch) => {
        this.#others.delete(branch);
        branch.close();
        this.#left(branch.host);
      },
      () => undefined,
    );
  }

  async #openOn(host: WorkerProcess, mediaCodecs: RouterRtpCodecCapability[]): Promise<Branch> {
    // Before the worker is asked: rooms that are opened at the same time spread over the workers, and one that dies tells.
    this.#came(host);
    let router: Router;
    try {
      router = await host.worker.createRouter({ mediaCodecs });
    } catch (error) {
      this.#left(host);
      throw error;
    }
    return new Branch(host, router);
  }

  #came(host: WorkerProcess): void {
    const before = this.#routers.get(host) ?? 0;
    this.#routers.set(host, before + 1);
    if (before > 0) return;
    host.rooms.add(this);
    host.load.counts.rooms += 1;
  }

  #left(host: WorkerProcess): void {
    const left = (this.#routers.get(host) ?? 0) - 1;
    if (left > 0) {
      this.#routers.set(host, left);
      return;
    }
    this.#routers.delete(host);
    host.rooms.delete(this);
    host.load.counts.rooms -= 1;
  }

  /** The codecs of the room that a receiver has, with its payload types. Throws `unsupported-codec` where there are none. */
  #renumbered(payloadTypes: PayloadTypes): RouterRtpCodecCapability[] {
    const { codecs, capabilities } = this.#settings;
    // What the router made of its codecs comes in their order, each with its RTX behind it.
    const media = capabilities.codecs.filter(({ mimeType }) => !mimeType.toLowerCase().endsWith('/rtx'));
    const known = codecs.flatMap((codec, index) => {
      const preferredPayloadType = payloadTypes.get(media[index]?.preferredPayloadType ?? -1);
      return preferredPayloadType === undefined ? [] : [{ ...structuredClone(codec), preferredPayloadType }];
    });
    if (known.length === 0) throw new SluiceError('unsupported-codec');
    return known;
  }
}

function keyOf(payloadTypes: PayloadTypes | undefined): string {
  if (payloadTypes === undefined) return '';
  return [...payloadTypes].toSorted(([a], [b]) => a - b).join(' ');
}
