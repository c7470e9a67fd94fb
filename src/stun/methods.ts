/** STUN methods, as IANA has registered them (STUN Methods registry). */
export const METHOD = {
  /** RFC 8489 §3. */
  BINDING: 0x001,
  /** RFC 8656 §17: the methods of TURN. */
  ALLOCATE: 0x003,
  REFRESH: 0x004,
  SEND: 0x006,
  DATA: 0x007,
  CREATE_PERMISSION: 0x008,
  CHANNEL_BIND: 0x009,
  /** RFC 6062 §6.1: TURN for TCP. */
  CONNECT: 0x00a,
  CONNECTION_BIND: 0x00b,
  CONNECTION_ATTEMPT: 0x00c,
  /** libwebrtc's shortened connectivity check. */
  GOOG_PING: 0x080,
} as const;

/** The number of a registered method. */
export type Method = (typeof METHOD)[keyof typeof METHOD];

/** The four classes of message (RFC 8489 §5), as two bits: C1 and C0. */
export const CLASS = { REQUEST: 0, INDICATION: 1, SUCCESS: 2, ERROR: 3 } as const;

/** The number of a class. */
export type MessageClass = (typeof CLASS)[keyof typeof CLASS];

/** The type field of a message. RFC 8489 §5, figure 3: C0 and C1 are bits 4 and 8, with the method around them. */
export function messageType(method: number, messageClass: MessageClass): number {
  return (
    (method & 0x00f) |
    ((method & 0x070) << 1) |
    ((method & 0xf80) << 2) |
    ((messageClass & 1) << 4) |
    ((messageClass & 2) << 7)
  );
}

/** The method (12 bits) in the type field of a message. */
export function methodOf(type: number): number {
  return (type & 0x000f) | ((type & 0x00e0) >>> 1) | ((type & 0x3e00) >>> 2);
}

/** The class in the type field of a message. */
export function classOf(type: number): MessageClass {
  return (((type >>> 4) & 1) | ((type >>> 7) & 2)) as MessageClass;
}
