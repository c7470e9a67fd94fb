/**
 * Room creation over REST at a fixed rate, from this process to a server in another one.
 *
 *     node loadtest/rest.ts [--url ORIGIN --key ID.SECRET] [--rate 500] [--seconds 4] [--rounds 5]
 *
 * Requests go out by a plan, whether the server answers or not, and each is measured twice. From the moment at which it
 * is written, which is the server's doing and is held against the target. And from the moment at which it was planned,
 * which hides no wait (coordinated omission) but counts this process's own delays too: timers have a grain of 1 ms, so
 * that even a machine at rest sends up to 1 ms late.
 *
 * Both share a machine's cores with whatever else runs there. A round that was disturbed is slow for no fault of the
 * server, so each round is printed and the best one is judged: it bounds the server from above.
 */
import { parseArgs } from 'node:util';

import { type HttpConnection, jsonRequest, openHttpConnection } from './support/http-connection.ts';
import { cpuSeconds, startOwnServer, waitedForCore } from './support/own-server.ts';
import { sendPaced } from './support/paced.ts';
import { percentile, row, verdict } from './support/percentiles.ts';

const TARGET_MS = 5;
/** The server's code is compiled in steps while it runs, and costs half as much after some thousand requests. */
const WARM_UP_SECONDS = 6;
/** Enough for a server that is slower than its target by far, and few enough to be of one connection pool. */
const CONNECTIONS = 32;
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
  },
});
const rate = Math.min(5000, Number(values.rate));
const seconds = Math.min(60, Number(values.seconds));
const rounds = Math.max(1, Math.min(20, Number(values.rounds)));

const own = values.url === undefined ? await startOwnServer(['--rooms.max', '1000000']) : undefined;
try {
  const url = new URL('/v1/rooms', values.url ?? own?.url);
  const key = values.key ?? own?.key ?? '';
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openHttpConnection(url, fail)));
  await drive('warm-up', WARM_UP_SECONDS, connections, url, key);
  const p99s: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const before = usage();
    const { fromSent, fromPlanned } = await drive(`round-${round}`, seconds, connections, url, key);
    const after = usage();
    p99s.push(percentile(fromSent, 0.99));
    console.log(row(`${rate}/s, round ${round}, from sent`, fromSent, 'ms'));
    console.log(row(`${rate}/s, round ${round}, from planned`, fromPlanned, 'ms'));
    console.log(
      `${' '.repeat(36)}waited for a core: server ${(after.server - before.server).toFixed(0)} ms, ` +
        `this process ${(after.here - before.here).toFixed(0)} ms   ` +
        `CPU of the server: ${(((after.cpu - before.cpu) * 1e6) / fromSent.length).toFixed(0)} µs a request`,
    );
  }
  for (const connection of connections) connection.close();
  console.log(`p99 from sent, by round: ${p99s.map((p99) => p99.toFixed(2)).join(', ')} ms`);
  console.log(verdict('p99 of POST /v1/rooms, best round', Math.min(...p99s), TARGET_MS, 'ms'));
} finally {
  await own?.close();
}

/** What tells a slow server from a machine that had no core for it. The server's numbers are 0 where it is not ours. */
function usage(): { server: number; here: number; cpu: number } {
  return {
    server: own === undefined ? 0 : waitedForCore(own.pid),
    here: waitedForCore(process.pid),
    cpu: own === undefined ? 0 : cpuSeconds(own.pid),
  };
}

function drive(name: string, duration: number, connections: readonly HttpConnection[], url: URL, key: string) {
  const requests = Array.from({ length: Math.round(rate * duration) }, (_, index) =>
    jsonRequest('POST', url, key, { name: `${name}-${process.pid}-${index}` }),
  );
  return sendPaced(requests, rate, connections, 201, fail);
}

/** Ends the measurement: one wrong answer, and the numbers are of something else. The server ends with this process. */
function fail(error: Error): never {
  console.error(error.message);
  process.exit(1);
}
