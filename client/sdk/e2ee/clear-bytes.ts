/** How much of an encoded frame stays readable, so that whoever forwards it can. Pure. */

/** Codecs whose frames can be encrypted. AV1 and VP9 are not among them. */
export type SealedCodec = 'opus' | 'vp8' | 'h264';
/** What can be encrypted: their frames, and messages between participants. */
export type SealedForm = SealedCodec | 'data';

/** The codec of a MIME type such as `video/VP8`; undefined where its frames cannot be encrypted. */
export function sealedCodec(mimeType: string): SealedCodec | undefined {
  const name = mimeType.slice(mimeType.indexOf('/') + 1).toLowerCase();
  return name === 'opus' || name === 'vp8' || name === 'h264' ? name : undefined;
}

/** What of a slice stays readable: its NAL header, and two bytes, which hold the slice's type and its parameter set. */
const SLICE_CLEAR = 3;

/**
 * The bytes at the beginning of `frame` that stay as they are; undefined where no frame of the codec is like this. The
 * encrypted frame begins with the same bytes, and gives the same number.
 *
 * Opus: the TOC byte (RFC 6716 §3.1). VP8: the frame tag, with a key frame's start code and size (RFC 6386 §9.1): by
 * these servers tell key frames. H.264: everything up to and with the first bytes of the first slice, that is parameter
 * sets and the slice's header as far as packetizers read it (RFC 6184 §5.3). A message: nothing.
 */
export function clearBytes(codec: SealedForm, frame: Uint8Array): number | undefined {
  if (codec === 'data') return 0;
  const count = codec === 'h264' ? sliceClear(frame) : codec === 'vp8' ? vp8Clear(frame) : 1;
  return count === undefined || count > frame.length ? undefined : count;
}

function vp8Clear(frame: Uint8Array): number {
  // The lowest bit: 0 for key frames.
  return ((frame[0] ?? 1) & 1) === 0 ? 10 : 3;
}

function sliceClear(frame: Uint8Array): number | undefined {
  for (let at = 0; at + 3 < frame.length; at += 1) {
    if (frame[at] !== 0 || frame[at + 1] !== 0 || frame[at + 2] !== 1) continue;
    const type = (frame[at + 3] ?? 0) & 0x1f;
    // RFC 6184 §5.2: 1 and 5 are slices.
    if (type === 1 || type === 5) return at + 3 + SLICE_CLEAR;
    at += 2;
  }
  return undefined;
}
