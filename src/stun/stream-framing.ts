import { CHANNEL_DATA_HEADER_LENGTH } from './channel-data.ts';
import { HEADER_LENGTH, MAGIC_COOKIE } from './header.ts';

/** Why a stream cannot be read on, and must be closed: nothing in it says where the next frame begins. */
export type StreamRefusal =
  /** The first two bits are 10 or 11: neither a STUN message nor ChannelData (RFC 8656 §12, table 3). */
  | 'not-stun'
  /** The length of a STUN message is not a multiple of 4. */
  | 'length'
  /** The frame is longer than this server reads. */
  | 'too-long';

/**
 * How many bytes the next frame of a TCP or TLS stream has, with padding: a STUN message (RFC 8489 §6.2.2: it frames
 * itself) or a ChannelData message, padded to a multiple of 4 (RFC 8656 §12.5). 0 while too little has arrived to say;
 * what is hostile is said as soon as it can be told, so that nobody waits for more of it.
 *
 * The whole frame may not have arrived yet: compare with `available`.
 *
 * @param available Bytes of the stream that lie at `offset`, from the beginning of a frame on.
 * @param longest The longest frame, with padding, that is read.
 */
export function frameLength(
  view: DataView,
  offset: number,
  available: number,
  longest: number,
): number | StreamRefusal {
  if (available === 0) return 0;
  const first = view.getUint8(offset);
  if (first >= 0x80) return 'not-stun';
  if (available < CHANNEL_DATA_HEADER_LENGTH) return 0;
  const length = view.getUint16(offset + 2);
  if (first >= 0x40) {
    const frame = CHANNEL_DATA_HEADER_LENGTH + ((length + 3) & ~3);
    return frame > longest ? 'too-long' : frame;
  }
  if ((length & 3) !== 0) return 'length';
  if (HEADER_LENGTH + length > longest) return 'too-long';
  if (available < 8) return 0;
  return view.getInt32(offset + 4) === MAGIC_COOKIE ? HEADER_LENGTH + length : 'not-stun';
}
