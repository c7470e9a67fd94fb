/** STUN and TURN messages, byte by byte, so that they may be wrong in any place. */
import { createHmac, randomBytes } from 'node:crypto';

import { parseAddress, type TransportAddress } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD, messageType } from '../../src/stun/methods.ts';

/** An attribute: its type, and its value, which may depend on the transaction. */
export type Part = readonly [type: number, value: Uint8Array | string | ((transaction: Buffer) => Buffer)];

export type Answer = {
  readonly bytes: Buffer;
  /** The error's code; undefined for a success. */
  readonly error: number | undefined;
  get(attribute: number): Buffer | undefined;
};

/** UDP = 17, TCP = 6, as REQUESTED-TRANSPORT has it. */
export const FOR_UDP: Part = [ATTRIBUTE.REQUESTED_TRANSPORT, Buffer.of(17, 0, 0, 0)];
export const FOR_TCP: Part = [ATTRIBUTE.REQUESTED_TRANSPORT, Buffer.of(6, 0, 0, 0)];
/** An allocation of both families. */
export const DUAL: Part = [ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY, Buffer.of(2, 0, 0, 0)];

/** A request, or a message of another class; `key` signs it, `behind` comes after the MAC. */
export function message(
  method: number,
  parts: readonly Part[] = [],
  options: { key?: Buffer; behind?: readonly Part[]; messageClass?: 0 | 1 | 2 | 3 } = {},
): Buffer {
  const { key, behind = [], messageClass = CLASS.REQUEST } = options;
  const transaction = randomBytes(12);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(messageType(method, messageClass), 0);
  header.writeUInt32BE(0x2112_a442, 4);
  let bytes = Buffer.concat([header, transaction, ...parts.map((part) => encode(part, transaction))]);
  if (key !== undefined) {
    // RFC 8489 §14.5: the length is that of the message up to its MAC, this included.
    bytes.writeUInt16BE(bytes.length - 20 + 24, 2);
    const mac = createHmac('sha1', key).update(bytes).digest();
    bytes = Buffer.concat([bytes, encode([ATTRIBUTE.MESSAGE_INTEGRITY, mac], transaction)]);
  }
  bytes = Buffer.concat([bytes, ...behind.map((part) => encode(part, transaction))]);
  bytes.writeUInt16BE(bytes.length - 20, 2);
  return bytes;
}

/** XOR-PEER-ADDRESS, in the family that is asked for: an IPv4 address can be written as the IPv6 address that maps it. */
export function peerPart({ a, b, c, d, port }: TransportAddress, family?: 4 | 6): Part {
  return [
    ATTRIBUTE.XOR_PEER_ADDRESS,
    (transaction) => {
      const pad = Buffer.concat([Buffer.of(0x21, 0x12, 0xa4, 0x42), transaction]);
      const value = Buffer.alloc(20);
      value.writeUInt16BE(port ^ 0x2112, 2);
      for (const [index, word] of [a, b, c, d].entries()) value.writeInt32BE(word, 4 + 4 * index);
      const short = (family ?? (a === 0 && b === 0 && c === 0xffff ? 4 : 6)) === 4;
      value[1] = short ? 1 : 2;
      const whole = short ? Buffer.concat([value.subarray(0, 4), value.subarray(16)]) : value;
      for (let index = 4; index < whole.length; index += 1) whole[index]! ^= pad[index - 4]!;
      return whole;
    },
  ];
}

export function channelPart(channel: number): Part {
  const value = Buffer.alloc(4);
  value.writeUInt16BE(channel);
  return [ATTRIBUTE.CHANNEL_NUMBER, value];
}

export function lifetimePart(seconds: number): Part {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(seconds);
  return [ATTRIBUTE.LIFETIME, value];
}

export function sendIndication(peer: TransportAddress, data: Uint8Array | string): Buffer {
  return message(METHOD.SEND, [peerPart(peer), [ATTRIBUTE.DATA, data]], { messageClass: CLASS.INDICATION });
}

/** ChannelData that claims `length` bytes. */
export function channelData(channel: number, data: Uint8Array | string, length = Buffer.from(data).length): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(channel, 0);
  header.writeUInt16BE(length, 2);
  return Buffer.concat([header, Buffer.from(data)]);
}

/** The address in XOR-RELAYED-ADDRESS, IPv4 only. */
export function relayedPort(answer: Answer): number {
  return answer.get(ATTRIBUTE.XOR_RELAYED_ADDRESS)!.readUInt16BE(2) ^ 0x2112;
}

export function address(host: string, port = 0): TransportAddress {
  const parsed = parseAddress(host, port);
  if (parsed === undefined) throw new TypeError(`${host} is not an IP address`);
  return parsed;
}

/** What an answer says; of attributes that come twice, the first. */
export function readAnswer(bytes: Buffer): Answer {
  const parts = new Map<number, Buffer>();
  for (let at = 20; at + 4 <= bytes.length; at += 4 + ((bytes.readUInt16BE(at + 2) + 3) & ~3)) {
    const type = bytes.readUInt16BE(at);
    if (!parts.has(type)) parts.set(type, bytes.subarray(at + 4, at + 4 + bytes.readUInt16BE(at + 2)));
  }
  const code = parts.get(ATTRIBUTE.ERROR_CODE);
  return {
    bytes,
    error: code === undefined ? undefined : 100 * code[2]! + code[3]!,
    get: (attribute) => parts.get(attribute),
  };
}

/** The transaction of a message. */
export function idOf(bytes: Buffer): string {
  return bytes.toString('hex', 8, 20);
}

function encode([type, value]: Part, transaction: Buffer): Buffer {
  const bytes = typeof value === 'function' ? value(transaction) : Buffer.from(value as Uint8Array);
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 3)]);
}
