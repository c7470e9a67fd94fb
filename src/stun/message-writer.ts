import { FAMILY, type TransportAddress, familyOfWords } from './address.ts';
import { ATTRIBUTE, type Attribute, isXorAddress } from './attributes.ts';
import { fingerprintOf } from './crc32.ts';
import { REASON_PHRASE, type StunErrorCode } from './error-codes.ts';
import { HEADER_LENGTH, MAGIC_COOKIE, TRANSACTION_ID_OFFSET } from './header.ts';
import { FULL_SHA256, signIntegrity, signIntegritySha256 } from './integrity.ts';
import type { MessageReader } from './message-reader.ts';
import { type MessageClass, messageType } from './methods.ts';
import { SHA1_WORDS } from './sha1.ts';
import { SHA256_WORDS } from './sha256.ts';
import { encodeUtf8 } from './text.ts';

/** The longest message: the length field counts in fours, to 65,532. */
const MAX_LENGTH = HEADER_LENGTH + 0xfffc;

const REASONS: ReadonlyMap<number, Uint8Array> = new Map(
  Object.entries(REASON_PHRASE).map(([code, phrase]) => [Number(code), encodeUtf8(phrase)]),
);
const NO_REASON = new Uint8Array(0);

/**
 * Writes STUN messages into a caller's bytes, one after the other: `begin`, then attributes in the order in which they
 * shall stand, then `end`. Allocates nothing.
 *
 * What does not fit is not written; once that has happened, nothing more is, and `end` says so. So the calls between
 * `begin` and `end` need no check of their own.
 */
export class MessageWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #digest = new Int32Array(SHA256_WORDS);
  #start = 0;
  #at = 0;
  #limit = 0;
  /** Bytes that the length field counts and that lie elsewhere: see `detached`. */
  #elsewhere = 0;
  #fits = false;

  /** @param bytes All places that messages are written to lie in it: offsets count from its beginning. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Begins a message at `offset`, where `room` bytes are free.
   *
   * @param transaction The 12 bytes at `transactionAt` of it are the transaction ID.
   */
  begin(
    offset: number,
    room: number,
    method: number,
    messageClass: MessageClass,
    transaction: DataView,
    transactionAt: number,
  ): void {
    const view = this.#view;
    this.#start = offset;
    this.#at = offset + HEADER_LENGTH;
    this.#limit = Math.min(offset + Math.min(room, MAX_LENGTH), view.byteLength);
    this.#elsewhere = 0;
    this.#fits = offset >= 0 && this.#at <= this.#limit;
    if (!this.#fits) return;
    view.setInt32(offset, messageType(method, messageClass) << 16);
    view.setInt32(offset + 4, MAGIC_COOKIE);
    view.setInt32(offset + 8, transaction.getInt32(transactionAt));
    view.setInt32(offset + 12, transaction.getInt32(transactionAt + 4));
    view.setInt32(offset + 16, transaction.getInt32(transactionAt + 8));
  }

  /** Begins the answer to the message in `reader`: of its method, with its transaction ID (RFC 8489 §6.3.1.1). */
  beginReply(reader: MessageReader, messageClass: MessageClass, offset: number, room: number): void {
    this.begin(offset, room, reader.method, messageClass, reader.view, reader.offset + TRANSACTION_ID_OFFSET);
  }

  /** An attribute without a value, such as DONT-FRAGMENT. */
  empty(attribute: Attribute): void {
    this.#claim(attribute, 0);
  }

  /** An attribute of one byte, such as EVEN-PORT. */
  uint8(attribute: Attribute, value: number): void {
    const at = this.#claim(attribute, 1);
    if (at !== 0) this.#view.setUint32(at, value << 24);
  }

  /** An attribute of four bytes, such as LIFETIME. */
  uint32(attribute: Attribute, value: number): void {
    const at = this.#claim(attribute, 4);
    if (at !== 0) this.#view.setUint32(at, value);
  }

  /** An attribute of eight bytes, such as ICMP or RESERVATION-TOKEN. */
  uint64(attribute: Attribute, high: number, low: number): void {
    const at = this.#claim(attribute, 8);
    if (at === 0) return;
    this.#view.setUint32(at, high);
    this.#view.setUint32(at + 4, low);
  }

  /** An attribute with the bytes of `value`. Text must be UTF-8 already. */
  bytes(attribute: Attribute, value: Uint8Array): void {
    const at = this.#claim(attribute, value.length);
    if (at === 0) return;
    this.#bytes.set(value, at);
    this.#zeroPadding(at, value.length);
  }

  /** An attribute with `length` bytes that lie at `offset` of the writer's own bytes, outside of this message. */
  copy(attribute: Attribute, offset: number, length: number): void {
    const at = this.#claim(attribute, length);
    if (at === 0) return;
    this.#bytes.copyWithin(at, offset, offset + length);
    this.#zeroPadding(at, length);
  }

  /**
   * The header alone of an attribute whose `length` bytes of value lie elsewhere, to be sent behind this message
   * together with `paddingOf(length)` zeros: DATA, which is not worth a copy. Nothing may follow but `end`.
   */
  detached(attribute: Attribute, length: number): void {
    const padded = length + paddingOf(length);
    const at = this.#at;
    if (length < 0 || at + 4 > this.#limit || at - this.#start + 4 + padded > MAX_LENGTH) this.#fits = false;
    if (!this.#fits) return;
    this.#view.setInt32(at, (attribute << 16) | length);
    this.#at = at + 4;
    this.#elsewhere = padded;
    // Closes the message for all that would have to stand behind the value.
    this.#limit = this.#at;
  }

  /** An address attribute, XORed where its type wants it: five numbers in the one form of `TransportAddress`. */
  addressWords(attribute: Attribute, a: number, b: number, c: number, d: number, port: number): void {
    const view = this.#view;
    const xor = isXorAddress(attribute);
    const cookie = xor ? MAGIC_COOKIE : 0;
    const family = familyOfWords(a, b, c);
    const at = this.#claim(attribute, family === FAMILY.IPV4 ? 8 : 20);
    if (at === 0) return;
    view.setInt32(at, (family << 16) | ((port ^ (cookie >>> 16)) & 0xffff));
    if (family === FAMILY.IPV4) {
      view.setInt32(at + 4, d ^ cookie);
      return;
    }
    const start = this.#start;
    view.setInt32(at + 4, a ^ cookie);
    view.setInt32(at + 8, b ^ (xor ? view.getInt32(start + 8) : 0));
    view.setInt32(at + 12, c ^ (xor ? view.getInt32(start + 12) : 0));
    view.setInt32(at + 16, d ^ (xor ? view.getInt32(start + 16) : 0));
  }

  /** An address attribute, XORed where its type wants it. */
  address(attribute: Attribute, { a, b, c, d, port }: TransportAddress): void {
    this.addressWords(attribute, a, b, c, d, port);
  }

  /** ERROR-CODE with its code's reason phrase, or with `reason` in UTF-8 (RFC 8489 §14.8). */
  error(code: StunErrorCode, reason: Uint8Array = REASONS.get(code) ?? NO_REASON): void {
    this.#codeAndReason(ATTRIBUTE.ERROR_CODE, 0, code, reason);
  }

  /** ADDRESS-ERROR-CODE: why there is no relayed address of this family (RFC 8656 §18.12). */
  addressError(family: number, code: StunErrorCode): void {
    this.#codeAndReason(ATTRIBUTE.ADDRESS_ERROR_CODE, family, code, REASONS.get(code) ?? NO_REASON);
  }

  /** UNKNOWN-ATTRIBUTES: the first `count` of `types` (RFC 8489 §14.13). */
  unknownAttributes(types: Uint16Array, count: number): void {
    const at = this.#claim(ATTRIBUTE.UNKNOWN_ATTRIBUTES, 2 * count);
    if (at === 0) return;
    for (let index = 0; index < count; index += 1) this.#view.setUint16(at + 2 * index, types[index]!);
    this.#zeroPadding(at, 2 * count);
  }

  /** MESSAGE-INTEGRITY over all before it, with the key that `prepareHmacSha1` made ready at `at` of `keys`. */
  integrity(keys: Int32Array, at: number): void {
    const value = this.#claim(ATTRIBUTE.MESSAGE_INTEGRITY, 4 * SHA1_WORDS);
    if (value === 0) return;
    signIntegrity(this.#view, this.#start, value - 4, keys, at, this.#digest);
    this.#putDigest(value, SHA1_WORDS);
  }

  /**
   * MESSAGE-INTEGRITY-SHA256 over all before it, with the key that `prepareHmacSha256` made ready at `at` of `keys`.
   *
   * @param size Bytes to which it is truncated: 16 to 32, a multiple of 4.
   */
  integritySha256(keys: Int32Array, at: number, size: number = FULL_SHA256): void {
    const value = this.#claim(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256, size);
    if (value === 0) return;
    signIntegritySha256(this.#view, this.#start, value - 4, size, keys, at, this.#digest);
    this.#putDigest(value, size >> 2);
  }

  /** FINGERPRINT, which is always the last (RFC 8489 §14.7). */
  fingerprint(): void {
    const value = this.#claim(ATTRIBUTE.FINGERPRINT, 4);
    if (value === 0) return;
    this.#putLength();
    this.#view.setInt32(value, fingerprintOf(this.#view, this.#start, value - 4 - this.#start));
  }

  /** Ends the message and returns how many bytes were written; 0 where it did not fit, and must not be sent. */
  end(): number {
    if (!this.#fits) return 0;
    this.#fits = false;
    this.#putLength();
    return this.#at - this.#start;
  }

  /** Writes an attribute's header and returns where its value goes; 0 where there is no room. */
  #claim(attribute: Attribute, length: number): number {
    const at = this.#at;
    const next = at + 4 + length + paddingOf(length);
    if (!this.#fits || next > this.#limit) {
      this.#fits = false;
      return 0;
    }
    this.#view.setInt32(at, (attribute << 16) | length);
    this.#at = next;
    return at + 4;
  }

  #zeroPadding(at: number, length: number): void {
    for (let place = at + length; place < this.#at; place += 1) this.#bytes[place] = 0;
  }

  #codeAndReason(attribute: Attribute, family: number, code: number, reason: Uint8Array): void {
    const at = this.#claim(attribute, 4 + reason.length);
    if (at === 0) return;
    const hundreds = Math.floor(code / 100);
    this.#view.setUint32(at, (family << 24) | (hundreds << 8) | (code - 100 * hundreds));
    this.#bytes.set(reason, at + 4);
    this.#zeroPadding(at, 4 + reason.length);
  }

  #putDigest(value: number, words: number): void {
    for (let index = 0; index < words; index += 1) this.#view.setInt32(value + 4 * index, this.#digest[index]!);
  }

  #putLength(): void {
    this.#view.setUint16(this.#start + 2, this.#at + this.#elsewhere - this.#start - HEADER_LENGTH);
  }
}

/** Zero bytes that follow a value of `length` bytes (RFC 8489 §14). */
export function paddingOf(length: number): number {
  return -length & 3;
}
