import { FAMILY, MAPPED_IPV4 } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { HEADER_LENGTH, MAGIC_COOKIE } from '../stun/header.ts';
import { CLASS, METHOD, messageType } from '../stun/methods.ts';

const DATA_INDICATION = messageType(METHOD.DATA, CLASS.INDICATION);
/** Header, XOR-PEER-ADDRESS, and the head of DATA. */
const IPV4_LENGTH = HEADER_LENGTH + 12 + 4;
const IPV6_LENGTH = HEADER_LENGTH + 24 + 4;

/**
 * Writes all of a Data indication (RFC 8656 §11.4) but the data itself at `offset`: 36 or 48 bytes. Returns how many.
 * An indication's transaction ID needs to differ from others, and here need not be unguessable: x, y, z are a counter.
 */
export function writeDataIndication(
  view: DataView,
  offset: number,
  a: number,
  b: number,
  c: number,
  d: number,
  port: number,
  length: number,
  x: number,
  y: number,
  z: number,
): number {
  const ipv4 = a === 0 && b === 0 && c === MAPPED_IPV4;
  const headerLength = ipv4 ? IPV4_LENGTH : IPV6_LENGTH;
  view.setInt32(offset, (DATA_INDICATION << 16) | (headerLength - HEADER_LENGTH + ((length + 3) & ~3)));
  view.setInt32(offset + 4, MAGIC_COOKIE);
  view.setInt32(offset + 8, x);
  view.setInt32(offset + 12, y);
  view.setInt32(offset + 16, z);
  const xorPort = port ^ (MAGIC_COOKIE >>> 16);
  if (ipv4) {
    view.setInt32(offset + 20, (ATTRIBUTE.XOR_PEER_ADDRESS << 16) | 8);
    view.setInt32(offset + 24, (FAMILY.IPV4 << 16) | xorPort);
    view.setInt32(offset + 28, d ^ MAGIC_COOKIE);
    view.setInt32(offset + 32, (ATTRIBUTE.DATA << 16) | length);
  } else {
    view.setInt32(offset + 20, (ATTRIBUTE.XOR_PEER_ADDRESS << 16) | 20);
    view.setInt32(offset + 24, (FAMILY.IPV6 << 16) | xorPort);
    view.setInt32(offset + 28, a ^ MAGIC_COOKIE);
    view.setInt32(offset + 32, b ^ x);
    view.setInt32(offset + 36, c ^ y);
    view.setInt32(offset + 40, d ^ z);
    view.setInt32(offset + 44, (ATTRIBUTE.DATA << 16) | length);
  }
  return headerLength;
}
