/** A thread of clients that join over signaling, some at once, stay until they are told, and leave. */
import { parentPort, workerData } from 'node:worker_threads';

import { io, type Socket } from 'socket.io-client';

export type Crowd = {
  readonly url: string;
  readonly rtpCapabilities: object;
  /** How many join, or leave, at once. */
  readonly atOnce: number;
};
/** Join with these tokens, or everyone out. */
export type CrowdOrder = { readonly join: readonly string[] } | 'leave';

const { url, rtpCapabilities, atOnce } = workerData as Crowd;
const inside: Socket[] = [];

/** Takes orders; answers with `done` when one is carried out. */
parentPort!.on('message', (order: CrowdOrder) => {
  const done =
    order === 'leave'
      ? each(inside.splice(0), leave)
      : each(order.join, async (token) => void inside.push(await join(token)));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void done.then(() => parentPort!.postMessage('done'));
});

async function each<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const one = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

async function join(token: string): Promise<Socket> {
  const socket = io(url, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false },
    auth: { protocol: 1, token, rtpCapabilities },
  });
  await new Promise((resolve, reject) => {
    socket.once('joined', resolve).once('connect_error', reject);
  });
  return socket;
}

async function leave(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.emit('leave', 1, {}, resolve));
  socket.disconnect();
}
