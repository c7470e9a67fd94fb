import { SluiceError } from '../kernel/errors.ts';
import type { ConsumerInfo } from './events.ts';
import type { RtpCapabilities } from './ortc.ts';
import type { Participant } from './participant.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { RoomOfParticipant, SubscribeMode, SubscribeWish } from './participant-room.ts';
import type { Publication } from './publication.ts';

/** What a participant receives of the others: by itself, or as its client asks. */
export class Subscribing {
  readonly #room: RoomOfParticipant;
  readonly #participant: Participant;
  #mode: SubscribeMode;
  #rtpCapabilities: RtpCapabilities | undefined;

  constructor(room: RoomOfParticipant, participant: Participant, { mode, rtpCapabilities }: SubscribeWish) {
    this.#room = room;
    this.#participant = participant;
    this.#mode = mode;
    this.#rtpCapabilities = rtpCapabilities;
  }

  /** Subscribes to `publications` over media that was just opened, which no client knows yet; `media.disclose` goes before telling. */
  async begin(media: ParticipantMedia, publications: Iterable<Publication>): Promise<ConsumerInfo[]> {
    media.rtpCapabilities = this.#rtpCapabilities;
    if (this.#mode === 'manual') return [];
    return this.#consumeAll(media, publications);
  }

  /** The client's wish has changed. */
  async change(media: ParticipantMedia, wish: Required<SubscribeWish>): Promise<ConsumerInfo[]> {
    this.#rtpCapabilities = wish.rtpCapabilities;
    this.#mode = wish.mode;
    media.rtpCapabilities = wish.rtpCapabilities;
    if (wish.mode === 'manual') return [];
    return media.disclose(await this.#consumeAll(media, this.#publicationsOfOthers()));
  }

  /** Throws `producer-not-found` where one of `producerIds` is not published by another participant. */
  async consume(media: ParticipantMedia, producerIds: readonly string[]): Promise<ConsumerInfo[]> {
    if (!this.#participant.profile.grants.subscribe) throw new SluiceError('forbidden');
    if (media.rtpCapabilities === undefined) {
      throw new SluiceError('out-of-order', { detail: 'Send rtpCapabilities with `subscribe` first.' });
    }
    const published = new Map([...this.#publicationsOfOthers()].map((one) => [one.producer.id as string, one]));
    const wanted = producerIds.map((id) => {
      const publication = published.get(id);
      if (publication === undefined) throw new SluiceError('producer-not-found');
      return publication;
    });
    return media.disclose(await this.#consumeAll(media, wanted));
  }

  /** Subscribes to what came up since, and tells the client of each as it is ready. */
  catchUp(media: ParticipantMedia, publications: Iterable<Publication>): void {
    if (this.#mode === 'manual' || !this.#participant.profile.grants.subscribe) return;
    for (const publication of publications) {
      media.consume(publication).then(
        (opened) => {
          for (const consumer of media.disclose(opened === undefined ? [] : [opened])) {
            this.#participant.tell({ type: 'consumer-added', consumer });
          }
        },
        // The worker has died or the room is closing: the room itself hears of both and acts.
        () => undefined,
      );
    }
  }

  /** It may receive again: what there is, as far as its client subscribes by itself. */
  resume(media: ParticipantMedia): void {
    this.catchUp(media, this.#publicationsOfOthers());
  }

  /** What its client wants, as it last said. */
  get wish(): SubscribeWish {
    return { mode: this.#mode, rtpCapabilities: this.#rtpCapabilities };
  }

  *#publicationsOfOthers(): Iterable<Publication> {
    for (const other of this.#room.visibleTo(this.#participant)) yield* other.publications;
  }

  async #consumeAll(media: ParticipantMedia, publications: Iterable<Publication>): Promise<ConsumerInfo[]> {
    if (!this.#participant.profile.grants.subscribe) return [];
    const infos = await Promise.all([...publications].map((publication) => media.consume(publication)));
    return infos.filter((info) => info !== undefined);
  }
}
