/**
 * What people who only sit there cost the main thread: joins participants with sockets and transports, lets them be,
 * and reads the CPU time of the main thread, and of all threads.
 *
 *     node loadtest/idle.ts [--participants 500] [--rooms 50] [--seconds 40] [--rest 40]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { io, type Socket } from 'socket.io-client';

import { cpuSeconds, mainThreadSeconds, startOwnServer } from './support/own-server.ts';
import { verdict } from './support/percentiles.ts';

const TARGET_PERCENT = 2;
const { values } = parseArgs({
  options: {
    participants: { type: 'string', default: '500' },
    rooms: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '40' },
    rest: { type: 'string', default: '40' },
  },
});
const participants = Math.min(5000, Number(values.participants));
const rooms = Math.max(1, Number(values.rooms));
const seconds = Math.min(300, Number(values.seconds));
const rest = Math.min(300, Number(values.rest));

const server = await startOwnServer();
// What a start or a join leaves to spare time, the compiler's and the collector's work included, is over by then.
await sleep(rest * 1000);
const nobody = await shares(server.pid);
const sockets: Socket[] = [];
for (let index = 0; index < participants; index += 1) sockets.push(await join(index));
await sleep(rest * 1000);
const everybody = await shares(server.pid);
for (const socket of sockets) socket.disconnect();
await server.close();

console.log(`with nobody: main thread ${percent(nobody.main)}, all threads ${percent(nobody.all)} of a core`);
console.log(`with ${participants} idle participants in ${rooms} rooms: all threads ${percent(everybody.all)}`);
console.log(verdict('main thread with them', everybody.main, TARGET_PERCENT, '%'));

type Shares = { main: number; all: number };

/** Percent of a core that the process uses. */
async function shares(pid: number): Promise<Shares> {
  const [main, all, start] = [mainThreadSeconds(pid), cpuSeconds(pid), performance.now()];
  await sleep(seconds * 1000);
  const share = (used: number) => (used * 100_000) / (performance.now() - start);
  return { main: share(mainThreadSeconds(pid) - main), all: share(cpuSeconds(pid) - all) };
}

function percent(value: number): string {
  return `${value.toFixed(2)} %`;
}

async function join(index: number): Promise<Socket> {
  const response = await fetch(`${server.url}/v1/rooms/idle-${index % rooms}/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ identity: `idle-${index}` }),
  });
  const { token } = (await response.json()) as { token: string };
  const socket = io(server.url, { transports: ['websocket'], auth: { protocol: 1, token }, forceNew: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('joined', () => resolve());
    socket.once('connect_error', reject);
  });
  return socket;
}
