/**
 * Room creation over REST at a fixed rate, from this process to a server in another one. The rate is held whether the
 * server answers or not. How late this process itself was with its requests is printed apart: that is its own doing.
 *
 *     node loadtest/rest.ts [--url ORIGIN --key ID.SECRET] [--rate 500] [--seconds 10]
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startOwnServer } from './support/own-server.ts';
import { percentile, row, verdict } from './support/percentiles.ts';

const TARGET_MS = 5;
const WARM_UP_SECONDS = 2;
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '10' },
  },
});
const rate = Math.min(5000, Number(values.rate));
const seconds = Math.min(60, Number(values.seconds));

const own = values.url === undefined ? await startOwnServer(['--rooms.max', '1000000']) : undefined;
const url = new URL('/v1/rooms', values.url ?? own?.url);
const key = values.key ?? own?.key ?? '';
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

const lateness: number[] = [];
await drive('warm-up', WARM_UP_SECONDS);
lateness.length = 0;
const samples = await drive('measured', seconds);
agent.destroy();
await own?.close();
console.log(row(`POST /v1/rooms at ${rate}/s`, samples, 'ms'));
console.log(row('this process behind its plan', lateness, 'ms'));
console.log(verdict('p99', percentile(samples, 0.99), TARGET_MS, 'ms'));

async function drive(name: string, duration: number): Promise<number[]> {
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  const start = performance.now();
  for (let index = 0; index < rate * duration; index += 1) {
    const due = start + (index * 1000) / rate;
    if (due > performance.now()) await sleep(due - performance.now());
    const sent = performance.now();
    lateness.push(Math.max(0, sent - due));
    answers.push(create(`${name}-${process.pid}-${index}`).then(() => void latencies.push(performance.now() - sent)));
  }
  await Promise.all(answers);
  return latencies;
}

function create(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ name });
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        response.resume().once('end', () => {
          if (response.statusCode === 201) resolve();
          else reject(new Error(`room ${name}: ${response.statusCode}`));
        });
      },
    );
    outgoing.once('error', reject).end(body);
  });
}
