/** RFC 8489 §14.7: "STUN", XORed onto the CRC so that it is not taken for another protocol's. */
const FINGERPRINT_XOR = 0x5354554e;
/** The polynomial of ISO/IEC 3309, which is Ethernet's, reflected. */
const POLYNOMIAL = 0xedb88320 | 0;

/**
 * Four tables of 256: table k is the effect of a byte that k more bytes follow, so that four bytes are folded in at once
 * ("slicing by four").
 */
const TABLES = makeTables();

/** The value of FINGERPRINT, as an int32, for a message whose `length` bytes before that attribute begin at `offset`. */
export function fingerprintOf(view: DataView, offset: number, length: number): number {
  return crc32(view, offset, length) ^ FINGERPRINT_XOR;
}

/** CRC-32 (ISO/IEC 3309, as in Ethernet and gzip) of `length` bytes at `offset`, as an int32. */
export function crc32(view: DataView, offset: number, length: number): number {
  const end = offset + length;
  const wholeWords = end - (length & 3);
  let crc = -1;
  let at = offset;
  for (; at < wholeWords; at += 4) {
    const word = crc ^ view.getInt32(at, true);
    crc =
      TABLES[768 + (word & 255)]! ^
      TABLES[512 + ((word >>> 8) & 255)]! ^
      TABLES[256 + ((word >>> 16) & 255)]! ^
      TABLES[word >>> 24]!;
  }
  for (; at < end; at += 1) crc = TABLES[(crc ^ view.getUint8(at)) & 255]! ^ (crc >>> 8);
  return ~crc;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(1024);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    tables[byte] = crc;
  }
  for (let at = 256; at < 1024; at += 1) {
    const shorter = tables[at - 256]!;
    tables[at] = tables[shorter & 255]! ^ (shorter >>> 8);
  }
  return tables;
}
