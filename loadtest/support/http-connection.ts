import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The answer to one request, as far as a measurement has to look. `body` is as long as its Content-Length says. */
export type RawAnswer = { readonly status: number; readonly body: string };

/** One HTTP/1.1 connection that carries one request at a time. */
export type HttpConnection = {
  /**
   * Writes `request`, which is a whole request, byte for byte, and calls back as soon as the last byte of its answer is
   * there. Throws where an answer is still awaited.
   */
  ask(request: Buffer, answered: (answer: RawAnswer) => void): void;
  close(): void;
};

const HEAD_END = '\r\n\r\n';

/**
 * A client that costs next to nothing, so that what is measured is the server: node:http spends more time on a request
 * than the server under test, and that time would count as the server's. `failed` hears of an answer that makes no
 * sense and of a connection that ends before it is closed.
 */
export async function openHttpConnection(
  { hostname, port }: URL,
  failed: (error: Error) => void,
): Promise<HttpConnection> {
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let waiting: ((answer: RawAnswer) => void) | undefined;
  let received = '';
  let closed = false;

  const fail = (why: string) => {
    if (closed) return;
    closed = true;
    socket.destroy();
    failed(new Error(why));
  };
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    const bodyAt = received.indexOf(HEAD_END) + HEAD_END.length;
    if (bodyAt < HEAD_END.length) return;
    const head = received.slice(0, bodyAt);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /u.exec(head)?.[1]);
    // RFC 9110 §8.6: 204 has no body, and names no length.
    const length = status === 204 ? 0 : Number(/\r\ncontent-length: (\d+)\r\n/iu.exec(head)?.[1]);
    if (Number.isNaN(status + length) || waiting === undefined) {
      fail(`not an answer to a request: ${received.slice(0, 200)}`);
      return;
    }
    const missing = bodyAt + length - received.length;
    if (missing > 0) return;
    if (missing < 0) {
      fail(`the answer is ${-missing} bytes longer than its Content-Length says`);
      return;
    }
    const [answered, body] = [waiting, received.slice(bodyAt)];
    [waiting, received] = [undefined, ''];
    answered({ status, body });
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the server closed the connection'));

  return {
    ask(request, answered) {
      if (waiting !== undefined) throw new Error('an answer is still awaited');
      waiting = answered;
      socket.write(request);
    },
    close() {
      closed = true;
      socket.destroy();
    },
  };
}

/** The bytes of a request with an API key, and with a JSON body where there is one. */
export function jsonRequest(method: string, { host, pathname }: URL, key: string, body?: unknown): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body);
  return Buffer.from(
    [
      `${method} ${pathname} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: Bearer ${key}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(text)}`,
      '',
      text,
    ].join('\r\n'),
  );
}
