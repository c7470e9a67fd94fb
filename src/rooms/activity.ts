import type { ProducerId } from './ids.ts';
import type { MediaRoomListener } from './media-engine.ts';
import type { QualityLevel } from './media-view.ts';
import type { Participant } from './participant.ts';
import type { Publication } from './publication.ts';
import { Tick, type TickFrame } from './tick.ts';

type Levels = Parameters<MediaRoomListener['levels']>[0];

/** Who is heard in a room, and how well connected: what changes all the time, as ticks tell it of participants. */
export class Activity {
  readonly #tick = new Tick();
  readonly #tracks = new Map<ProducerId, { readonly owner: Participant; readonly publication: Publication }>();
  readonly #onTickDue: () => void;
  /**
   * Whom the media takes for the speaker. It says so once, be that one muted or not, and be it for want of any other: of the
   * only microphone, and of whichever comes first where the speaker has left.
   */
  #dominant: ProducerId | undefined;

  /** `onTickDue`: there is something for the next tick. */
  constructor(onTickDue: () => void) {
    this.#onTickDue = onTickDue;
  }

  published(publication: Publication, owner: Participant): void {
    this.#tracks.set(publication.producer.id, { owner, publication });
  }

  unpublished(id: ProducerId): void {
    this.#tracks.delete(id);
    if (this.#dominant === id) this.#dominant = undefined;
  }

  /** The media is gone, and every producer with it. */
  mediaClosed(): void {
    this.#tracks.clear();
    this.#dominant = undefined;
  }

  /** The audio producers that are heard now. Returns the speaker, if it is one of them. */
  levels(levels: Levels): Participant | undefined {
    const byIndex = new Map<number, number>();
    let speaker: Participant | undefined;
    for (const { producerId, dBov } of levels) {
      const owner = this.#audible(producerId);
      if (owner === undefined) continue;
      byIndex.set(owner.index, Math.max(dBov, byIndex.get(owner.index) ?? -Infinity));
      if (producerId === this.#dominant) speaker = owner;
    }
    this.#tick.setLevels(byIndex);
    if (speaker !== undefined) this.#tick.setDominant(speaker.index);
    this.#onTickDue();
    return speaker;
  }

  /** Returns who that is, where the others may know. */
  activeSpeaker(id: ProducerId): Participant | undefined {
    this.#dominant = id;
    const owner = this.#audible(id);
    if (owner === undefined) return undefined;
    this.#tick.setDominant(owner.index);
    this.#onTickDue();
    return owner;
  }

  muted({ index }: Participant): void {
    this.#tick.mute(index);
    this.#onTickDue();
  }

  /** What the others are told of a participant's connection; a hidden one is not told of at all. */
  quality({ index, hidden }: Participant, level: QualityLevel): void {
    if (hidden) return;
    this.#tick.setQuality(index, level);
    this.#onTickDue();
  }

  departed({ index }: Participant): void {
    this.#tick.remove(index);
  }

  /** What changed since the last tick as JSON, or undefined. */
  take(): string | undefined {
    return this.#tick.take();
  }

  snapshot(): TickFrame {
    return this.#tick.snapshot();
  }

  /** Whose producer it is, where the others may know and it is not muted: news of it may have been under way then. */
  #audible(id: ProducerId): Participant | undefined {
    const track = this.#tracks.get(id);
    return track === undefined || track.publication.paused || track.owner.hidden ? undefined : track.owner;
  }
}
