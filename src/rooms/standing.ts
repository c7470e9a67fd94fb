import type { ParticipantInfo } from './events.ts';
import { type Actor, doerOf } from './facts.ts';
import type { Participant } from './participant.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { RoomOfParticipant } from './participant-room.ts';
import type { ChangedProfile, Profile } from './profile.ts';
import type { Publishing } from './publishing.ts';
import type { Subscribing } from './subscribing.ts';

/** What a participant is and may do in its room, and what follows at once when that changes. */
export class Standing {
  readonly #room: RoomOfParticipant;
  readonly #participant: Participant;
  #profile: Profile;
  #version = 1;

  constructor(room: RoomOfParticipant, participant: Participant, profile: Profile) {
    this.#room = room;
    this.#participant = participant;
    this.#profile = profile;
  }

  get profile(): Profile {
    return this.#profile;
  }

  /** Goes up with each change. */
  get version(): number {
    return this.#version;
  }

  /** Puts `changed` into force: whoever is concerned is told, and what is not granted any more ends. */
  change(
    { profile, delta, regranted }: ChangedProfile,
    actor: Actor,
    parts: { media: ParticipantMedia | undefined; publishing: Publishing; subscribing: Subscribing },
  ): void {
    if (delta === undefined && !regranted) return;
    const before = this.#profile;
    this.#profile = profile;
    this.#version += 1;
    this.#room.remember(profile);
    const seen = !before.grants.hidden && !profile.grants.hidden;
    if (delta !== undefined) {
      const event = { type: 'participant-updated', participantId: this.#participant.id, ...delta } as const;
      if (seen) this.#room.broadcast(event);
      else this.#participant.tell(event);
      this.#room.announce({ type: 'participant-updated', changes: delta, ...actor }, this.#participant);
    }
    if (regranted) this.#regranted(before, actor, parts);
  }

  #regranted(before: Profile, actor: Actor, parts: Parameters<Standing['change']>[2]): void {
    const { media, publishing, subscribing } = parts;
    const { grants } = this.#profile;
    if (media !== undefined) {
      publishing.endForbidden(media, actor);
      if (before.grants.subscribe && !grants.subscribe) media.closeConsumers();
    }
    if (before.grants.hidden !== grants.hidden) this.#showOrHide(grants.hidden);
    this.#participant.tell({ type: 'grants-changed', grants, ...doerOf(actor, this.#room) });
    this.#room.announce({ type: 'grants-changed', grants, ...actor }, this.#participant);
    if (media !== undefined && !before.grants.subscribe && grants.subscribe) subscribing.resume(media);
  }

  #showOrHide(hidden: boolean): void {
    const participant = this.#participant;
    if (!hidden) {
      const info: ParticipantInfo = participant.info;
      this.#room.broadcast({ type: 'participant-joined', participant: info }, participant);
      return;
    }
    const { id: participantId, identity } = participant;
    this.#room.disappeared(participant);
    this.#room.broadcast({ type: 'participant-left', participantId, identity, reason: 'left' }, participant);
  }
}
