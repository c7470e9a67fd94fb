/**
 * Thousands of connections that say nothing, or not enough, while others go on working: 10,000 from one address, of
 * which the server keeps `http.connectionsPerAddress`, and 10,000 from so many addresses that it has to keep them all.
 *
 *     node loadtest/idle-sockets.ts [--sockets 10000] [--limit 2000]
 *
 * Prints for each kind how many were refused, what the server's memory grew by, how fast rooms are created meanwhile
 * over connections of another address, and when the last idle one was closed. Linux only; needs `ulimit -n` above the
 * number of sockets.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { type HttpConnection, jsonRequest, openHttpConnection } from './support/http-connection.ts';
import type { Held } from './support/idle-holder.ts';
import { footprint, startOwnServer } from './support/own-server.ts';
import { type PacedLatencies, sendPaced } from './support/paced.ts';
import { percentile, row, verdict } from './support/percentiles.ts';

/** µWS closes a connection without a request 10 to 12 seconds after it was opened. */
const LIFE_SECONDS = 12;
/** Seconds that opening, refusing and a busy machine may take besides. */
const SLACK_SECONDS = 6;
/** Median of the others' requests meanwhile. */
const TARGET_MS = 5;
const RATE = 100;
const { values } = parseArgs({
  options: { sockets: { type: 'string', default: '10000' }, limit: { type: 'string', default: '2000' } },
});
const sockets = Math.min(18_000, Number(values.sockets));
const limit = Math.max(1, Number(values.limit));

const enough = Math.ceil(sockets / limit);
const HALF_A_HEAD = 'POST /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ';
const ONE_REQUEST = 'GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n';
type Kind = { readonly name: string; readonly addresses: number; readonly sent: string };
const KINDS: readonly Kind[] = [
  { name: 'silent, one address', addresses: 1, sent: '' },
  { name: `silent, ${enough} addresses`, addresses: enough, sent: '' },
  { name: `half a head, ${enough} addresses`, addresses: enough, sent: HALF_A_HEAD },
  { name: `one request, ${enough} addresses`, addresses: enough, sent: ONE_REQUEST },
];

const server = await startOwnServer(['--http.connectionsPerAddress', String(limit), '--rooms.max', '1000000']);
const url = new URL('/v1/rooms', server.url);
try {
  const others = await Promise.all(Array.from({ length: 8 }, () => openHttpConnection(url, fail)));
  await createRooms('warm-up', 3, others);
  console.log(row('rooms, nothing else', (await createRooms('calm', 5, others)).fromSent, 'ms'));
  for (const kind of KINDS) await measure(kind, others);
  for (const connection of others) connection.close();
} finally {
  await server.close();
}

async function measure({ name, addresses, sent }: Kind, others: readonly HttpConnection[]): Promise<void> {
  const before = footprint(server.pid);
  let most = before;
  const sampling = setInterval(() => {
    const now = footprint(server.pid);
    most = { rss: Math.max(most.rss, now.rss), files: Math.max(most.files, now.files) };
  }, 100);
  // From 127.0.0.2 on: what creates rooms comes from 127.0.0.1.
  const locals = Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 2}`).join(',');
  const program = fileURLToPath(new URL('./support/idle-holder.ts', import.meta.url));
  const holder = fork(program, [url.port, String(sockets), locals, sent]);
  const [[held], meanwhile] = await Promise.all([
    once(holder, 'message') as Promise<[Held]>,
    createRooms(name, LIFE_SECONDS + SLACK_SECONDS, others),
  ]);
  clearInterval(sampling);
  const after = footprint(server.pid);

  const kept = sockets - held.refused;
  const [grown, left] = [most.rss - before.rss, after.files - before.files];
  console.log(`${name}: ${sockets} opened in ${(held.opening / 1000).toFixed(1)} s, ${held.refused} refused`);
  console.log(`  held at once: ${most.files - before.files}; memory at most +${(grown / 1024 / 1024).toFixed(1)} MiB`);
  console.log(`  closed after ${(held.shortest / 1000).toFixed(1)} to ${(held.longest / 1000).toFixed(1)} s`);
  console.log(row('  rooms meanwhile', meanwhile.fromSent, 'ms'));
  console.log(verdict('  kept', kept, Math.min(sockets, addresses * limit) + 1, 'sockets'));
  console.log(verdict('  the last one closed', held.longest / 1000, LIFE_SECONDS + SLACK_SECONDS, 's'));
  console.log(verdict('  still open', left, 1, 'sockets'));
  console.log(verdict('  median of the others', percentile(meanwhile.fromSent, 0.5), TARGET_MS, 'ms'));
}

function createRooms(name: string, seconds: number, connections: readonly HttpConnection[]): Promise<PacedLatencies> {
  const requests = Array.from({ length: RATE * seconds }, (_, index) =>
    jsonRequest('POST', url, server.key, { name: `${name.replaceAll(/\W/gu, '-')}-${index}` }),
  );
  return sendPaced(requests, RATE, connections, 201, fail);
}

/** Ends the measurement: its numbers would be of something else. The server ends with this process. */
function fail(error: Error): never {
  console.error(error.message);
  process.exit(1);
}
