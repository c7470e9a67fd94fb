import type { Router } from 'mediasoup/types';

import { RoomData } from './data.ts';
import { Pipe, type PipedTrack } from './pipe.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The use of a track at a branch; the last one that is released takes the track's pipe with it. */
export type TrackLease = {
  /** The producer's id at the branch. */
  readonly id: string;
  /** Idempotent. */
  release: () => void;
};

type Track = { readonly opening: Promise<PipedTrack>; users: number };
type Source = { readonly pipe: Pipe; tracks: number };

/** One router of a room. What is published on another one of them comes through a pipe, once, while anybody here wants it. */
export class Branch {
  readonly host: WorkerProcess;
  readonly router: Router;
  readonly data: RoomData;
  readonly #tracks = new Map<string, Track>();
  readonly #sources = new Map<Branch, Source>();

  constructor(host: WorkerProcess, router: Router) {
    this.host = host;
    this.router = router;
    this.data = new RoomData(router);
  }

  /** Has `producerId` of `from` here. Rejects as mediasoup does. */
  async bring(producerId: string, from: Branch): Promise<TrackLease> {
    if (from === this) return { id: producerId, release: () => undefined };
    let track = this.#tracks.get(producerId);
    if (track === undefined) {
      track = { opening: this.#open(producerId, from), users: 0 };
      this.#tracks.set(producerId, track);
    }
    const { opening } = track;
    const release = this.#use(producerId, track);
    try {
      return { id: (await opening).id, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends everything on it. Idempotent. */
  close(): void {
    for (const { pipe } of this.#sources.values()) pipe.close();
    this.router.close();
  }

  #use(producerId: string, track: Track): () => void {
    let used = true;
    track.users += 1;
    return () => {
      if (!used) return;
      used = false;
      track.users -= 1;
      if (track.users > 0) return;
      this.#forget(producerId, track);
      track.opening.then(
        (piped) => piped.close(),
        () => undefined,
      );
    };
  }

  #open(producerId: string, from: Branch): Promise<PipedTrack> {
    const source = this.#source(from);
    source.tracks += 1;
    this.host.load.counts.pipes += 1;
    const ended = () => {
      this.host.load.counts.pipes -= 1;
      source.tracks -= 1;
      const track = this.#tracks.get(producerId);
      if (track?.opening === opening) this.#forget(producerId, track);
      if (source.tracks > 0) return;
      if (this.#sources.get(from) === source) this.#sources.delete(from);
      source.pipe.close();
    };
    const opening = source.pipe.carry(producerId);
    opening.then((piped) => piped.onClose(ended), ended);
    return opening;
  }

  #source(from: Branch): Source {
    let source = this.#sources.get(from);
    if (source === undefined) {
      source = { pipe: new Pipe(from.router, this.router), tracks: 0 };
      this.#sources.set(from, source);
    }
    return source;
  }

  #forget(producerId: string, track: Track): void {
    if (this.#tracks.get(producerId) === track) this.#tracks.delete(producerId);
  }
}
