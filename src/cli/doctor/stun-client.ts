/** A STUN and TURN client for one purpose: to see whether a TURN server does its work from where one is. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';

import { addressText, emptyAddress } from '../../stun/address.ts';
import { ATTRIBUTE, type Attribute } from '../../stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS } from '../../stun/hmac-sha1.ts';
import { LongTermKey } from '../../stun/long-term-key.ts';
import { MessageReader } from '../../stun/message-reader.ts';
import { MessageWriter } from '../../stun/message-writer.ts';
import { CLASS, METHOD, type Method } from '../../stun/methods.ts';
import { PASSWORD_ALGORITHM } from '../../stun/password-algorithms.ts';
import { frameLength } from '../../stun/stream-framing.ts';

/** A TURN URI in its parts (RFC 7065). */
export type TurnTarget = { readonly host: string; readonly port: number; readonly transport: 'udp' | 'tcp' | 'tls' };

/** `problem`: why the certificate would not be trusted, over TLS. */
export type AllocateResult = { readonly relayed: string; readonly untrusted: string | undefined };

/** How long an answer may take, and when a datagram is sent again (RFC 8489 §6.2.1), in milliseconds. */
const PATIENCE = 3000;
const REPEAT = 500;
const LONGEST = 2048;
/** REQUESTED-TRANSPORT: UDP (RFC 8656 §18.7). */
const UDP = 17 << 24;

export function parseTurnUri(uri: string): TurnTarget | undefined {
  const [, scheme, bracketed, plain, port, transport = 'udp'] =
    /^(turns?):(?:\[([0-9a-f:]+)\]|([^:?]+))(?::(\d+))?(?:\?transport=(udp|tcp))?$/u.exec(uri) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return undefined;
  const secure = scheme === 'turns';
  return {
    host,
    port: Number(port ?? (secure ? 5349 : 3478)),
    transport: secure ? 'tls' : (transport as 'udp' | 'tcp'),
  };
}

/** The address that the STUN server at `target` sees (RFC 8489 §12). Rejects with what went wrong. */
export async function bind(target: TurnTarget): Promise<string> {
  const wire = await open(target);
  try {
    const answer = await exchange(wire, METHOD.BINDING, () => undefined);
    return addressIn(answer, ATTRIBUTE.XOR_MAPPED_ADDRESS);
  } finally {
    wire.close();
  }
}

/** Allocates a relayed address with long-term credentials (RFC 8656 §7), and gives it back. */
export async function allocate(target: TurnTarget, username: string, password: string): Promise<AllocateResult> {
  const wire = await open(target);
  try {
    const challenge = await exchange(wire, METHOD.ALLOCATE, (writer) =>
      writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, UDP),
    );
    const signed = signer(challenge, username, password);
    const answer = await exchange(wire, METHOD.ALLOCATE, (writer) => {
      writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, UDP);
      signed(writer);
    });
    const code = errorIn(answer);
    if (code !== undefined) throw new Error(`Allocate is answered with ${code}`);
    const relayed = addressIn(answer, ATTRIBUTE.XOR_RELAYED_ADDRESS);
    await exchange(wire, METHOD.REFRESH, (writer) => {
      writer.uint32(ATTRIBUTE.LIFETIME, 0);
      signed(writer);
    });
    return { relayed, untrusted: wire.untrusted };
  } finally {
    wire.close();
  }
}

/** What signs requests once realm and nonce are known (RFC 8489 §9.2.3). */
function signer(challenge: Message, username: string, password: string): (writer: MessageWriter) => void {
  const code = errorIn(challenge);
  const { reader, bytes } = challenge;
  if (code !== 401 || !reader.has(ATTRIBUTE.REALM) || !reader.has(ATTRIBUTE.NONCE)) {
    throw new Error(`Allocate is answered with ${code ?? 'success'} where it asks for credentials`);
  }
  const part = (attribute: Attribute) =>
    Buffer.from(bytes.subarray(reader.at(attribute), reader.at(attribute) + reader.size(attribute)));
  const [realm, nonce, name] = [part(ATTRIBUTE.REALM), part(ATTRIBUTE.NONCE), Buffer.from(username)];
  const key = new LongTermKey(realm);
  const words = new Int32Array(HMAC_SHA1_KEY_WORDS);
  if (!key.begin(name, 0, name.length) || !key.password(Buffer.from(password)))
    throw new Error('the credentials are too long');
  key.derive(PASSWORD_ALGORITHM.MD5);
  key.sha1(words, 0);
  return (writer) => {
    writer.bytes(ATTRIBUTE.USERNAME, name);
    writer.bytes(ATTRIBUTE.REALM, realm);
    writer.bytes(ATTRIBUTE.NONCE, nonce);
    writer.integrity(words, 0);
  };
}

type Message = { readonly reader: MessageReader; readonly bytes: Buffer };
type Wire = {
  send(message: Buffer): void;
  /** Rejects where the connection fails. */
  readonly failed: Promise<never>;
  /** One listener at a time. */
  onMessage(listener: (message: Buffer) => void): void;
  readonly repeats: boolean;
  readonly untrusted: string | undefined;
  close(): void;
};

async function exchange(wire: Wire, method: Method, fill: (writer: MessageWriter) => void): Promise<Message> {
  const id = randomBytes(12);
  const bytes = Buffer.alloc(LONGEST);
  const writer = new MessageWriter(bytes);
  writer.begin(0, bytes.length, method, CLASS.REQUEST, viewOf(id), 0);
  fill(writer);
  const request = bytes.subarray(0, writer.end());
  const timers: NodeJS.Timeout[] = [];
  try {
    return await Promise.race([
      wire.failed,
      new Promise<Message>((resolve, reject) => {
        wire.onMessage((message) => {
          const reader = new MessageReader();
          if (reader.parse(viewOf(message), 0, message.length) !== undefined) return;
          if (message.subarray(8, 20).equals(id)) resolve({ reader, bytes: message });
        });
        timers.push(setTimeout(() => reject(new Error(`no answer within ${PATIENCE / 1000} s`)), PATIENCE));
        if (wire.repeats) timers.push(setInterval(() => wire.send(request), REPEAT));
        wire.send(request);
      }),
    ]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function errorIn({ reader, bytes }: Message): number | undefined {
  if (reader.class !== CLASS.ERROR) return undefined;
  const at = reader.at(ATTRIBUTE.ERROR_CODE);
  return 100 * (bytes[at + 2]! & 7) + bytes[at + 3]!;
}

function addressIn({ reader }: Message, attribute: Attribute): string {
  const address = emptyAddress();
  if (!reader.has(attribute) || !reader.address(attribute, address)) throw new Error('the answer holds no address');
  return addressText(address);
}

function open(target: TurnTarget): Promise<Wire> {
  return target.transport === 'udp' ? openUdp(target) : openStream(target);
}

function openUdp({ host, port }: TurnTarget): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const { promise: failed, reject: fail } = rejection();
    socket.on('error', (error) => (fail(error), reject(error)));
    socket.connect(port, host, () => {
      resolve({
        failed,
        send: (message) => socket.send(message, (error) => error && fail(error)),
        onMessage: (listener) => void socket.removeAllListeners('message').on('message', listener),
        repeats: true,
        untrusted: undefined,
        close: () => void socket.close(),
      });
    });
  });
}

function openStream({ host, port, transport }: TurnTarget): Promise<Wire> {
  return new Promise((resolve, reject) => {
    // Whether the certificate is trusted is told apart from whether TURN answers.
    const socket: Socket =
      transport === 'tls'
        ? connectTls({ host, port, rejectUnauthorized: false, servername: nameOf(host) })
        : connectTcp({ host, port });
    const { promise: failed, reject: fail } = rejection();
    const late = setTimeout(() => socket.destroy(new Error(`no connection within ${PATIENCE / 1000} s`)), PATIENCE);
    let listener: (message: Buffer) => void = () => undefined;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', (error) => (fail(error), reject(error)));
    socket.on('close', () => (clearTimeout(late), fail(new Error('the server has closed the connection'))));
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const length = frameLength(viewOf(rest), 0, rest.length, LONGEST);
        if (typeof length === 'string') return void socket.destroy(new Error('what answers there does not speak TURN'));
        if (length === 0 || length > rest.length) return undefined;
        listener(Buffer.from(rest.subarray(0, length)));
        rest = rest.subarray(length);
      }
    });
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      clearTimeout(late);
      const untrusted = socket instanceof TLSSocket && !socket.authorized ? socket.authorizationError : undefined;
      resolve({
        failed,
        send: (message) => void socket.write(message),
        onMessage: (next) => (listener = next),
        repeats: false,
        untrusted: untrusted === undefined || untrusted === null ? undefined : String(untrusted),
        close: () => void socket.destroy(),
      });
    });
  });
}

/** A promise that only ever rejects, and may do so unheard. */
function rejection(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  promise.catch(() => undefined);
  return { promise, reject };
}

/** RFC 6066 §3: a server name is no address. */
function nameOf(host: string): string {
  return /^[\d.]+$|:/u.test(host) ? '' : host;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
