/** A receiver of webhooks, which checks signatures, and a program of an endpoint's behaviour. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const KEY = Buffer.alloc(24, 7);
export const SECRET = `whsec_${KEY.toString('base64')}`;

export type Received = { readonly id: string; readonly seq: number; readonly room: string; readonly roomSeq: number };

export type Receiver = {
  readonly url: string;
  /** What it has said yes to, in this order. */
  readonly taken: Received[];
  /** Requests that came, whatever became of them. */
  readonly requests: number;
  /** What was wrong with requests. */
  readonly faults: string[];
  close(): Promise<void>;
};

/** Answers each event as `answer` does; without it with 204. */
export async function startReceiver(
  t: { after(stop: () => Promise<void>): unknown },
  answer: (event: Received, response: ServerResponse, request: IncomingMessage) => number | undefined = () => 204,
  port = 0,
): Promise<Receiver> {
  const taken: Received[] = [];
  const faults: string[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const event = read(request, body, faults);
      const status = answer(event, response, request);
      if (status === undefined) return;
      if (status < 300) taken.push(event);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  t.after(close);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return {
    ...{ url, taken, faults, close },
    get requests() {
      return requests;
    },
  };
}

function read(request: IncomingMessage, body: string, faults: string[]): Received {
  const header = (name: string) => String(request.headers[name]);
  const [id, timestamp] = [header('webhook-id'), header('webhook-timestamp')];
  const expected = createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
  if (!header('webhook-signature').split(' ').includes(`v1,${expected}`)) faults.push('signature');
  if (Math.abs(Number(timestamp) - Date.now() / 1000) > 60) faults.push('timestamp');
  const { seq, room, roomSeq } = JSON.parse(body) as Omit<Received, 'id'>;
  if (!id.endsWith(`-${seq}`)) faults.push('id');
  return { id, seq, room, roomSeq };
}
