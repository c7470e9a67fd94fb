import { SluiceError, toSluiceError } from '../kernel/errors.ts';
import { type RateLimit, type TokenBucket, fullBucket, take } from '../kernel/token-bucket.ts';
import { decodeFrame } from './data-frame.ts';
import { type DataHeader, type DataMode, type DeliveredHeader, parseDataHeader } from './data-header.ts';
import type { ParticipantId } from './ids.ts';
import type { Participant } from './participant.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { RoomOfParticipant } from './participant-room.ts';

/** What participants may send each other. */
export type DataSettings = {
  /** The largest payload, in bytes. */
  readonly maxSize: number;
  /** Messages, by participant. */
  readonly messages: RateLimit;
  /** Bytes of payload, by participant. */
  readonly bytes: RateLimit;
};

/** Refused messages in a row, as multiples of the burst, that are no accident any more. */
const FLOOD = 5;

/** What a participant sends to others, and where it receives what they send. */
export class Messaging {
  readonly #room: RoomOfParticipant;
  readonly #participant: Participant;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  #refused = 0;
  /** The media over which its data channels are open. */
  #channels: ParticipantMedia | undefined;
  #opening: ParticipantMedia | undefined;

  constructor(room: RoomOfParticipant, participant: Participant) {
    this.#room = room;
    this.#participant = participant;
    this.#messages = fullBucket(room.data.messages, room.now());
    this.#bytes = fullBucket(room.data.bytes, room.now());
  }

  /** Over what the participant receives; undefined: over its signaling. */
  get channels(): ParticipantMedia | undefined {
    return this.#channels;
  }

  /**
   * Opens the data channels over `media`. What was sent to the participant before this resolves went over signaling,
   * all after it goes over the channels. Throws `out-of-order` the second time.
   */
  async open(media: ParticipantMedia): Promise<void> {
    if (this.#opening === media)
      throw new SluiceError('out-of-order', { detail: 'The data channels are open already.' });
    this.#opening = media;
    const channels = await media.openData(this.#participant.index, {
      message: (mode, frame) => this.#received(media, mode, frame),
      overflowed: () => this.#participant.leave('too-slow'),
    });
    if (media.closed) throw new SluiceError('media-unavailable', { retryAfter: 1 });
    channels.start();
    this.#channels = media;
  }

  /** Its media is gone, and the channels with it. */
  mediaLost(): void {
    this.#channels = undefined;
    this.#opening = undefined;
  }

  /** What came over signaling. Throws what is in the way. */
  send(mode: DataMode, header: DataHeader, payload: Uint8Array): void {
    this.#admit(payload.length);
    this.#pass(mode, header, payload);
  }

  #pass(mode: DataMode, header: DataHeader, payload: Uint8Array): void {
    const { profile, hidden } = this.#participant;
    if (!profile.grants.data) throw new SluiceError('forbidden', { detail: 'The token does not grant data.' });
    if (hidden) throw new SluiceError('forbidden', { detail: 'A hidden participant cannot send.' });
    const { maxSize } = this.#room.data;
    if (payload.length > maxSize) {
      throw new SluiceError('message-too-large', {
        detail: `${payload.length} bytes; at most ${maxSize} are let through.`,
      });
    }
    this.#room.exchange.send(this.#participant, mode, header, payload);
  }

  #admit(size: number): void {
    const { messages, bytes } = this.#room.data;
    const now = this.#room.now();
    const wait = take(this.#messages, messages, now) || take(this.#bytes, bytes, now, size);
    if (wait > 0) {
      this.#refused += 1;
      throw new SluiceError('rate-limited', {
        detail: 'Too many data messages from this participant.',
        ...(wait === Infinity ? {} : { retryAfter: Math.max(1, Math.ceil(wait / 1000)) }),
      });
    }
    this.#refused = 0;
  }

  #received(media: ParticipantMedia, mode: DataMode, frame: Uint8Array): void {
    if (media.closed || this.#participant.state !== 'joined') return;
    let header: DataHeader | undefined;
    try {
      this.#admit(frame.length);
      const parts = decodeFrame(frame);
      if (parts === undefined) throw new SluiceError('invalid-request', { detail: 'This is no data message.' });
      header = parseDataHeader(parts.header);
      this.#pass(mode, header, parts.payload);
    } catch (thrown) {
      this.#refuse(header, toSluiceError(thrown));
    }
  }

  /** A channel knows no answers: a refusal is a message of its own. */
  #refuse(header: DataHeader | undefined, { code, message }: SluiceError): void {
    // Whoever goes on sending in spite of refusals costs time that others need.
    if (this.#refused > FLOOD * this.#room.data.messages.burst) return this.#participant.leave('flooding');
    if (this.#refused > 1) return;
    const refused: DeliveredHeader =
      header?.t === 'call'
        ? { t: 'answer', from: header.to as ParticipantId, id: header.id, ok: false, code, text: true }
        : { t: 'refused', code, message };
    this.#participant.tell({ type: 'data', header: refused, payload: new TextEncoder().encode(message) });
  }
}
