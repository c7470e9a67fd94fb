import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { type TransportAddress, addressText, emptyAddress } from '../../../src/stun/address.ts';
import { ATTRIBUTE, type Attribute, type AttributeName } from '../../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS, prepareHmacSha256 } from '../../../src/stun/hmac-sha256.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../../../src/stun/integrity.ts';
import { MessageReader } from '../../../src/stun/message-reader.ts';
import { MessageWriter } from '../../../src/stun/message-writer.ts';
import { CLASS, METHOD, type MessageClass, type Method } from '../../../src/stun/methods.ts';
import type { ClientPath } from '../../../src/turn/allocation.ts';
import { REALM, at } from './names.ts';
import type { World } from './turn-world.ts';

const ROOM = 66_000;
const UDP = 17 << 24;

/** Writes the attributes of a request. */
export type Attributes = (writer: MessageWriter) => void;

/** A credential, as `World.credential` makes it. */
export type Credential = { readonly username: string; readonly password: string };

/** How a request is made otherwise than usual. */
export type RequestOptions = {
  readonly as?: Credential;
  readonly nonce?: Uint8Array;
  /** A transaction ID: a request with one that was used before is a retransmission. */
  readonly transaction?: Uint8Array;
  /** SHA-256 for the key and the MAC, as RFC 8489 §9.2.4 negotiates. */
  readonly sha256?: boolean;
};

/** A STUN message that a client has received. */
export type Received = {
  readonly class: MessageClass;
  readonly method: number;
  readonly error: number;
  readonly bytes: Uint8Array;
  /** Whether the message carries the MAC of the client's key. */
  readonly signed: boolean;
  has(name: AttributeName): boolean;
  /** The first four bytes of a value. */
  uint32(name: AttributeName): number;
  value(name: AttributeName): Uint8Array;
  /** An address as text; all addresses of that attribute. */
  address(name: AttributeName): string;
  addresses(name: AttributeName): string[];
};

let transactions = 0;

/** A TURN client that writes and reads real bytes, and does with them what a test says. */
export class Client {
  readonly path: ClientPath;
  readonly address: string;
  readonly #world: World;
  #credential: Credential;
  #nonce = new Uint8Array(0);
  /** The first relayed address of its last allocation. */
  relayed = '';
  /** The transaction ID of the last request. */
  lastTransaction = new Uint8Array(12);

  constructor(world: World, path: ClientPath, credential: Credential) {
    this.#world = world;
    this.path = path;
    this.address = addressText(path.address);
    this.#credential = credential;
  }

  get credential(): Credential {
    return this.#credential;
  }

  set credential(credential: Credential) {
    this.#credential = credential;
  }

  /** The same user somewhere else (RFC 8016), or another socket of its. */
  movedTo(address: string): Client {
    return new Client(this.#world, { ...this.path, address: at(address) }, this.#credential);
  }

  /** A request without credentials. */
  plain(method: Method, attributes: Attributes = () => undefined): Received | undefined {
    this.#give(message(method, CLASS.REQUEST, attributes, newTransaction()));
    return this.received().at(-1);
  }

  /** A signed request and the answer to it; the nonce is fetched first where there is none. */
  request(
    method: Method,
    attributes: Attributes = () => undefined,
    options: RequestOptions = {},
  ): Received | undefined {
    if (this.#nonce.length === 0) this.fetchNonce();
    this.lastTransaction = new Uint8Array(options.transaction ?? newTransaction());
    this.#give(this.signed(method, attributes, { ...options, transaction: this.lastTransaction }));
    return this.received().at(-1);
  }

  /** As `request`, where there must be an answer. */
  ask(method: Method, attributes?: Attributes, options?: RequestOptions): Received {
    const answer = this.request(method, attributes, options);
    assert.ok(answer, 'there is an answer');
    return answer;
  }

  /** The bytes of a signed request. */
  signed(method: Method, attributes: Attributes, options: RequestOptions): Uint8Array {
    const { username, password } = options.as ?? this.#credential;
    const { sha256 = false, nonce = this.#nonce, transaction = newTransaction() } = options;
    const keys = sha256 ? keySha256(username, password) : keySha1(username, password);
    return message(
      method,
      CLASS.REQUEST,
      (writer) => {
        attributes(writer);
        writer.bytes(ATTRIBUTE.USERNAME, Buffer.from(username));
        writer.bytes(ATTRIBUTE.REALM, Buffer.from(REALM));
        writer.bytes(ATTRIBUTE.NONCE, nonce);
        if (sha256) {
          writer.bytes(ATTRIBUTE.PASSWORD_ALGORITHMS, Uint8Array.of(0, 2, 0, 0, 0, 1, 0, 0));
          writer.bytes(ATTRIBUTE.PASSWORD_ALGORITHM, Uint8Array.of(0, 2, 0, 0));
          writer.integritySha256(keys, 0);
        } else {
          writer.integrity(keys, 0);
        }
      },
      transaction,
    );
  }

  /** Asks without credentials, and keeps the nonce of the 401. */
  fetchNonce(): Received {
    const challenge = this.plain(METHOD.ALLOCATE, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, UDP));
    assert.equal(challenge?.error, 401);
    this.#nonce = new Uint8Array(challenge.value('NONCE'));
    return challenge;
  }

  /** An Allocate request for UDP. */
  allocate(attributes: Attributes = () => undefined, options: RequestOptions = {}): Received {
    const answer = this.ask(METHOD.ALLOCATE, udp(attributes), options);
    if (answer.has('XOR_RELAYED_ADDRESS')) this.relayed = answer.address('XOR_RELAYED_ADDRESS');
    return answer;
  }

  refresh(lifetime?: number, attributes: Attributes = () => undefined, options: RequestOptions = {}): Received {
    return this.ask(
      METHOD.REFRESH,
      (writer) => {
        if (lifetime !== undefined) writer.uint32(ATTRIBUTE.LIFETIME, lifetime);
        attributes(writer);
      },
      options,
    );
  }

  permit(...peers: string[]): Received {
    return this.ask(METHOD.CREATE_PERMISSION, (writer) => {
      for (const peer of peers) writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(peer));
    });
  }

  bind(number: number, peer: string, attributes: Attributes = () => undefined): Received {
    return this.ask(METHOD.CHANNEL_BIND, (writer) => {
      writer.uint32(ATTRIBUTE.CHANNEL_NUMBER, number << 16);
      writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(peer));
      attributes(writer);
    });
  }

  /** A Send indication. */
  send(peer: string, data: string, attributes: Attributes = () => undefined): void {
    const write: Attributes = (writer) => {
      writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(peer));
      attributes(writer);
      writer.bytes(ATTRIBUTE.DATA, Buffer.from(data));
    };
    this.#give(message(METHOD.SEND, CLASS.INDICATION, write, newTransaction()));
  }

  /** ChannelData. */
  channel(number: number, data: string): void {
    const bytes = Buffer.alloc(4 + Buffer.byteLength(data));
    bytes.writeUInt16BE(number, 0);
    bytes.writeUInt16BE(bytes.length - 4, 2);
    bytes.write(data, 4);
    this.#give(bytes);
  }

  /** Any bytes. */
  raw(bytes: Uint8Array): void {
    this.#give(bytes);
  }

  /** Takes the STUN messages that have come. */
  received(): Received[] {
    return this.#world.take(this.address).map(({ bytes }) => readMessage(bytes, this.#credential));
  }

  /** Takes what has come from peers: `peer: data` for Data indications, `0x4000: data` for ChannelData. */
  data(): string[] {
    return this.#world.take(this.address).map(({ bytes }) => {
      if (bytes[0]! >= 0x40) {
        const buffer = Buffer.from(bytes);
        return `0x${buffer.readUInt16BE(0).toString(16)}: ${buffer.toString('utf8', 4, 4 + buffer.readUInt16BE(2))}`;
      }
      const indication = readMessage(bytes, this.#credential);
      assert.equal(indication.method, METHOD.DATA);
      return `${indication.address('XOR_PEER_ADDRESS')}: ${Buffer.from(indication.value('DATA')).toString()}`;
    });
  }

  #give(bytes: Uint8Array): void {
    this.#world.fromClient(this.path, bytes);
  }
}

/** The attributes of an Allocate request for UDP. */
export function udp(attributes: Attributes = () => undefined): Attributes {
  return (writer) => {
    writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, UDP);
    attributes(writer);
  };
}

/** A message without credentials. */
export function message(
  method: Method,
  messageClass: MessageClass,
  write: Attributes,
  transaction: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(ROOM);
  const writer = new MessageWriter(bytes);
  writer.begin(0, ROOM, method, messageClass, new DataView(transaction.buffer, transaction.byteOffset), 0);
  write(writer);
  const length = writer.end();
  assert.ok(length > 0);
  return bytes.subarray(0, length);
}

/** A transaction ID that was not used before. */
export function newTransaction(): Uint8Array {
  transactions += 1;
  return new Uint8Array(createHash('sha1').update(`transaction ${transactions}`).digest().subarray(0, 12));
}

function readMessage(bytes: Uint8Array, { username, password }: Credential): Received {
  const reader = new MessageReader();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(reader.parse(view, 0, bytes.length), undefined, 'the server sends well-formed messages');
  const value = (name: AttributeName) =>
    bytes.subarray(reader.at(ATTRIBUTE[name]), reader.at(ATTRIBUTE[name]) + reader.size(ATTRIBUTE[name]));
  const addresses = (name: AttributeName) => [...addressesIn(reader, ATTRIBUTE[name])].map(addressText);
  return {
    class: reader.class,
    method: reader.method,
    error: reader.errorCode(),
    bytes,
    signed:
      verifyIntegrity(reader, keySha1(username, password), 0) ||
      verifyIntegritySha256(reader, keySha256(username, password), 0),
    has: (name) => reader.has(ATTRIBUTE[name]),
    uint32: (name) => reader.uint32(ATTRIBUTE[name]),
    value,
    addresses,
    address(name) {
      const [first] = addresses(name);
      assert.ok(first, `the message has ${name}`);
      return first;
    },
  };
}

function* addressesIn(reader: MessageReader, attribute: Attribute): Generator<TransportAddress> {
  let place: number | undefined = reader.at(attribute);
  while (place !== undefined && place !== 0) {
    const address = emptyAddress();
    reader.addressAt(attribute, place, address);
    yield address;
    place = reader.next(attribute, place);
  }
}

function keySha1(username: string, password: string): Int32Array {
  const key = createHash('md5').update(`${username}:${REALM}:${password}`).digest();
  const keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(new DataView(key.buffer, key.byteOffset), 0, key.length, keys, 0);
  return keys;
}

function keySha256(username: string, password: string): Int32Array {
  const key = createHash('sha256').update(`${username}:${REALM}:${password}`).digest();
  const keys = new Int32Array(HMAC_SHA256_KEY_WORDS);
  prepareHmacSha256(new DataView(key.buffer, key.byteOffset), 0, key.length, keys, 0);
  return keys;
}
