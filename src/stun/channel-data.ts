/** Bytes of a ChannelData header: channel number and length (RFC 8656 §12.4). */
export const CHANNEL_DATA_HEADER_LENGTH = 4;

/** RFC 8656 §12: the numbers that may be bound. 0x5000 to 0xffff are reserved; RFC 5766 §11 allowed up to 0x7ffe. */
export const CHANNEL_NUMBER = { FIRST: 0x4000, LAST: 0x4fff } as const;

/** Why bytes are not a ChannelData message. Each is a metric label. */
export type ChannelDataRefusal =
  /** Fewer bytes than the header has. */
  | 'short'
  /** The two most significant bits are not 01: not the number of a channel of any RFC. */
  | 'not-channel-data'
  /** The length field counts more than arrived (RFC 8656 §12.6). */
  | 'length';

/**
 * Checks the `length` bytes at `offset`, a datagram or a frame of a stream, as a ChannelData message. More bytes than the
 * length field counts may be padding, which is allowed over UDP too (RFC 8656 §12.5), and are none of the data.
 */
export function checkChannelData(view: DataView, offset: number, length: number): ChannelDataRefusal | undefined {
  if (length < CHANNEL_DATA_HEADER_LENGTH) return 'short';
  if ((view.getUint8(offset) & 0xc0) !== 0x40) return 'not-channel-data';
  return channelDataLength(view, offset) + CHANNEL_DATA_HEADER_LENGTH > length ? 'length' : undefined;
}

/** The channel number of a ChannelData message. */
export function channelNumber(view: DataView, offset: number): number {
  return view.getUint16(offset);
}

/** Bytes of data in a ChannelData message, which begin behind its header. */
export function channelDataLength(view: DataView, offset: number): number {
  return view.getUint16(offset + 2);
}

/** Writes the header of a ChannelData message with `length` bytes of data. */
export function writeChannelDataHeader(view: DataView, offset: number, channel: number, length: number): void {
  view.setInt32(offset, (channel << 16) | length);
}
