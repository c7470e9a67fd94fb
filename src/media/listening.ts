import type { ActiveSpeakerObserver, AudioLevelObserver, Producer } from 'mediasoup/types';

import type { ProducerId } from '../rooms/ids.ts';
import type { MediaRoomListener } from '../rooms/media-engine.ts';
import type { Branch } from './branch.ts';

/**
 * RFC 6464 levels. Speech is at -45 to -15 dBov and a whisper near -55; what browsers let through of a quiet room is
 * below -70. Only the 16 loudest are told: more voices at once nobody tells apart, and the room's tick stays small.
 */
const LEVELS = { interval: 250, threshold: -70, maxEntries: 16 };

/**
 * Who speaks in a room, and how loud. All of its voices are compared at one router: those that come in elsewhere are
 * piped there.
 */
export class Listening {
  readonly #branch: Branch;
  readonly #levels: AudioLevelObserver;
  readonly #speaker: ActiveSpeakerObserver;
  /** The room's name of each producer, by the one that it has here. */
  readonly #names = new Map<string, ProducerId>();

  private constructor(branch: Branch, levels: AudioLevelObserver, speaker: ActiveSpeakerObserver) {
    this.#branch = branch;
    this.#levels = levels;
    this.#speaker = speaker;
  }

  static async open(branch: Branch): Promise<Listening> {
    const [levels, speaker] = await Promise.all([
      branch.router.createAudioLevelObserver(LEVELS),
      branch.router.createActiveSpeakerObserver(),
    ]);
    return new Listening(branch, levels, speaker);
  }

  /** Tells `listener` from now on, unless `closed()`. */
  tell(listener: Pick<MediaRoomListener, 'levels' | 'activeSpeaker'>, closed: () => boolean): void {
    this.#levels.on('volumes', (volumes) => {
      if (closed()) return;
      listener.levels(
        volumes.flatMap(({ producer, volume }) => {
          const producerId = this.#names.get(producer.id);
          return producerId === undefined ? [] : [{ producerId, dBov: volume }];
        }),
      );
    });
    this.#levels.on('silence', () => {
      if (!closed()) listener.levels([]);
    });
    this.#speaker.on('dominantspeaker', ({ producer }) => {
      const producerId = this.#names.get(producer.id);
      if (!closed() && producerId !== undefined) listener.activeSpeaker(producerId);
    });
  }

  /** Listens to `producer`, which is on `from`, for as long as it is open. Rejects as mediasoup does. */
  async add(producer: Producer, from: Branch): Promise<void> {
    const { id, release } = await this.#branch.bring(producer.id, from);
    if (producer.closed) return release();
    this.#names.set(id, producer.id as ProducerId);
    producer.observer.once('close', () => {
      this.#names.delete(id);
      release();
    });
    await Promise.all([this.#levels.addProducer({ producerId: id }), this.#speaker.addProducer({ producerId: id })]);
  }
}
