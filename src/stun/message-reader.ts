import { type Family, readAddress, type TransportAddress } from './address.ts';
import {
  ATTRIBUTE,
  ATTRIBUTE_INDEXES,
  type Attribute,
  type AttributeName,
  attributeIndex,
  isXorAddress,
} from './attributes.ts';
import {
  RULE_ADDRESS,
  RULE_SEALS,
  RULE_SPECIAL,
  RULE_UNKNOWN,
  familyFits,
  lengthFits,
  rulesOf,
  withinBounds,
} from './attribute-rules.ts';
import { fingerprintOf } from './crc32.ts';
import { errorNumberAt } from './error-codes.ts';
import { HEADER_LENGTH, MAGIC_COOKIE } from './header.ts';
import { type MessageClass, classOf, methodOf } from './methods.ts';
import { decodeUtf8 } from './text.ts';

/** Why bytes are not a STUN message that can be honoured. Each is a metric label. */
export type MessageRefusal =
  /** Fewer bytes than a header has. */
  | 'short'
  /** The two most significant bits are not zero (RFC 8489 §5), or the magic cookie is not there. */
  | 'not-stun'
  /** The length field is not a multiple of 4, or not what arrived. */
  | 'length'
  /** An attribute reaches beyond the end of the message. */
  | 'attribute-overrun'
  /** An attribute has a length that its definition rules out. */
  | 'attribute-length'
  /** An address is of no known family, or of another than its length says. */
  | 'address-family'
  /** Something follows FINGERPRINT, which "MUST be the last attribute" (RFC 8489 §14.7). */
  | 'behind-fingerprint';

/** How many unknown comprehension-required attributes are kept for a 420; the rest of them change nothing. */
export const MAX_UNKNOWN_ATTRIBUTES = 16;

/** What may still be honoured (RFC 8489 §14.5, §14.6). */
const OPEN = 0;
const BEHIND_SHA1 = 1;
const BEHIND_SHA256 = 2;

const { MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256, FINGERPRINT } = ATTRIBUTE;
/** Bits that no attribute with an index has set, where they are in the word of type and length. */
const INDEXED_HEAD = 0x7fc00000;
/** Type and length as they begin the attribute: 20 bytes of SHA-1, 4 of CRC-32. */
const INTEGRITY_HEAD = (MESSAGE_INTEGRITY << 16) | 20;
const FINGERPRINT_HEAD = (FINGERPRINT << 16) | 4;
const INTEGRITY_INDEX = attributeIndex(MESSAGE_INTEGRITY);
const FINGERPRINT_INDEX = attributeIndex(FINGERPRINT);

/** Above the longest message; and the last epoch before places would not fit an int32. */
const EPOCH = 0x20000;
const LAST_EPOCH = 0x7ffe0000;

/**
 * Reads one STUN message after the other, without a copy and without allocating: `parse` notes where each attribute's
 * value lies, and the accessors read from there.
 *
 * What it notes is what RFC 8489 lets an agent honour: the first attribute of a type; of those behind
 * MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, and behind MESSAGE-INTEGRITY-SHA256 only FINGERPRINT.
 * Neither integrity nor fingerprint is checked by `parse`: see `verifyIntegrity` and `hasValidFingerprint`.
 *
 * The accessors speak of the message that `parse` accepted last, and only until its bytes change.
 */
export class MessageReader {
  /** The view that holds the message. */
  view: DataView = new DataView(new ArrayBuffer(HEADER_LENGTH));
  /** Where the message begins in the view. */
  offset = 0;
  /** Bytes of the whole message with its header. */
  length = 0;
  /** The type field: method and class. */
  type = 0;
  /** Types of comprehension-required attributes that are not understood: the first `unknownCount` entries. */
  readonly unknown = new Uint16Array(MAX_UNKNOWN_ATTRIBUTES);
  unknownCount = 0;

  readonly #rules: Int32Array;
  readonly #takesFingerprint: boolean;
  /**
   * Where values begin, by `attributeIndex`: bytes from the beginning of the message, on top of the epoch in which they
   * were noted. Less than the current epoch: the message has no such attribute. So nothing must be cleared in between.
   */
  readonly #places = new Int32Array(ATTRIBUTE_INDEXES);
  /** Grows with each message, by more than a message can be long. */
  #epoch = 0;
  /** The end of the attributes that integrity covers; of all where there is none. */
  #covered = 0;

  /**
   * @param understood The attributes that the agent understands. Other comprehension-required ones are listed as
   *   unknown, even where the codec could read them (RFC 8489 §6.3.1: the 420 is about the agent, not the registry).
   */
  constructor(understood: readonly AttributeName[] = Object.keys(ATTRIBUTE) as AttributeName[]) {
    this.#rules = rulesOf(understood);
    this.#takesFingerprint = understood.includes('FINGERPRINT');
  }

  /**
   * Takes the `length` bytes at `offset` as one message. `undefined` when it is one; else why not, and nothing of it may
   * be used. The caller answers for the range being within the view.
   */
  parse(view: DataView, offset: number, length: number): MessageRefusal | undefined {
    this.#beginEpoch();
    this.unknownCount = 0;
    if (length < HEADER_LENGTH) return 'short';
    const first = view.getUint32(offset);
    if (first > 0x3fffffff || view.getInt32(offset + 4) !== MAGIC_COOKIE) return 'not-stun';
    if ((first & 0xffff) + HEADER_LENGTH !== length || (length & 3) !== 0) return 'length';
    if (this.view !== view) this.view = view;
    this.offset = offset;
    this.length = length;
    this.type = first >>> 16;
    // RFC 8489 §14: the walk over all attributes. Lengths are multiples of 4, so where one byte is left, four are.
    const rules = this.#rules;
    const places = this.#places;
    const end = offset + length;
    // The place of what begins at `at`, less `at`.
    const epoch = this.#epoch;
    const base = epoch + 4 - offset;
    for (let at = offset + HEADER_LENGTH; at < end;) {
      const head = view.getInt32(at);
      const size = head & 0xffff;
      // Type, length, and the value padded to a multiple of 4.
      const next = at + ((size + 7) & 0x3fffc);
      if (next > end) return 'attribute-overrun';
      const index = (head & INDEXED_HEAD) === 0 ? ((head >>> 16) & 0x3f) | ((head >>> 25) & 0x40) : 0;
      const rule = rules[index]!;
      if ((rule & RULE_SPECIAL) !== 0) {
        if ((rule & RULE_SEALS) !== 0) {
          // How checks of connectivity and most requests end: MESSAGE-INTEGRITY, with or without FINGERPRINT behind it.
          if (head !== INTEGRITY_HEAD) return this.#walkSealed(at, end);
          if (next !== end) {
            if (next + 8 !== end || view.getInt32(next) !== FINGERPRINT_HEAD || !this.#takesFingerprint) {
              return this.#walkSealed(at, end);
            }
            places[FINGERPRINT_INDEX] = base + next;
          }
          places[INTEGRITY_INDEX] = base + at;
          this.#covered = at;
          return undefined;
        }
        const refusal = this.#special(rule, at, head);
        if (refusal !== undefined) return refusal;
        if ((rule & RULE_UNKNOWN) !== 0) {
          at = next;
          continue;
        }
      } else if (!withinBounds(rule, size)) return 'attribute-length';
      if (places[index]! < epoch) places[index] = base + at;
      at = next;
    }
    this.#covered = end;
    return undefined;
  }

  /** What is not as simple as most attributes are: those that are not understood, and addresses. */
  #special(rule: number, at: number, head: number): MessageRefusal | undefined {
    if ((rule & RULE_UNKNOWN) !== 0) {
      if (head >= 0) this.#noteUnknown(head >>> 16);
      return undefined;
    }
    const size = head & 0xffff;
    if (!lengthFits(rule, size)) return 'attribute-length';
    return (rule & RULE_ADDRESS) !== 0 && !familyFits(this.view, at + 4, size) ? 'address-family' : undefined;
  }

  /**
   * The walk from the first of MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT on, at `begin`. RFC 8489
   * §14.5, §14.6: FINGERPRINT counts behind both kinds of integrity, the second kind behind the first, and nothing else.
   */
  #walkSealed(begin: number, end: number): MessageRefusal | undefined {
    const { view } = this;
    const epoch = this.#epoch;
    const places = this.#places;
    const base = epoch + 4 - this.offset;
    let covered = end;
    let seal = OPEN;
    for (let at = begin; at < end;) {
      const head = view.getInt32(at);
      const type = head >>> 16;
      const size = head & 0xffff;
      const next = at + ((size + 7) & 0x3fffc);
      if (next > end) return 'attribute-overrun';
      if (type === FINGERPRINT || (type === MESSAGE_INTEGRITY_SHA256 && seal !== BEHIND_SHA256) || seal === OPEN) {
        const index = attributeIndex(type);
        const rule = this.#rules[index]!;
        if ((rule & RULE_UNKNOWN) === 0) {
          if (!lengthFits(rule, size)) return 'attribute-length';
          if (places[index]! < epoch) places[index] = base + at;
          if (type === FINGERPRINT) {
            if (next !== end) return 'behind-fingerprint';
          } else {
            if (seal === OPEN) covered = at;
            seal = type === MESSAGE_INTEGRITY ? BEHIND_SHA1 : BEHIND_SHA256;
          }
        } else if (head >= 0) this.#noteUnknown(type);
      }
      at = next;
    }
    this.#covered = covered;
    return undefined;
  }

  /** The method in the type field; not necessarily a registered one. */
  get method(): number {
    return methodOf(this.type);
  }

  /** The class in the type field. */
  get class(): MessageClass {
    return classOf(this.type);
  }

  /** Whether the message has the attribute. */
  has(attribute: Attribute): boolean {
    return this.#places[attributeIndex(attribute)]! >= this.#epoch;
  }

  /** Where the attribute's value begins in the view; 0 where the message has no such attribute. */
  at(attribute: Attribute): number {
    const place = this.#places[attributeIndex(attribute)]! - this.#epoch;
    return place < 0 ? 0 : place + this.offset;
  }

  /** Bytes of the attribute's value, without padding; 0 where the message has no such attribute. */
  size(attribute: Attribute): number {
    const at = this.at(attribute);
    return at === 0 ? 0 : this.view.getUint16(at - 2);
  }

  /**
   * Where the value of the next attribute of this type begins, behind the one whose value begins at `at`; 0 where there
   * is none. For XOR-PEER-ADDRESS, which CreatePermission repeats (RFC 8656 §10.1), and ADDRESS-ERROR-CODE. Looks no
   * further than integrity covers.
   */
  next(attribute: Attribute, at: number): number {
    const { view } = this;
    for (let head = paddedEnd(view, at); head < this.#covered; head = paddedEnd(view, head + 4)) {
      if (view.getUint16(head) === attribute) return head + 4;
    }
    return 0;
  }

  /** The first byte of the value. The message has the attribute, with a value of at least 1 byte. */
  uint8(attribute: Attribute): number {
    return this.view.getUint8(this.at(attribute));
  }

  /** The first two bytes of the value. The message has the attribute, with a value of at least 2 bytes. */
  uint16(attribute: Attribute): number {
    return this.view.getUint16(this.at(attribute));
  }

  /** The first four bytes of the value. The message has the attribute, with a value of at least 4 bytes. */
  uint32(attribute: Attribute): number {
    return this.view.getUint32(this.at(attribute));
  }

  /** The value as text; `undefined` where the message has no such attribute, or its value is not UTF-8. Allocates. */
  text(attribute: Attribute): string | undefined {
    const at = this.at(attribute);
    return at === 0 ? undefined : decodeUtf8(this.view, at, this.size(attribute));
  }

  /** Puts the address of an address attribute into `into`; false, and nothing, where the message has none. */
  address(attribute: Attribute, into: TransportAddress): boolean {
    const at = this.at(attribute);
    if (at === 0) return false;
    this.addressAt(attribute, at, into);
    return true;
  }

  /** As `address`, for the value at `at`, which `at()` or `next()` gave. IPv4 comes in mapped form. */
  addressAt(attribute: Attribute, at: number, into: TransportAddress): void {
    readAddress(this.view, at, isXorAddress(attribute) ? this.offset : -1, into);
  }

  /** The family as it is written in the value at `at`, also where the address is IPv4 mapped into IPv6. */
  familyAt(at: number): Family {
    return this.view.getUint8(at + 1) as Family;
  }

  /** The number in ERROR-CODE (RFC 8489 §14.8): 300 to 699; 0 where there is none, or it is no such number. */
  errorCode(): number {
    const at = this.at(ATTRIBUTE.ERROR_CODE);
    return at === 0 ? 0 : errorNumberAt(this.view, at);
  }

  /** Whether FINGERPRINT is there and right (RFC 8489 §14.7). A message without one needs none. */
  hasValidFingerprint(): boolean {
    const at = this.at(ATTRIBUTE.FINGERPRINT);
    if (at === 0) return false;
    return this.view.getInt32(at) === fingerprintOf(this.view, this.offset, at - 4 - this.offset);
  }

  /** Forgets all places at once. */
  #beginEpoch(): void {
    this.#epoch += EPOCH;
    if (this.#epoch < LAST_EPOCH) return;
    this.#epoch = EPOCH;
    this.#places.fill(0);
  }

  #noteUnknown(type: number): void {
    if (this.unknownCount === MAX_UNKNOWN_ATTRIBUTES) return;
    this.unknown[this.unknownCount] = type;
    this.unknownCount += 1;
  }
}

/** Where the attribute ends, with its padding, whose value begins at `value`. */
function paddedEnd(view: DataView, value: number): number {
  return value + ((view.getUint16(value - 2) + 3) & 0x1fffc);
}
