import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { freePort } from '../../../tests/support/free-port.ts';
import { startPeer } from '../../peers/process.ts';
import { compileNative } from '../../support/native-program.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const [SERVER_CORE, LOAD_CORE] = [0, 1];
const CONNECTIONS = 64;
/** Short ones: what is taken from a machine for a moment spoils one, and not the median. */
const ROUNDS = 9;
const SECONDS = 1.5;
/** The server's code is compiled in steps while it runs: it is warm after some ten thousand requests. */
const WARM_UP_SECONDS = 4;
const SHARE_OF_SATURATION = 0.8;
const ROOM = 'bench';

type Contestant = { readonly port: number; readonly request: Buffer; stop(): Promise<void> };
type Load = (server: Contestant, rate: number, seconds: number) => Promise<LoadReport>;
type LoadReport = { readonly seconds: number; readonly answered: number; readonly p50: number; readonly p99: number };
type Rounds = { readonly rate: number[]; readonly p50: number[]; readonly p99: number[] };

export const api: Row = {
  about: 'GET a room over keep-alive HTTP: p99 at 80 % of what the server takes at most, which is measured first',
  async measure({ peers, note }) {
    const program = await compileNative(['http-load.c']);
    try {
      const load = loader(program.path);
      const sluice = await startSluice();
      const ours = await measure(sluice.contestant, load);
      const results = new Map<string, Rounds>();
      for (const kind of peers ? (['express', 'fastify'] as const) : []) {
        results.set(kind, await measure(await startApplication(kind, sluice.json), load));
      }
      note(
        'one core for the server, one for a load generator in C with 64 connections; it authenticates, peers do not',
      );
      return figuresOf(ours, results);
    } finally {
      program.remove();
    }
  },
};

function figuresOf(ours: Rounds, peers: ReadonlyMap<string, Rounds>) {
  const beside = (name: string, of: keyof Rounds) => {
    const rounds = peers.get(name)?.[of];
    return rounds === undefined ? {} : { peer: { name, rounds } };
  };
  return [
    figure({ metric: 'api', unit: 'ms', rounds: ours.p99, atMost: 5, ...beside('express', 'p99') }),
    figure({ metric: 'api.p50', unit: 'ms', rounds: ours.p50, ...beside('express', 'p50') }),
    figure({
      metric: 'api.rate',
      unit: 'requests/s',
      rounds: ours.rate,
      atLeast: 40_000,
      ...beside('express', 'rate'),
    }),
    ...(peers.has('fastify')
      ? [
          figure({ metric: 'api.rate-fastify', unit: 'requests/s', rounds: ours.rate, ...beside('fastify', 'rate') }),
          figure({ metric: 'api.p99-fastify', unit: 'ms', rounds: ours.p99, ...beside('fastify', 'p99') }),
        ]
      : []),
  ];
}

/** Stops the server at the end. */
async function measure(server: Contestant, load: Load): Promise<Rounds> {
  const rounds: Rounds = { rate: [], p50: [], p99: [] };
  try {
    await load(server, 0, WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round += 1) {
      const { answered, seconds } = await load(server, 0, SECONDS);
      const rate = answered / seconds;
      rounds.rate.push(rate);
      const { p50, p99 } = await load(server, rate * SHARE_OF_SATURATION, SECONDS);
      rounds.p50.push(p50 * 1000);
      rounds.p99.push(p99 * 1000);
    }
  } finally {
    await server.stop();
  }
  return rounds;
}

function loader(program: string): Load {
  return async (server, rate, seconds) => {
    const args = [server.port, CONNECTIONS, rate, seconds, LOAD_CORE].map(String);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.end(server.request);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`the load generator ended with ${code}`);
    return JSON.parse(output) as LoadReport;
  };
}

async function startSluice(): Promise<{ contestant: Contestant; json: string }> {
  const server = await startOwnServer();
  await pin(server.pid);
  const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' };
  const made = await fetch(`${server.url}/v1/rooms`, {
    ...{
      method: 'POST',
      headers,
      body: JSON.stringify({ name: ROOM, emptyTimeout: 3600, metadata: { subject: 'x' } }),
    },
  });
  if (made.status !== 201) throw new Error(`the room was not made: ${await made.text()}`);
  const json = await (await fetch(`${server.url}/v1/rooms/${ROOM}`, { headers })).text();
  const port = Number(new URL(server.url).port);
  return { contestant: { port, request: request(server.key), stop: () => server.close() }, json };
}

async function startApplication(kind: 'express' | 'fastify', json: string): Promise<Contestant> {
  const port = await freePort();
  const script = fileURLToPath(new URL('../../peers/http-server.ts', import.meta.url));
  const url = `http://127.0.0.1:${port}/v1/rooms/${ROOM}`;
  const env = { NODE_ENV: 'production' };
  const peer = await startPeer(process.execPath, [script, kind, String(port), json], () => fetch(url), { env });
  await pin(peer.pid);
  return { port, request: request('nobody-looks'), stop: () => peer.stop() };
}

function request(key: string): Buffer {
  return Buffer.from(`GET /v1/rooms/${ROOM} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n\r\n`);
}

/** All threads that there are; later ones inherit it. */
async function pin(pid: number): Promise<void> {
  await promisify(execFile)('taskset', ['-a', '-p', '-c', String(SERVER_CORE), String(pid)]);
}
