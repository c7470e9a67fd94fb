/**
 * The attributes that a reader can honour, by their IANA-registered types (STUN Attributes registry). Types below
 * 0x8000 are comprehension-required (RFC 8489 §14).
 *
 * All of them lie in 0x0000–0x003f and 0x8000–0x803f, which is what makes `attributeIndex` a plain index.
 */
export const ATTRIBUTE = {
  MAPPED_ADDRESS: 0x0001,
  /** RFC 5780 §7.2; reserved in IANA's table, with RFC 5780 as its reference. */
  CHANGE_REQUEST: 0x0003,
  USERNAME: 0x0006,
  MESSAGE_INTEGRITY: 0x0008,
  ERROR_CODE: 0x0009,
  UNKNOWN_ATTRIBUTES: 0x000a,
  CHANNEL_NUMBER: 0x000c,
  LIFETIME: 0x000d,
  XOR_PEER_ADDRESS: 0x0012,
  DATA: 0x0013,
  REALM: 0x0014,
  NONCE: 0x0015,
  XOR_RELAYED_ADDRESS: 0x0016,
  REQUESTED_ADDRESS_FAMILY: 0x0017,
  EVEN_PORT: 0x0018,
  REQUESTED_TRANSPORT: 0x0019,
  DONT_FRAGMENT: 0x001a,
  ACCESS_TOKEN: 0x001b,
  MESSAGE_INTEGRITY_SHA256: 0x001c,
  PASSWORD_ALGORITHM: 0x001d,
  USERHASH: 0x001e,
  XOR_MAPPED_ADDRESS: 0x0020,
  RESERVATION_TOKEN: 0x0022,
  PRIORITY: 0x0024,
  USE_CANDIDATE: 0x0025,
  PADDING: 0x0026,
  RESPONSE_PORT: 0x0027,
  CONNECTION_ID: 0x002a,
  ADDITIONAL_ADDRESS_FAMILY: 0x8000,
  ADDRESS_ERROR_CODE: 0x8001,
  PASSWORD_ALGORITHMS: 0x8002,
  ALTERNATE_DOMAIN: 0x8003,
  ICMP: 0x8004,
  SOFTWARE: 0x8022,
  ALTERNATE_SERVER: 0x8023,
  TRANSACTION_TRANSMIT_COUNTER: 0x8025,
  CACHE_TIMEOUT: 0x8027,
  FINGERPRINT: 0x8028,
  ICE_CONTROLLED: 0x8029,
  ICE_CONTROLLING: 0x802a,
  RESPONSE_ORIGIN: 0x802b,
  OTHER_ADDRESS: 0x802c,
  ECN_CHECK_STUN: 0x802d,
  THIRD_PARTY_AUTHORIZATION: 0x802e,
  MOBILITY_TICKET: 0x8030,
} as const;

/** The name of an attribute in `ATTRIBUTE`. */
export type AttributeName = keyof typeof ATTRIBUTE;
/** The type of an attribute that a reader can honour. */
export type Attribute = (typeof ATTRIBUTE)[AttributeName];

/** Registered by vendors, all of them comprehension-optional: a reader passes over them. */
export const VENDOR_ATTRIBUTE = {
  CISCO_STUN_FLOWDATA: 0xc000,
  ENF_FLOW_DESCRIPTION: 0xc001,
  ENF_NETWORK_STATUS: 0xc002,
  GOOG_NETWORK_INFO: 0xc057,
  GOOG_LAST_ICE_CHECK_RECEIVED: 0xc058,
  GOOG_MISC_INFO: 0xc059,
  GOOG_OBSOLETE_1: 0xc05a,
  GOOG_CONNECTION_ID: 0xc05b,
  GOOG_DELTA: 0xc05c,
  GOOG_DELTA_ACK: 0xc05d,
  GOOG_MESSAGE_INTEGRITY_32: 0xc060,
  DTLS_IN_STUN: 0xc070,
  DTLS_IN_STUN_ACKNOWLEDGEMENT: 0xc071,
} as const;

/** How many values `attributeIndex` has. */
export const ATTRIBUTE_INDEXES = 128;

/** A dense index of an attribute in `ATTRIBUTE`: types 0x00xx as they are, types 0x80xx from 64. */
export function attributeIndex(type: number): number {
  return (type & 0x3f) | ((type >>> 9) & 0x40);
}

/** The lengths that an attribute's value may have, in bytes, and whether it is an address. */
export type AttributeForm = {
  readonly least: number;
  readonly most: number;
  /** Every length is a multiple of it. */
  readonly step: 1 | 2 | 4;
  /** `plain`: RFC 8489 §14.1; `xor`: §14.2. The length must fit the family. */
  readonly address?: 'plain' | 'xor';
};

const ANY_LENGTH = 0xffff;

/**
 * What a value must look like to be honoured. Text may be as long as it can be on decoding: RFC 8489 §14.8 ff. allow
 * 127 characters, "763 bytes when decoding".
 */
export const ATTRIBUTE_FORM: Readonly<Record<AttributeName, AttributeForm>> = {
  MAPPED_ADDRESS: address('plain'),
  CHANGE_REQUEST: exactly(4),
  // RFC 8489 §14.3 wants fewer than 509 bytes, RFC 5389 §15.3 fewer than 513, and ICE's two fragments can be 513.
  USERNAME: between(0, 513),
  MESSAGE_INTEGRITY: exactly(20),
  ERROR_CODE: between(4, 4 + 763),
  UNKNOWN_ATTRIBUTES: between(0, ANY_LENGTH, 2),
  CHANNEL_NUMBER: exactly(4),
  LIFETIME: exactly(4),
  XOR_PEER_ADDRESS: address('xor'),
  DATA: between(0, ANY_LENGTH),
  REALM: between(0, 763),
  NONCE: between(0, 763),
  XOR_RELAYED_ADDRESS: address('xor'),
  REQUESTED_ADDRESS_FAMILY: exactly(4),
  EVEN_PORT: exactly(1),
  REQUESTED_TRANSPORT: exactly(4),
  DONT_FRAGMENT: exactly(0),
  ACCESS_TOKEN: between(0, ANY_LENGTH),
  // RFC 8489 §14.6: 16 to 32 bytes in steps of 4; whether less than 32 will do is for the one who verifies it.
  MESSAGE_INTEGRITY_SHA256: between(16, 32, 4),
  PASSWORD_ALGORITHM: between(4, ANY_LENGTH),
  USERHASH: exactly(32),
  XOR_MAPPED_ADDRESS: address('xor'),
  RESERVATION_TOKEN: exactly(8),
  PRIORITY: exactly(4),
  USE_CANDIDATE: exactly(0),
  PADDING: between(0, ANY_LENGTH),
  // RFC 5780 §7.5: a port and two bytes of padding, which some count in the length and some do not.
  RESPONSE_PORT: between(2, 4, 2),
  CONNECTION_ID: exactly(4),
  ADDITIONAL_ADDRESS_FAMILY: exactly(4),
  ADDRESS_ERROR_CODE: between(4, 4 + 763),
  PASSWORD_ALGORITHMS: between(4, ANY_LENGTH),
  ALTERNATE_DOMAIN: between(0, 255),
  ICMP: exactly(8),
  SOFTWARE: between(0, 763),
  ALTERNATE_SERVER: address('plain'),
  TRANSACTION_TRANSMIT_COUNTER: exactly(4),
  CACHE_TIMEOUT: exactly(4),
  FINGERPRINT: exactly(4),
  ICE_CONTROLLED: exactly(8),
  ICE_CONTROLLING: exactly(8),
  RESPONSE_ORIGIN: address('plain'),
  OTHER_ADDRESS: address('plain'),
  ECN_CHECK_STUN: exactly(4),
  THIRD_PARTY_AUTHORIZATION: between(0, ANY_LENGTH),
  MOBILITY_TICKET: between(0, ANY_LENGTH),
};

/** Whether the address in an attribute of this type is XORed (RFC 8489 §14.2; RFC 8656 §18.3, §18.5). */
export function isXorAddress(type: number): boolean {
  return (
    type === ATTRIBUTE.XOR_PEER_ADDRESS ||
    type === ATTRIBUTE.XOR_RELAYED_ADDRESS ||
    type === ATTRIBUTE.XOR_MAPPED_ADDRESS
  );
}

function exactly(length: number): AttributeForm {
  return { least: length, most: length, step: 1 };
}

function between(least: number, most: number, step: 1 | 2 | 4 = 1): AttributeForm {
  return { least, most, step };
}

function address(kind: 'plain' | 'xor'): AttributeForm {
  return { least: 8, most: 20, step: 4, address: kind };
}
