import { SluiceError } from '../kernel/errors.ts';
import type { ConsumerInfo } from './events.ts';
import type { MediaEngine, MediaRoom, MediaRoomListener } from './media-engine.ts';
import type { Participant } from './participant.ts';
import type { Publication } from './publication.ts';

/** Times that a join starts over because the media was lost under it. */
const JOIN_ATTEMPTS = 3;

/** What the room has of it. */
export type RoomMediaOwner = Omit<MediaRoomListener, 'lost'> & {
  /** What was open is gone, with everything in it; the next `open` opens another one. */
  lost(): void;
  publicationsVisibleTo(participant: Participant): Iterable<Publication>;
};

/** The media of one room over all of its lives: opened when somebody needs it, closed with the last one, lost with its worker. */
export class RoomMedia {
  readonly #engine: MediaEngine;
  readonly #owner: RoomMediaOwner;
  #opening: Promise<MediaRoom> | undefined;

  constructor(engine: MediaEngine, owner: RoomMediaOwner) {
    this.#engine = engine;
    this.#owner = owner;
  }

  /**
   * Opens what `participant` needs, anew where the media is lost meanwhile, and admits it in the same step in which that
   * is known to be there. Throws `media-unavailable`, and the participant's refusal where it is out by then.
   */
  async prepare<Admitted>(participant: Participant, admit: (consumers: ConsumerInfo[]) => Admitted): Promise<Admitted> {
    for (let attempt = 1; ; attempt += 1) {
      const opening = this.#open();
      const consumers = await opening
        .then((media) => participant.prepare(media, this.#owner.publicationsVisibleTo(participant)))
        .catch((error: unknown) => {
          if (opening !== this.#opening && attempt < JOIN_ATTEMPTS) return undefined;
          throw error;
        });
      if (participant.state === 'left') throw participant.refusal;
      // The media may have been lost while the worker was asked: then all of it starts over.
      if (opening === this.#opening && consumers !== undefined) return admit(consumers);
      if (attempt >= JOIN_ATTEMPTS) throw new SluiceError('media-unavailable', { retryAfter: 1 });
    }
  }

  /**
   * Opens it for all of `participants` at once, and hands over what came of each in the same step in which that is known
   * to be there. `failed`: it cannot be opened. Where it was lost again, or closed, all of it is void.
   */
  async prepareAll(
    participants: readonly Participant[],
    done: (prepared: PromiseSettledResult<ConsumerInfo[]>[] | 'failed') => void,
  ): Promise<void> {
    const opening = this.#open();
    let media: MediaRoom;
    try {
      media = await opening;
    } catch {
      done('failed');
      return;
    }
    const preparing = participants.map((one) => one.prepare(media, this.#owner.publicationsVisibleTo(one)));
    const prepared = await Promise.allSettled(preparing);
    if (opening === this.#opening) done(prepared);
  }

  close(): void {
    this.#opening?.then(
      (media) => media.close(),
      () => undefined,
    );
    this.#opening = undefined;
  }

  /** What is open, or being opened. */
  #open(): Promise<MediaRoom> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#engine.openRoom({
      lost: () => {
        if (this.#opening !== opening) return;
        this.#opening = undefined;
        this.#owner.lost();
      },
      levels: (levels) => this.#owner.levels(levels),
      activeSpeaker: (producerId) => this.#owner.activeSpeaker(producerId),
    });
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }
}
