import { Audible } from './audible.ts';
import type { ParticipantId, ProducerId } from './ids.ts';
import type { MediaRoomListener } from './media-engine.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { Publication } from './publication.ts';
import type { RoomSettings } from './room-context.ts';

type Levels = Parameters<MediaRoomListener['levels']>[0];
type Limits = Pick<RoomSettings, 'lastN' | 'maxAudible'>;

/** Who has the floor in a room, whose microphone is forwarded, and how many cameras: the same for all of its viewers. */
export class RoomAttention {
  readonly #viewers: () => Iterable<ParticipantMedia>;
  readonly #spokeAt = new Map<ParticipantId, number>();
  readonly #cameras = new Map<ParticipantId, ProducerId>();
  #limits: Limits;
  #audible: Audible;
  #microphones = new Set<ProducerId>();
  #turns = 0;
  #speaker: ParticipantId | undefined;

  /** `viewers`: the media of everyone in the room, as of now. */
  constructor(limits: Limits, viewers: () => Iterable<ParticipantMedia>) {
    this.#limits = limits;
    this.#audible = new Audible(limits.maxAudible);
    this.#viewers = viewers;
  }

  get lastN(): number | null {
    return this.#limits.lastN;
  }

  /** Goes up each time that somebody takes the floor; 0 for who never has. */
  spokeAt(id: ParticipantId): number {
    return this.#spokeAt.get(id) ?? 0;
  }

  hasFloor(id: ParticipantId): boolean {
    return id === this.#speaker;
  }

  /** Whether a track is forwarded as far as its sound is concerned. */
  isAudible(id: ProducerId): boolean {
    return !this.#microphones.has(id) || this.#audible.has(id);
  }

  published({ source, producer: { id }, participantId }: Publication): void {
    if (source === 'camera') this.#cameras.set(participantId, id);
    if (source !== 'microphone') return;
    this.#microphones.add(id);
    this.#audible.add(id);
  }

  unpublished({ source, producer: { id }, participantId }: Publication): void {
    if (source === 'camera') this.#cameras.delete(participantId);
    if (this.#microphones.delete(id)) this.#apply(this.#audible.remove(id));
  }

  /** The microphones that are heard now. */
  levels(levels: Levels): void {
    this.#apply(this.#audible.levels(levels));
  }

  /** Somebody has taken the floor. */
  spoke(id: ParticipantId): void {
    if (id === this.#speaker) return;
    const before = this.#speaker === undefined ? undefined : this.#cameras.get(this.#speaker);
    const now = this.#cameras.get(id);
    this.#turns += 1;
    this.#spokeAt.set(id, this.#turns);
    this.#speaker = id;
    if (before === undefined && now === undefined) return;
    for (const viewer of this.#viewers()) viewer.floorPassed(before, now);
  }

  departed(id: ParticipantId): void {
    this.#spokeAt.delete(id);
    if (this.#speaker === id) this.#speaker = undefined;
  }

  /** The room's settings may have changed. */
  resize(limits: Limits): void {
    const { lastN, maxAudible } = this.#limits;
    this.#limits = limits;
    if (limits.maxAudible !== maxAudible) this.#apply(this.#audible.resize(limits.maxAudible));
    if (limits.lastN !== lastN) for (const viewer of this.#viewers()) viewer.attention.resize(limits.lastN);
  }

  /** The media is gone, and every track with it. */
  mediaClosed(): void {
    this.#audible = new Audible(this.#limits.maxAudible);
    this.#microphones.clear();
    this.#cameras.clear();
  }

  #apply(changed: readonly ProducerId[]): void {
    if (changed.length === 0) return;
    for (const viewer of this.#viewers()) for (const id of changed) viewer.setAudible(id, this.#audible.has(id));
  }
}
