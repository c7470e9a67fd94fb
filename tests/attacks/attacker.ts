/**
 * A client that says what it likes, over sockets of its own. It leans on nothing of what it attacks but the numbers of
 * attributes and methods.
 */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { timeLimited } from '../support/turn-client.ts';
import { SECRET } from '../relay/start-relay.ts';
import { type Answer, FOR_UDP, idOf, message, type Part, readAnswer } from './messages.ts';

export type Login = {
  readonly username: string;
  readonly password: string;
  /** In place of what the server has said. */
  readonly realm?: string;
  readonly nonce?: string | Buffer;
};

export type Attacker = {
  readonly localPort: number;
  /** Resolves when the connection is gone; never for UDP. */
  readonly closed: Promise<void>;
  /** Everything that has come, and has answered no `ask`. */
  readonly inbox: Buffer[];
  readonly nonce: Buffer | undefined;
  post(bytes: Uint8Array): Promise<void>;
  /** The answer to a message; undefined where there is none. A Binding request behind it tells that, not a clock. */
  ask(message: Buffer): Promise<Answer | undefined>;
  /** Resolves when the server has dealt with all that was sent so far. */
  settled(): Promise<void>;
  /** A signed request, with a nonce of this server's for this client. */
  sign(method: number, parts?: readonly Part[], login?: Login, behind?: readonly Part[]): Promise<Buffer>;
  /** `sign`, and the answer to it, which must come. */
  request(method: number, parts?: readonly Part[], login?: Login): Promise<Answer>;
  pause(): void;
  close(): void;
};

const LIMIT_MS = 10_000;

/** Who it is where a test does not say: one user, though seconds pass between two of its clients. */
export const EVE = timeLimited(SECRET, 'lab/eve');

/** What opens a client of a relay. */
export type Target = {
  readonly port: number;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly host?: string;
  /** Where it comes from. */
  readonly from?: string;
  readonly login?: Login;
};

/** Opens a client, which is closed when the test ends. */
export async function openAttacker(t: TestContext, target: Target): Promise<Attacker> {
  const attacker = await connectAttacker(target);
  t.after(() => attacker.close());
  return attacker;
}

/** Opens a client, which the caller closes. */
export async function connectAttacker(target: Target): Promise<Attacker> {
  const ours = target.login ?? EVE;
  const inbox: Buffer[] = [];
  const waiting = new Map<string, (answer: Answer) => void>();
  /** Binding requests whose answers nobody waits for any more. */
  const sentinels = new Set<string>();
  let challenge: { realm: string; nonce: Buffer } | undefined;
  const wire = await (target.transport === undefined || target.transport === 'udp' ? openUdp : openStream)(
    target,
    (bytes) => {
      const id = bytes[0]! < 0x40 ? idOf(bytes) : '';
      const wanted = waiting.get(id);
      if (wanted !== undefined) wanted(readAnswer(bytes));
      else if (!sentinels.delete(id)) inbox.push(bytes);
    },
  );

  /** The answer to the first of `ids` that is answered. */
  function next(ids: readonly string[], send: () => void): Promise<{ id: string; answer: Answer }> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(limit);
        for (const id of ids) waiting.delete(id);
      };
      const limit = setTimeout(() => {
        end();
        reject(new Error('the server does not answer'));
      }, LIMIT_MS);
      for (const id of ids) {
        waiting.set(id, (answer) => {
          end();
          resolve({ id, answer });
        });
      }
      send();
    });
  }

  async function ask(bytes: Buffer): Promise<Answer | undefined> {
    const sentinel = message(METHOD.BINDING);
    const ids = [idOf(bytes), idOf(sentinel)];
    const { id, answer } = await next(ids, () => {
      void wire.post(bytes);
      void wire.post(sentinel);
    });
    if (id === ids[1]) return undefined;
    sentinels.add(ids[1]!);
    return answer;
  }

  async function sign(method: number, parts: readonly Part[] = [], login: Login = ours, behind: readonly Part[] = []) {
    const known = (challenge ??= await learn());
    const { realm = known.realm, nonce = known.nonce, username, password } = login;
    const whole = [...parts, [ATTRIBUTE.USERNAME, username], [ATTRIBUTE.REALM, realm], [ATTRIBUTE.NONCE, nonce]];
    const key = createHash('md5').update(`${username}:${realm}:${password}`).digest();
    return message(method, whole as Part[], { key, behind });
  }

  /** A 401 has it, whatever the credentials. */
  async function learn(): Promise<{ realm: string; nonce: Buffer }> {
    const bytes = message(METHOD.ALLOCATE, [FOR_UDP]);
    const { answer } = await next([idOf(bytes)], () => void wire.post(bytes));
    return { realm: String(answer.get(ATTRIBUTE.REALM)), nonce: answer.get(ATTRIBUTE.NONCE)! };
  }

  return {
    localPort: wire.localPort,
    closed: wire.closed,
    inbox,
    get nonce() {
      return challenge?.nonce;
    },
    post: (bytes) => wire.post(Buffer.from(bytes)),
    ask,
    async settled() {
      const sentinel = message(METHOD.BINDING);
      await next([idOf(sentinel)], () => void wire.post(sentinel));
    },
    sign,
    async request(method, parts, login) {
      const bytes = await sign(method, parts, login);
      const { answer } = await next([idOf(bytes)], () => void wire.post(bytes));
      return answer;
    },
    pause: () => wire.pause(),
    close: () => wire.close(),
  };
}

/** Open descriptors of this process, those of its threads among them. */
export function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Memory of this process, its threads included, after what is garbage on this thread has gone. */
export function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage().rss;
}

/** A socket on loopback that keeps what it gets, and sends to loopback. */
export async function openListener(
  t: TestContext,
  host = '127.0.0.1',
): Promise<{ port: number; got: Buffer[]; send(bytes: Uint8Array, port: number): Promise<void> }> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  t.after(() => socket.close());
  const got: Buffer[] = [];
  socket.on('message', (bytes) => got.push(bytes));
  await new Promise<void>((resolve) => {
    socket.bind(0, host, resolve);
  });
  return {
    port: socket.address().port,
    got,
    send: (bytes, port) =>
      new Promise((resolve) => {
        socket.send(bytes, port, isIPv6(host) ? '::1' : '127.0.0.1', () => resolve());
      }),
  };
}

type Wire = {
  readonly localPort: number;
  readonly closed: Promise<void>;
  post(bytes: Buffer): Promise<void>;
  pause(): void;
  close(): void;
};

async function openUdp({ port, host = '127.0.0.1', from }: Target, onMessage: (bytes: Buffer) => void): Promise<Wire> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('error', () => undefined).on('message', onMessage);
  if (from !== undefined) {
    await new Promise<void>((resolve) => {
      socket.bind(0, from, resolve);
    });
  }
  await new Promise<void>((resolve) => {
    socket.connect(port, host, resolve);
  });
  let open = true;
  return {
    localPort: socket.address().port,
    closed: new Promise(() => undefined),
    post: (bytes) =>
      new Promise((resolve) => {
        if (open) socket.send(bytes, () => resolve());
        else resolve();
      }),
    pause: () => undefined,
    close() {
      if (open) socket.close();
      open = false;
    },
  };
}

async function openStream(
  { port, host = '127.0.0.1', from, transport }: Target,
  onMessage: (bytes: Buffer) => void,
): Promise<Wire> {
  const place = { host, port, ...(from === undefined ? {} : { localAddress: from }) };
  const socket: Socket = transport === 'tls' ? connectTls({ ...place, rejectUnauthorized: false }) : connectTcp(place);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  await new Promise<void>((resolve, reject) => {
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', resolve).once('error', reject);
  });
  socket.on('error', () => undefined);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let size = frameSize(rest); size !== 0 && rest.length >= size; size = frameSize(rest)) {
      onMessage(Buffer.from(rest.subarray(0, size)));
      rest = rest.subarray(size);
    }
  });
  return {
    localPort: socket.localPort!,
    closed,
    post: (bytes) =>
      new Promise((resolve) => {
        socket.write(bytes, () => resolve());
      }),
    pause: () => void socket.pause(),
    close: () => void socket.destroy(),
  };
}

/** Bytes of the first frame; 0 where its header has not come. */
function frameSize(bytes: Buffer): number {
  if (bytes.length < 4) return 0;
  const length = bytes.readUInt16BE(2);
  return bytes[0]! < 0x40 ? 20 + length : (4 + length + 3) & ~3;
}
