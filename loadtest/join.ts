/**
 * How long a signaling join takes, from the open socket to `joined`, at a steady rate of joins.
 *
 *     node loadtest/join.ts [--url ORIGIN --key ID.SECRET] [--rate 50] [--seconds 10] [--size 10]
 *
 * Every join is a new identity, `--size` of them to a room; each stays for two seconds and leaves. Prints the
 * distribution, and exits with 1 where a join failed or the 99th percentile is not below `--target` (20 ms).
 */
import { parseArgs } from 'node:util';

import { startOwnServer } from './support/own-server.ts';

type Hello = { readonly protocol: 1; readonly token: string; readonly rtpCapabilities: object };
/** Milliseconds since the client opened its socket. */
type Join = { readonly open: number; readonly joined: number };

const STAY = 2000;
const TIMEOUT = 10_000;

/** What a browser says that it can receive, in short. */
const RTP_CAPABILITIES = {
  codecs: [
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48_000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 101, clockRate: 90_000 },
  ],
};

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    size: { type: 'string', default: '10' },
    target: { type: 'string', default: '20' },
  },
});
const own = values.url === undefined ? await startOwnServer() : undefined;
const url = values.url ?? own?.url ?? '';
const key = values.key ?? own?.key ?? '';
const rate = Number(values.rate);
const size = Number(values.size);
const target = Number(values.target);
const count = rate * Number(values.seconds);

const run = Date.now().toString(36);
const hellos: Hello[] = [];
for (let index = 0; index < count; index += 1) {
  const token = await fetchToken(`load-${run}-${Math.floor(index / size)}`, `bot-${index}`);
  hellos.push({ protocol: 1, token, rtpCapabilities: RTP_CAPABILITIES });
}
console.log(`${count} joins at ${rate}/s to ${url}, ${size} to a room`);

const outcomes = await Promise.allSettled(
  hellos.map((hello, index) => sleep((index * 1000) / rate).then(() => join(hello))),
);
const joins = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));

report(
  'socket open',
  joins.map(({ open }) => open),
);
const slowest = report(
  'open to joined',
  joins.map(({ open, joined }) => joined - open),
);
report(
  'both',
  joins.map(({ joined }) => joined),
);
for (const failure of new Set(failures)) {
  console.log(`${failures.filter((other) => other === failure).length} failed: ${failure}`);
}
const passed = failures.length === 0 && slowest < target;
console.log(passed ? `p99 is below ${target} ms` : `FAILED: p99 should be below ${target} ms, and every join succeed`);
process.exitCode = passed ? 0 : 1;
await own?.close();

async function fetchToken(room: string, identity: string): Promise<string> {
  for (;;) {
    const response = await fetch(new URL(`/v1/rooms/${room}/tokens`, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ identity }),
    });
    const wait = Number(response.headers.get('retry-after') ?? 0);
    if (response.status === 429 && wait > 0) {
      await sleep(wait * 1000);
      continue;
    }
    const answer = (await response.json()) as { token?: string };
    if (answer.token === undefined) throw new Error(`no token: ${response.status} ${JSON.stringify(answer)}`);
    return answer.token;
  }
}

/** One join on a WebSocket, with frames written by hand, so that the client's own cost stays small. */
function join(hello: Hello): Promise<Join> {
  const { promise, resolve, reject } = Promise.withResolvers<Join>();
  const began = performance.now();
  const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/socket.io/?EIO=4&transport=websocket`);
  const timeout = setTimeout(() => socket.close(), TIMEOUT);
  let open = 0;
  socket.addEventListener('open', () => {
    open = performance.now() - began;
    socket.send(`40${JSON.stringify(hello)}`);
  });
  socket.addEventListener('message', ({ data }) => {
    const frame = String(data);
    if (frame === '2') return socket.send('3');
    if (frame.startsWith('44')) return reject(new Error(frame.slice(2)));
    if (!frame.startsWith('42["joined"')) return;
    resolve({ open, joined: performance.now() - began });
    setTimeout(() => socket.send('420["leave",1,{}]'), STAY);
  });
  socket.addEventListener('close', ({ code }) => {
    clearTimeout(timeout);
    reject(new Error(`closed with ${code}`));
  });
  return promise;
}

/** Prints the distribution of `times` in milliseconds, and returns its 99th percentile. */
function report(what: string, times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  const [p50, p90, p99, max] = [at(0.5), at(0.9), at(0.99), at(1)].map((time) => time.toFixed(2).padStart(8));
  console.log(`${what.padEnd(16)} p50 ${p50}  p90 ${p90}  p99 ${p99}  max ${max} ms  (${sorted.length})`);
  return at(0.99);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
