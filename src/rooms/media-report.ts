import type { MediaKind, Source } from './grants.ts';
import type { ConsumerId, ParticipantId, ProducerId } from './ids.ts';
import type { MediaTransportListener, MediaTransportObserver, PathStats, TransportState } from './media-engine.ts';
import type { MediaObserver } from './media-view.ts';

/** What a track is, for those to whom the engine's ids say nothing. */
export type TrackIdentity = {
  readonly producerId: ProducerId;
  readonly kind: MediaKind;
  readonly source: Source;
  /** Share of its pixels that its sender was told to send; 0 where nobody wants any. */
  readonly wantedShare: number;
};

/** Where tracks are looked up. Undefined for those that have ended: news of them may have been under way then. */
export type TrackIndex = {
  produced(id: ProducerId): TrackIdentity | undefined;
  consumed(id: ConsumerId): TrackIdentity | undefined;
};

/** Puts what the engine sees of one participant's transports together with whose tracks they are. */
export class MediaReport {
  readonly #participantId: ParticipantId;
  readonly #observer: MediaObserver;
  readonly #tracks: TrackIndex;
  readonly #states: TransportState[] = [];
  readonly #paths: (PathStats | undefined)[] = [];

  constructor(participantId: ParticipantId, observer: MediaObserver, tracks: TrackIndex) {
    this.#participantId = participantId;
    this.#observer = observer;
    this.#tracks = tracks;
  }

  /** For one more of the participant's transports. */
  listeners(): [MediaTransportListener, MediaTransportObserver] {
    const place = this.#states.push('new') - 1;
    this.#paths.push(undefined);
    const state: MediaTransportListener['state'] = (now) => {
      this.#states[place] = now;
      this.#tellLink();
    };
    const observer: MediaTransportObserver = {
      path: (seen) => {
        this.#paths[place] = seen;
        this.#tellLink();
      },
      produced: (id, seen) => {
        const track = this.#tracks.produced(id);
        if (track === undefined) return;
        const { kind, source, wantedShare } = track;
        // What its sender was told that nobody wants is as silent as it should be.
        const paused = seen.paused || (wantedShare === 0 && seen.packets === 0);
        this.#observer.producer(this.#participantId, { id, kind, source, wantedShare, ...seen, paused });
      },
      consumed: (id, seen) => {
        const track = this.#tracks.consumed(id);
        if (track !== undefined) this.#observer.consumer(this.#participantId, { id, ...track, ...seen });
      },
    };
    return [{ state }, observer];
  }

  removed(track: ProducerId | ConsumerId): void {
    this.#observer.removed(this.#participantId, track);
  }

  #tellLink(): void {
    const cut = this.#states.some((state) => state === 'disconnected' || state === 'failed');
    this.#observer.link(this.#participantId, {
      // One that was never set up is no trouble yet: its client may have nothing to send.
      connected: !cut && !this.#paths.some((path) => path?.heard === false),
      overTcp: this.#paths.some((path) => path?.tcp === true),
      slowerUp: this.#paths.map((path) => path?.slowerUp ?? Number.NaN).find((ms) => ms >= 0) ?? Number.NaN,
    });
  }
}
