/** A thread of clients that join over signaling, some at once, and leave. */
import { parentPort, workerData } from 'node:worker_threads';

import { io } from 'socket.io-client';

export type Crowd = {
  readonly url: string;
  readonly rtpCapabilities: object;
  /** How many join at once. */
  readonly atOnce: number;
};

const { url, rtpCapabilities, atOnce } = workerData as Crowd;

/** Takes join tokens; answers with `joined` when all of them have joined and left. */
parentPort!.on('message', (tokens: string[]) => {
  const waiting = [...tokens];
  const one = async () => {
    for (let token = waiting.pop(); token !== undefined; token = waiting.pop()) await joinAndLeave(token);
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void Promise.all(Array.from({ length: atOnce }, one)).then(() => parentPort!.postMessage('joined'));
});

async function joinAndLeave(token: string): Promise<void> {
  const socket = io(url, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false },
    auth: { protocol: 1, token, rtpCapabilities },
  });
  await new Promise((resolve, reject) => {
    socket.once('joined', resolve).once('connect_error', reject);
  });
  await new Promise((resolve) => socket.emit('leave', 1, {}, resolve));
  socket.disconnect();
}
