/**
 * What people who only sit there cost the main thread: joins participants with sockets and transports, lets them be,
 * and reads the process's CPU time.
 *
 *     node loadtest/idle.ts [--participants 500] [--rooms 50] [--seconds 30]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { io, type Socket } from 'socket.io-client';

import { cpuSeconds, startOwnServer } from './support/own-server.ts';
import { verdict } from './support/percentiles.ts';

const TARGET_PERCENT = 2;
const { values } = parseArgs({
  options: {
    participants: { type: 'string', default: '500' },
    rooms: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '30' },
  },
});
const participants = Math.min(5000, Number(values.participants));
const rooms = Math.max(1, Number(values.rooms));
const seconds = Math.min(300, Number(values.seconds));

const server = await startOwnServer();
// What a start or a join leaves to spare time, the compiler's included, is over by then.
await sleep(20_000);
const nobody = await share(server.pid, 10);
const sockets: Socket[] = [];
for (let index = 0; index < participants; index += 1) sockets.push(await join(index));
await sleep(20_000);
const everybody = await share(server.pid, seconds);
for (const socket of sockets) socket.disconnect();
await server.close();

console.log(`main thread with nobody: ${nobody.toFixed(2)} % of a core`);
console.log(
  verdict(`main thread with ${participants} idle participants in ${rooms} rooms`, everybody, TARGET_PERCENT, '%'),
);

/** Percent of a core that the process uses. */
async function share(pid: number, duration: number): Promise<number> {
  const [before, start] = [cpuSeconds(pid), performance.now()];
  await sleep(duration * 1000);
  return ((cpuSeconds(pid) - before) * 100_000) / (performance.now() - start);
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
