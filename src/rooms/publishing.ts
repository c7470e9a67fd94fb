import { SluiceError } from '../kernel/errors.ts';
import { Demand } from './demand.ts';
import type { ProducerInfo } from './events.ts';
import { type Actor, doerOf } from './facts.ts';
import type { Source } from './grants.ts';
import type { MediaProducer } from './media-engine.ts';
import type { Participant } from './participant.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { RoomOfParticipant } from './participant-room.ts';
import { type ProduceRequest, producerInfo, type Publication } from './publication.ts';
import { pictureOf, type Size } from './wanted-layers.ts';

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

  /** Whether it may publish `source` as of now. */
  allows(source: Source): boolean {
    const { hidden, publish } = this.#participant.profile.grants;
    return !hidden && publish.includes(source);
  }

  async produce(media: ParticipantMedia, request: ProduceRequest): Promise<ProducerInfo> {
    this.#requireAllowed(request.source);
    this.#room.requirePublishable(this.#participant);
    let opened: MediaProducer;
    this.#opening += 1;
    try {
      opened = await media.openProducer(request);
    } finally {
      this.#opening -= 1;
    }
    // From here to the announcement in one step: what ends a publication tells of all that there are.
    if (!this.allows(request.source)) opened.close();
    this.#requireAllowed(request.source);
    const publication = this.#publication(request, opened);
    media.publish(publication);
    const { participantId } = publication;
    const producer = producerInfo(publication);
    this.#room.announce(
      { type: 'track-published', producerId: producer.id, kind: producer.kind, source: producer.source },
      this.#participant,
    );
    this.#room.broadcast({ type: 'producer-added', participantId, producer }, this.#participant);
    this.#room.published(publication);
    publication.video?.demand.review();
    return producer;
  }

  /** After what was asked for this track before, whoever asked: the last word holds. */
  setPaused(media: ParticipantMedia, id: string, paused: boolean, actor: Actor = { by: 'self' }): Promise<void> {
    const publication = media.publication(id);
    const turn = publication.turn.then(() => this.#setPaused(media, publication, paused, actor));
    publication.turn = turn.catch(() => undefined);
    return turn;
  }

  /** Mutes those of `sources` that are published; resolves with how many there are. */
  async mute(media: ParticipantMedia, sources: readonly Source[] | undefined, actor: Actor): Promise<number> {
    const meant = [...media.publications.values()].filter(({ source }) => sources?.includes(source) ?? true);
    const outcomes = await Promise.allSettled(
      meant.map(({ producer }) => this.setPaused(media, producer.id, true, actor)),
    );
    for (const outcome of outcomes) {
      // One that ended meanwhile is not heard either.
      if (outcome.status === 'rejected' && !isGone(outcome.reason)) throw outcome.reason;
    }
    return meant.length;
  }

  /** Ends what the grants do not allow any more. */
  endForbidden(media: ParticipantMedia, actor: Actor): void {
    for (const { producer, source } of [...media.publications.values()]) {
      if (!this.allows(source)) this.close(media, producer.id, actor);
    }
  }

  /** What is sent of a picture is of another size from now on. */
  resize(media: ParticipantMedia, id: string, size: Size): void {
    const publication = media.publication(id);
    if (publication.video === undefined) {
      throw new SluiceError('producer-not-found', { detail: 'It is not video.' });
    }
    publication.video.picture.size = size;
    this.#room.resized(publication);
  }

  close(media: ParticipantMedia, id: string, actor: Actor = { by: 'self' }): void {
    const publication = media.publication(id);
    const { producer, source, participantId } = publication;
    const producerId = producer.id;
    this.#room.unpublished(publication);
    if (source === 'microphone') this.#room.muted(this.#participant);
    media.unpublish(producerId);
    this.#room.announce({ type: 'track-unpublished', producerId, source, ...actor }, this.#participant);
    const doer = doerOf(actor, this.#room);
    this.#room.broadcast({ type: 'producer-removed', participantId, producerId, ...doer }, this.#exceptFor(actor));
  }

  async #setPaused(media: ParticipantMedia, publication: Publication, paused: boolean, actor: Actor): Promise<void> {
    const { producer, source, participantId } = publication;
    const producerId = producer.id;
    media.publication(producerId);
    if (publication.paused === paused) return;
    await (paused ? producer.pause() : producer.resume());
    // It may have ended meanwhile, and everyone knows.
    media.publication(producerId);
    publication.paused = paused;
    if (paused && source === 'microphone') this.#room.muted(this.#participant);
    const fact = paused ? 'track-muted' : 'track-unmuted';
    this.#room.announce({ type: fact, producerId, source, ...actor }, this.#participant);
    const event = { type: paused ? 'producer-paused' : 'producer-resumed', participantId, producerId } as const;
    this.#room.broadcast({ ...event, ...doerOf(actor, this.#room) }, this.#exceptFor(actor));
  }

  #publication({ source, paused = false, size, rtpParameters }: ProduceRequest, producer: MediaProducer): Publication {
    const { id: participantId } = this.#participant;
    const about = { participantId, source, producer, paused, turn: Promise.resolve() };
    if (producer.kind === 'audio') return { ...about, video: undefined };
    const demand = new Demand({
      layers: producer.layers.spatial,
      now: () => this.#room.now(),
      wake: (at) => this.#room.wake(demand, at),
      // One that does not listen is received for nothing, and forwarded to nobody all the same.
      tell: (maxSpatialLayer) =>
        this.#participant.tell({ type: 'encodings-wanted', producerId: producer.id, maxSpatialLayer }),
    });
    return { ...about, video: { picture: pictureOf(rtpParameters, producer.layers.spatial, size), demand } };
  }

  /** Who does something itself knows it by the answer. */
  #exceptFor({ by }: Actor): Participant | undefined {
    return by === 'self' ? this.#participant : undefined;
  }

  #requireAllowed(source: Source): void {
    if (this.allows(source)) return;
    const detail = this.#participant.hidden
      ? 'A hidden participant cannot publish.'
      : `Publishing ${source} is not granted.`;
    throw new SluiceError('forbidden', { detail });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'producer-not-found';
}
