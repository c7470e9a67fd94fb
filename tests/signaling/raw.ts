import { once } from 'node:events';
import { type Socket as TcpSocket, connect } from 'node:net';

import type { TestServer } from './server.ts';

/** A WebSocket without manners: it sends and reads frames as they are. */
export class RawSocket {
  readonly frames: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #ws: WebSocket;

  private constructor(server: TestServer) {
    this.#ws = new WebSocket(`ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket`);
    server.atEnd(() => this.#ws.close());
    this.#ws.addEventListener('message', ({ data }) => this.frames.push(String(data)));
    this.closed = new Promise((resolve) => {
      this.#ws.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
    });
  }

  /** An open Engine.IO connection, its handshake received. */
  static async open(server: TestServer): Promise<RawSocket> {
    const raw = new RawSocket(server);
    await raw.until(({ frames }) => frames.length > 0);
    return raw;
  }

  /** Joins, and waits for `joined`. */
  static async join(server: TestServer, who: string): Promise<RawSocket> {
    const raw = await RawSocket.open(server);
    raw.hello({ protocol: 1, token: await server.token(who) });
    await raw.until(({ frames }) => frames.some((frame) => frame.startsWith('42["joined"')));
    return raw;
  }

  /** Answers Engine.IO's pings from now on, and tells of each. */
  answerPings(listener: () => void): void {
    this.#ws.addEventListener('message', ({ data }) => {
      if (data !== '2') return;
      this.send('3');
      listener();
    });
  }

  hello(auth: object): void {
    this.send(`40${JSON.stringify(auth)}`);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#ws.send(data);
  }

  /** Waits until `condition` holds after some message. Rejects where the socket closes before. */
  async until(condition: (raw: RawSocket) => boolean): Promise<void> {
    while (!condition(this)) {
      await Promise.race([
        once(this.#ws, 'message', { signal: AbortSignal.timeout(5000) }),
        this.closed.then(({ code }) => {
          throw new Error(`closed with ${code}`);
        }),
      ]);
    }
  }

  /** The message `name`, where it came. */
  message(name: string): unknown {
    const frame = this.frames.find((text) => text.startsWith(`42["${name}",`));
    return frame === undefined ? undefined : JSON.parse(frame.slice(2))[1];
  }

  /** The code of the `bye`, where it came. */
  get bye(): string | undefined {
    return (this.message('bye') as { code: string } | undefined)?.code;
  }
}

/** What a client is told that is not let in, and the code with which its socket is closed. */
export async function refused(
  server: TestServer,
  hello: object,
): Promise<{ code: string; closed: number; error: object }> {
  const raw = await RawSocket.open(server);
  raw.hello(hello);
  const { code: closed } = await raw.closed;
  const frame = raw.frames.at(-1) ?? '';
  if (!frame.startsWith('44{')) throw new Error(`it was not refused, but sent ${frame}`);
  const error = JSON.parse(frame.slice(2)).data as { code: string };
  return { code: error.code, closed, error };
}

/** A TCP connection on which a WebSocket was opened. Rejects with the server's answer where it was refused. */
export async function upgraded(server: TestServer, localAddress = '127.0.0.1', header = ''): Promise<TcpSocket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  server.atEnd(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Version: 13\r\n${header}\r\n`,
  );
  const [head] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
  const answer = head.toString('latin1');
  if (!answer.startsWith('HTTP/1.1 101 ')) {
    socket.destroy();
    throw new Error(answer);
  }
  return socket;
}

/** A client that joins or resumes, and from then on reads nothing. */
export async function neverReading(server: TestServer, hello: object): Promise<TcpSocket> {
  const socket = await upgraded(server);
  socket.write(clientFrame(`40${JSON.stringify(hello)}`));
  socket.pause();
  return socket;
}

/** RFC 6455 §5.2: a text frame of 126 to 65,535 bytes, masked with zeros. */
function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text.padEnd(126));
  const header = Buffer.alloc(8);
  header[0] = 0x81;
  header[1] = 0x80 | 126;
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
