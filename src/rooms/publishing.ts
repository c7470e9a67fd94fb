import { SluiceError } from '../kernel/errors.ts';
import type { ProducerInfo } from './events.ts';
import type { Participant } from './participant.ts';
import { type ParticipantMedia, type ProduceRequest, producerInfo, type Publication } from './participant-media.ts';
import type { RoomOfParticipant } from './participant-room.ts';

/** What a participant does with its own tracks, and who is told of it. */
export class Publishing {
  readonly #room: RoomOfParticipant;
  readonly #participant: Participant;

  #opening = 0;

  constructor(room: RoomOfParticipant, participant: Participant) {
    this.#room = room;
    this.#participant = participant;
  }

  /** Tracks that are not published yet, but have their place. */
  get opening(): number {
    return this.#opening;
  }

  async produce(media: ParticipantMedia, request: ProduceRequest): Promise<ProducerInfo> {
    const { id: participantId, hidden, profile } = this.#participant;
    if (hidden) throw new SluiceError('forbidden', { detail: 'A hidden participant cannot publish.' });
    if (!profile.grants.publish.includes(request.source)) {
      throw new SluiceError('forbidden', { detail: `The token does not grant publishing ${request.source}.` });
    }
    this.#room.requirePublishable(this.#participant);
    const { source, paused = false } = request;
    this.#opening += 1;
    let publication: Publication;
    try {
      publication = { participantId, source, producer: await media.openProducer(request), paused };
      media.publish(publication);
    } finally {
      this.#opening -= 1;
    }
    const producer = producerInfo(publication);
    this.#room.announce(
      { type: 'track-published', producerId: producer.id, kind: producer.kind, source: producer.source },
      this.#participant,
    );
    this.#room.broadcast({ type: 'producer-added', participantId, producer }, this.#participant);
    this.#room.published(publication);
    return producer;
  }

  async setPaused(media: ParticipantMedia, id: string, paused: boolean): Promise<void> {
    const publication = media.publication(id);
    if (publication.paused === paused) return;
    await (paused ? publication.producer.pause() : publication.producer.resume());
    // It may have ended meanwhile, and everyone knows.
    media.publication(id);
    publication.paused = paused;
    const { producer, source, participantId } = publication;
    const producerId = producer.id;
    if (paused && source === 'microphone') this.#room.muted(this.#participant);
    this.#room.announce({ type: paused ? 'track-muted' : 'track-unmuted', producerId, source }, this.#participant);
    this.#room.broadcast(
      { type: paused ? 'producer-paused' : 'producer-resumed', participantId, producerId },
      this.#participant,
    );
  }

  close(media: ParticipantMedia, id: string): void {
    const { producer, source, participantId } = media.publication(id);
    const producerId = producer.id;
    this.#room.unpublished(producerId);
    if (source === 'microphone') this.#room.muted(this.#participant);
    media.unpublish(producerId);
    this.#room.announce({ type: 'track-unpublished', producerId, source }, this.#participant);
    this.#room.broadcast({ type: 'producer-removed', participantId, producerId }, this.#participant);
  }
}
