/** The sockets and timers of a UDP link, on a thread of their own: what keeps the test's event loop busy delays no datagram. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';

import { Direction, type Impairment } from './impairment.ts';
import type { LinkCounts, LinkOrder, LinkReport, LinkStart } from './udp-link.ts';

/** Clients' sockets that are remembered; the one that has been silent for longest makes room. */
const MAX_FLOWS = 64;
const BUFFER_BYTES = 4 * 1024 * 1024;

type Address = LinkStart['to'];
type Waiting = { readonly due: number; readonly data: Buffer; readonly out: (data: Buffer) => void };

/** Datagrams on their way in one direction, the next one first. */
class Lane {
  readonly direction: Direction;
  readonly counts: LinkCounts = { sent: 0, delivered: 0, lost: 0, queueFull: 0, bytes: 0 };
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(seed: number) {
    this.direction = new Direction(seed);
  }

  take(data: Buffer, out: (data: Buffer) => void): void {
    const now = performance.now();
    this.counts.sent += 1;
    const fate = this.direction.send(data.length, now);
    if (fate === 'lost') this.counts.lost += 1;
    else if (fate === 'queue-full') this.counts.queueFull += 1;
    else if (fate <= now && this.#waiting.length === 0) this.#deliver({ due: fate, data, out });
    else this.#wait({ due: fate, data, out });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #wait(datagram: Waiting): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1]!.due > datagram.due) at -= 1;
    waiting.splice(at, 0, datagram);
    if (at === 0) this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const [next] = this.#waiting;
    // A timer counts whole milliseconds from when the loop last looked, and may so be early: then it is set again.
    if (next !== undefined) this.#timer = setTimeout(() => this.#run(), Math.ceil(next.due - performance.now()));
  }

  #run(): void {
    const now = performance.now();
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.due <= now) count += 1;
    for (const datagram of this.#waiting.splice(0, count)) this.#deliver(datagram);
    this.#arm();
  }

  #deliver({ data, out }: Waiting): void {
    this.counts.delivered += 1;
    this.counts.bytes += data.length;
    out(data);
  }
}

if (parentPort === null) throw new Error('This runs as a thread.');
const test = parentPort;
const { to, seed } = workerData as LinkStart;
const lanes = { up: new Lane(seed), down: new Lane(seed + 1) };
/** A socket towards the server for each of a client's, as a NAT has a mapping for each. In the order of their last use. */
const flows = new Map<string, Socket>();

const front = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
front.bind(0, '127.0.0.1');
await once(front, 'listening');
front.on('message', (data, from) => {
  const key = `${from.address}:${from.port}`;
  const back = flows.get(key) ?? openBack(from);
  flows.delete(key);
  flows.set(key, back);
  lanes.up.take(data, (out) => send(back, out, to));
});
front.on('error', () => undefined);

test.on('message', (order: LinkOrder) => {
  if (order.do === 'set') lanes[order.direction].direction.set(order.impairment);
  if (order.do === 'close') {
    for (const lane of Object.values(lanes)) lane.stop();
    for (const socket of [front, ...flows.values()]) socket.close();
    test.close();
    return;
  }
  tell();
});
tell();

function tell(): void {
  const state = ({ direction, counts }: Lane): { impairment: Impairment; counts: LinkCounts } => ({
    impairment: direction.impairment,
    counts: { ...counts },
  });
  const report: LinkReport = { port: front.address().port, up: state(lanes.up), down: state(lanes.down) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, and no window
  test.postMessage(report);
}

function openBack(client: Address): Socket {
  for (const [oldest, socket] of flows) {
    if (flows.size < MAX_FLOWS) break;
    flows.delete(oldest);
    socket.close();
  }
  const back = createSocket('udp4');
  back.on('error', () => undefined);
  back.on('message', (data) => lanes.down.take(data, (out) => send(front, out, client)));
  return back;
}

/** Where nobody is, or the socket has been closed meanwhile, a network says nothing. */
function send(socket: Socket, data: Buffer, { address, port }: Address): void {
  try {
    socket.send(data, port, address, () => undefined);
  } catch {
    // Closed.
  }
}
