import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { type Family, parseAddress, type TransportAddress } from '../../src/stun/address.ts';
import { ATTRIBUTE, type Attribute } from '../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { MessageReader } from '../../src/stun/message-reader.ts';
import { MessageWriter } from '../../src/stun/message-writer.ts';
import { CLASS, METHOD, type Method } from '../../src/stun/methods.ts';

/** Where a TURN server is, and who comes. */
export type TurnClientOptions = {
  host: string;
  port: number;
  transport: 'udp' | 'tcp' | 'tls';
  username: string;
  password: string;
  /** How long an answer may take, in milliseconds. Default 5,000. */
  timeout?: number;
};

/** What came through the relay. */
export type Received = { peer: TransportAddress | undefined; channel: number | undefined; data: Buffer };

/** An answer, success or error. */
export type TurnAnswer = {
  /** The error's code; undefined for a success. */
  error: number | undefined;
  has(attribute: Attribute): boolean;
  address(attribute: Attribute): TransportAddress | undefined;
  uint32(attribute: Attribute): number | undefined;
  bytes(attribute: Attribute): Buffer | undefined;
};

/** Adds attributes to a request. */
export type Fill = (writer: MessageWriter) => void;

/** A TURN client with long-term credentials, as simple as can be: one request at a time for each transaction. */
export type TurnClient = {
  /** The client's own port. */
  readonly localPort: number;
  /** Resolves when the connection is gone; never for UDP. */
  readonly closed: Promise<void>;
  /** Where it is relayed from, one for each family. */
  readonly relayed: readonly TransportAddress[];
  /** One request with credentials; challenges are answered. Rejects where no answer comes. */
  request(method: Method, fill?: Fill): Promise<TurnAnswer>;
  /** One request without credentials. */
  bare(method: Method, fill?: Fill): Promise<TurnAnswer>;
  /** Allocates; rejects with the error's code in its message. */
  allocate(options?: { family?: Family; fill?: Fill }): Promise<TurnAnswer>;
  refresh(lifetime: number): Promise<TurnAnswer>;
  permit(...peers: TransportAddress[]): Promise<TurnAnswer>;
  bind(channel: number, peer: TransportAddress): Promise<TurnAnswer>;
  /** A Send indication. */
  send(peer: TransportAddress, data: Uint8Array): void;
  sendOn(channel: number, data: Uint8Array): void;
  /** Bytes as they are. */
  raw(bytes: Uint8Array): void;
  /** The next datagram that came through the relay. Rejects where none comes. */
  receive(): Promise<Received>;
  /** Reads nothing more from its connection. */
  pause(): void;
  close(): void;
};

const { XOR_PEER_ADDRESS, XOR_RELAYED_ADDRESS, ERROR_CODE, REALM, NONCE, USERNAME, DATA } = ATTRIBUTE;

/** Opens a client. For TCP and TLS it is connected when this resolves; certificates are not checked. */
export async function openTurnClient(options: TurnClientOptions): Promise<TurnClient> {
  const { username, password, timeout = 5000 } = options;
  const wire = await (options.transport === 'udp' ? openUdp(options) : openStream(options));
  const waiting = new Map<string, (answer: TurnAnswer) => void>();
  const inbox: Received[] = [];
  const readers: ((received: Received) => void)[] = [];
  let challenge: { realm: Buffer; nonce: Buffer; key: Int32Array } | undefined;
  let relayed: TransportAddress[] = [];

  wire.onMessage((message) => {
    if (message[0]! >= 0x40) {
      const length = message.readUInt16BE(2);
      return arrived({ peer: undefined, channel: message.readUInt16BE(0), data: copy(message, 4, length) });
    }
    const reader = new MessageReader();
    const view = viewOf(message);
    if (reader.parse(view, 0, message.length) !== undefined) return;
    if (reader.class === CLASS.INDICATION) {
      const peer = addressIn(reader, XOR_PEER_ADDRESS);
      if (reader.method === METHOD.DATA && reader.has(DATA)) {
        arrived({ peer, channel: undefined, data: copy(message, reader.at(DATA), reader.size(DATA)) });
      }
      return;
    }
    waiting.get(message.toString('hex', 8, 20))?.(answerOf(reader, message));
  });

  function arrived(received: Received): void {
    const reader = readers.shift();
    if (reader === undefined) inbox.push(received);
    else reader(received);
  }

  function exchange(method: Method, fill: Fill, signed: boolean): Promise<TurnAnswer> {
    const transaction = randomBytes(12);
    const message = build(method, CLASS.REQUEST, transaction, (writer) => {
      fill(writer);
      if (!signed || challenge === undefined) return;
      writer.bytes(USERNAME, Buffer.from(username));
      writer.bytes(REALM, challenge.realm);
      writer.bytes(NONCE, challenge.nonce);
      writer.integrity(challenge.key, 0);
    });
    const id = transaction.toString('hex');
    return new Promise((resolve, reject) => {
      const end = (act: () => void) => {
        clearInterval(again);
        clearTimeout(limit);
        waiting.delete(id);
        act();
      };
      // RFC 8489 §6.2.1: over UDP a request is repeated until it is answered.
      const again = setInterval(() => options.transport === 'udp' && wire.send(message), 500);
      const limit = setTimeout(() => end(() => reject(new Error('the TURN server does not answer'))), timeout);
      waiting.set(id, (answer) => end(() => resolve(answer)));
      void wire.closed.then(() => end(() => reject(new Error('the TURN server has closed the connection'))));
      wire.send(message);
    });
  }

  function learn(answer: TurnAnswer): boolean {
    const [realm, nonce] = [answer.bytes(REALM), answer.bytes(NONCE)];
    if ((answer.error !== 401 && answer.error !== 438) || realm === undefined || nonce === undefined) return false;
    // A second 401 says that the credentials are wrong.
    if (answer.error === 401 && challenge !== undefined) return false;
    challenge = { realm, nonce, key: longTermKey(username, realm.toString(), password) };
    return true;
  }

  async function request(method: Method, fill: Fill = () => undefined): Promise<TurnAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await exchange(method, fill, true);
      if (attempt === 3 || !learn(answer)) return answer;
    }
  }

  return {
    localPort: wire.localPort,
    closed: wire.closed,
    get relayed() {
      return relayed;
    },
    request,
    bare: (method, fill = () => undefined) => exchange(method, fill, false),
    async allocate({ family, fill } = {}) {
      const answer = await request(METHOD.ALLOCATE, (writer) => {
        writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24);
        if (family !== undefined) writer.uint32(ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, family << 24);
        fill?.(writer);
      });
      if (answer.error !== undefined) throw new Error(`Allocate was answered with ${answer.error}`);
      relayed = [answer.address(XOR_RELAYED_ADDRESS)!];
      return answer;
    },
    refresh: (lifetime) => request(METHOD.REFRESH, (writer) => writer.uint32(ATTRIBUTE.LIFETIME, lifetime)),
    permit: (...peers) =>
      request(METHOD.CREATE_PERMISSION, (writer) => {
        for (const peer of peers) writer.address(XOR_PEER_ADDRESS, peer);
      }),
    bind: (channel, peer) =>
      request(METHOD.CHANNEL_BIND, (writer) => {
        writer.uint32(ATTRIBUTE.CHANNEL_NUMBER, channel << 16);
        writer.address(XOR_PEER_ADDRESS, peer);
      }),
    send(peer, data) {
      wire.send(
        build(METHOD.SEND, CLASS.INDICATION, randomBytes(12), (writer) => {
          writer.address(XOR_PEER_ADDRESS, peer);
          writer.bytes(DATA, data);
        }),
      );
    },
    sendOn(channel, data) {
      const header = Buffer.alloc(4);
      header.writeUInt16BE(channel, 0);
      header.writeUInt16BE(data.length, 2);
      const padding = Buffer.alloc(options.transport === 'udp' ? 0 : -data.length & 3);
      wire.send(Buffer.concat([header, data, padding]));
    },
    raw: (bytes) => wire.send(Buffer.from(bytes)),
    receive() {
      const ready = inbox.shift();
      if (ready !== undefined) return Promise.resolve(ready);
      return new Promise((resolve, reject) => {
        const reader = (received: Received) => {
          clearTimeout(limit);
          resolve(received);
        };
        const limit = setTimeout(() => {
          readers.splice(readers.indexOf(reader), 1);
          reject(new Error('nothing came through the relay'));
        }, timeout);
        readers.push(reader);
      });
    },
    pause: () => wire.pause(),
    close: () => wire.close(),
  };
}

/** A UDP socket on loopback that sends back whatever it gets. */
export async function openEcho(host: string): Promise<{ address: TransportAddress; close(): void }> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  await new Promise<void>((resolve) => {
    socket.bind(0, host, resolve);
  });
  return { address: transportAddress(host, socket.address().port), close: () => void socket.close() };
}

export function transportAddress(host: string, port: number): TransportAddress {
  const address = parseAddress(host, port);
  if (address === undefined) throw new TypeError(`${host} is not an IP address`);
  return address;
}

/** A time-limited credential (draft-uberti-behave-turn-rest-00 §2.2), made as any other application would make it. */
export function timeLimited(secret: string, identity: string, seconds = 3600): { username: string; password: string } {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:${identity}`;
  return { username, password: createHmac('sha1', secret).update(username).digest('base64') };
}

type Wire = {
  readonly localPort: number;
  readonly closed: Promise<void>;
  send(message: Buffer): void;
  onMessage(listener: (message: Buffer) => void): void;
  pause(): void;
  close(): void;
};

async function openUdp({ host, port }: TurnClientOptions): Promise<Wire> {
  const socket: UdpSocket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.connect(port, host, resolve);
  });
  let open = true;
  return {
    localPort: socket.address().port,
    closed: new Promise(() => undefined),
    send: (message) => open && socket.send(message, () => undefined),
    onMessage: (listener) => void socket.on('message', listener),
    pause: () => undefined,
    close() {
      if (open) socket.close();
      open = false;
    },
  };
}

async function openStream({ host, port, transport }: TurnClientOptions): Promise<Wire> {
  const socket: Socket =
    transport === 'tls' ? connectTls({ host, port, rejectUnauthorized: false }) : connectTcp({ host, port });
  await new Promise<void>((resolve, reject) => {
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', resolve).once('error', reject);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  return {
    localPort: socket.localPort!,
    closed,
    send: (message) => void socket.write(message),
    onMessage(listener) {
      let rest: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        for (let size = frame(rest); size !== 0 && rest.length >= size; size = frame(rest)) {
          listener(Buffer.from(rest.subarray(0, size)));
          rest = rest.subarray(size);
        }
      });
    },
    pause: () => void socket.pause(),
    close: () => void socket.destroy(),
  };
}

/** Bytes of the first frame; 0 where its header has not come. */
function frame(bytes: Buffer): number {
  if (bytes.length < 4) return 0;
  const length = bytes.readUInt16BE(2);
  return bytes[0]! < 0x40 ? 20 + length : (4 + length + 3) & ~3;
}

function build(method: Method, messageClass: (typeof CLASS)[keyof typeof CLASS], id: Buffer, fill: Fill): Buffer {
  const bytes = Buffer.alloc(70_000);
  const writer = new MessageWriter(bytes);
  writer.begin(0, bytes.length, method, messageClass, viewOf(id), 0);
  fill(writer);
  return bytes.subarray(0, writer.end());
}

function answerOf(reader: MessageReader, message: Buffer): TurnAnswer {
  // The reader is this answer's own, and so are the bytes.
  return {
    error: reader.class === CLASS.ERROR ? codeIn(reader, message) : undefined,
    has: (attribute) => reader.has(attribute),
    address: (attribute) => addressIn(reader, attribute),
    uint32: (attribute) => (reader.has(attribute) ? reader.uint32(attribute) : undefined),
    bytes: (attribute) =>
      reader.has(attribute) ? copy(message, reader.at(attribute), reader.size(attribute)) : undefined,
  };
}

function codeIn(reader: MessageReader, message: Buffer): number {
  const at = reader.at(ERROR_CODE);
  return 100 * (message[at + 2]! & 7) + message[at + 3]!;
}

function addressIn(reader: MessageReader, attribute: Attribute): TransportAddress | undefined {
  const into = { a: 0, b: 0, c: 0, d: 0, port: 0 };
  if (!reader.has(attribute)) return undefined;
  reader.address(attribute, into);
  return into;
}

/** RFC 8489 §9.2.2, made with Node's own MD5 so that it leans on nothing that is tested. */
function longTermKey(username: string, realm: string, password: string): Int32Array {
  const key = createHash('md5').update(`${username}:${realm}:${password}`).digest();
  const words = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(viewOf(key), 0, key.length, words, 0);
  return words;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function copy(bytes: Buffer, at: number, length: number): Buffer {
  return Buffer.from(bytes.subarray(at, at + length));
}
