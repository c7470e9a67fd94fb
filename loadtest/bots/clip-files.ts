/** Frames out of the files that ffmpeg writes: IVF for VP8, a byte stream for H.264, Ogg for Opus. */

/** IVF: a header of 32 bytes; before each frame its length, 32 bits from the low end, and 64 bits of time. */
export function ivfFrames(file: Buffer): Buffer[] {
  if (file.toString('latin1', 0, 4) !== 'DKIF') throw new Error('not an IVF file');
  const frames: Buffer[] = [];
  for (let at = file.readUInt16LE(6); at + 12 <= file.length;) {
    const length = file.readUInt32LE(at);
    frames.push(file.subarray(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return frames;
}

const DELIMITER = 9;
const FIRST_SLICE = 1;
const LAST_SLICE = 5;

/** H.264 annex B: the NAL units of each picture; delimiters are left out. One slice makes a picture. */
export function h264Pictures(file: Buffer): Buffer[][] {
  const pictures: Buffer[][] = [];
  let picture: Buffer[] = [];
  for (const unit of nalUnits(file)) {
    const type = unit[0]! & 0x1f;
    if (type === DELIMITER) continue;
    picture.push(unit);
    if (type < FIRST_SLICE || type > LAST_SLICE) continue;
    pictures.push(picture);
    picture = [];
  }
  return pictures;
}

function nalUnits(file: Buffer): Buffer[] {
  const units: Buffer[] = [];
  const startCode = Buffer.of(0, 0, 1);
  let at = file.indexOf(startCode);
  while (at >= 0) {
    const next = file.indexOf(startCode, at + 3);
    let end = next < 0 ? file.length : next;
    // A start code of four bytes, and zeros that fill up.
    while (end > at && file[end - 1] === 0) end -= 1;
    units.push(file.subarray(at + 3, end));
    at = next;
  }
  return units;
}

/** RFC 3533: the packets of a stream without its two headers (RFC 7845 §3). */
export function oggPackets(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let page = 0; page + 27 <= file.length;) {
    if (file.toString('latin1', page, page + 4) !== 'OggS') throw new Error('not an Ogg file');
    const lacing = file.subarray(page + 27, page + 27 + file[page + 26]!);
    let at = page + 27 + lacing.length;
    for (const length of lacing) {
      parts.push(file.subarray(at, at + length));
      at += length;
      // 255 says that the packet goes on.
      if (length === 255) continue;
      packets.push(Buffer.concat(parts));
      parts = [];
    }
    page = at;
  }
  return packets.slice(2);
}
