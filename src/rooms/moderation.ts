import { SluiceError } from '../kernel/errors.ts';
import type { Actor } from './facts.ts';
import type { Source } from './grants.ts';
import type { Identity, ParticipantId, RoomName } from './ids.ts';
import type { Participant } from './participant.ts';
import { changeProfile, type ProfileChange } from './profile.ts';
import type { RoomSettings } from './room-context.ts';

/** Who is meant: every presence of an identity, or one of them. */
export type Target = { readonly identity: Identity; readonly participantId?: ParticipantId | undefined };

/** What moderation needs of the room. */
export type ModeratedRoom = {
  readonly settings: RoomSettings;
  /** Bytes of metadata, and of attributes, as JSON. */
  readonly profileLimit: number;
  participants(): Participant[];
  /** Every presence of `identity`, also one that is still joining. */
  seated(identity: Identity): Participant[];
  putOut(presences: readonly [Participant, ...Participant[]], reason: string | undefined, actor: Actor): void;
  move(participant: Participant, to: RoomName, actor: Actor): Promise<Participant>;
};

/** Control over who is in a room: the application's, which may do everything, or that of a participant with `admin`. */
export class Moderation {
  readonly #room: ModeratedRoom;
  readonly #self: Participant | undefined;

  /** `self`: the participant whose doing it is, who must have the `admin` grant each time; else it is the application's. */
  constructor(room: ModeratedRoom, self?: Participant) {
    this.#room = room;
    this.#self = self;
  }

  /**
   * Who is meant and has joined, the oldest presence first. Throws `participant-not-found`. Hidden participants exist for
   * the application alone.
   */
  find(target: Target): [Participant, ...Participant[]] {
    return required(this.#meant(target).filter(({ state }) => state === 'joined'));
  }

  /**
   * Mutes `sources` at once (all: left out), until their owner unmutes them. Resolves with how many tracks are muted
   * now. Throws `producer-not-found` where sources are named and none of them is published.
   */
  async mute(target: Target, sources?: readonly Source[]): Promise<number> {
    const muted = await this.#muteEach(this.find(target), sources);
    if (sources !== undefined && muted === 0) {
      throw new SluiceError('producer-not-found', { detail: `${target.identity} publishes none of these sources.` });
    }
    return muted;
  }

  /** As `mute`, for everyone but the one who asks. Nothing to mute is no error. */
  async muteAll(sources?: readonly Source[]): Promise<number> {
    this.#requireAdmin();
    const others = this.#room.participants().filter((participant) => participant !== this.#self);
    return this.#muteEach(others, sources);
  }

  /** Asks for `source` to be unmuted, or switched on; it is the person's own to do. Throws `forbidden` where it may not be. */
  askToUnmute(target: Target, source: Source): void {
    const presences = this.find(target).filter((participant) => participant.mayPublish(source));
    if (presences.length === 0) {
      throw new SluiceError('forbidden', { detail: `${target.identity} may not publish ${source}.` });
    }
    for (const presence of presences) presence.askToUnmute(source, this.#actor);
  }

  /** Changes name, metadata, attributes and grants, at once and as a whole. Throws `invalid-request`. */
  update(target: Target, change: ProfileChange): [Participant, ...Participant[]] {
    const presences = this.find(target);
    const changes = presences.map(({ profile }) => changeProfile(profile, change, this.#room.profileLimit));
    for (const [at, presence] of presences.entries()) presence.change(changes[at]!, this.#actor);
    return presences;
  }

  /** Puts out, also who is still joining, and refuses their tokens from now on. `reason` is for the person to read. */
  kick(target: Target, reason?: string): void {
    this.#room.putOut(required(this.#meant(target)), reason, this.#actor);
  }

  /**
   * Moves one presence to the room `to`; where that does not take it, nothing has changed. Participants may be moved by
   * another one only to where the room's `moveTo` says. Throws what `Room.join` throws, and `forbidden`, `room-not-found`.
   */
  async move(target: Target, to: RoomName): Promise<Participant> {
    const [participant, ...others] = this.find(target);
    if (others.length > 0) {
      throw new SluiceError('invalid-request', { detail: 'The identity has several presences: name one of them.' });
    }
    if (this.#self !== undefined && !this.#room.settings.moveTo.includes(to)) {
      throw new SluiceError('forbidden', {
        detail: `This room does not let its administrators move anybody to ${to}.`,
      });
    }
    return this.#room.move(participant, to, this.#actor);
  }

  get #actor(): Actor {
    return this.#self === undefined ? { by: 'application' } : { by: 'admin', admin: this.#self.identity };
  }

  #requireAdmin(): void {
    if (this.#self !== undefined && !this.#self.profile.grants.admin) {
      throw new SluiceError('forbidden', { detail: 'Only administrators control other participants.' });
    }
  }

  #meant({ identity, participantId }: Target): Participant[] {
    this.#requireAdmin();
    return this.#room
      .seated(identity)
      .filter(({ id }) => participantId === undefined || id === participantId)
      .filter((participant) => this.#self === undefined || participant === this.#self || !participant.hidden);
  }

  async #muteEach(participants: readonly Participant[], sources: readonly Source[] | undefined): Promise<number> {
    const actor = this.#actor;
    const counts = await Promise.all(participants.map((participant) => participant.mute(sources, actor)));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

function required(participants: Participant[]): [Participant, ...Participant[]] {
  const [first, ...more] = participants;
  if (first === undefined) throw new SluiceError('participant-not-found');
  return [first, ...more];
}
