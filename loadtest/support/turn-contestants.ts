import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { startCoturn } from '../../tests/support/coturn.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { queryMappedAddress } from '../../tests/support/stun-query.ts';
import { writeCertificate } from '../../tests/support/turn-server.ts';
import { startOwnServer } from './own-server.ts';
import type { LoadTarget } from './turn-load.ts';

/** A TURN server whose threads all run on one core, and relay on one of them. */
export type Contestant = LoadTarget & { close(): Promise<void> };

export type ContestantName = 'sluice' | 'sluice dgram' | 'coturn' | 'node-turn';

const SECRET = 'load-test-s3cret';

/**
 * Starts it on loopback, pinned to `core`.
 * @throws {Error} where it cannot be had: coturn is Debian's, node-turn is fetched by npm into this user's cache
 */
export async function startContestant(name: ContestantName, core: number): Promise<Contestant> {
  const started = await { sluice: startSluice, 'sluice dgram': startSluiceOnDgram, coturn, 'node-turn': nodeTurn }[
    name
  ]();
  // All threads that there are; later ones inherit it.
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(started.pid)], { stdio: 'ignore' });
  return started;
}

/** The whole product, with quotas and bandwidth limits that count and are never met. */
export async function startSluice(more: readonly string[] = []): Promise<Contestant> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const certificate = await makeCertificate();
  const limits = Object.entries({
    allocations: 100_000,
    allocationsPerUser: 100_000,
    allocationsPerAddress: 100_000,
    connections: 100_000,
    connectionsPerAddress: 100_000,
    unauthenticated: 100_000,
    bandwidth: '100Gbps',
    bandwidthPerUser: '100Gbps',
  });
  const server = await startOwnServer([
    ...['--turn.port', String(port), '--turn.tlsPort', String(tlsPort), '--turn.threads', '1'],
    ...['--turn.tls', JSON.stringify({ cert: certificate.certFile, key: certificate.keyFile })],
    ...['--turn.secrets', SECRET, '--turn.allow', '127.0.0.0/8'],
    ...limits.flatMap(([name, value]) => [`--turn.limits.${name}`, String(value)]),
    ...more,
  ]);
  return {
    ...{ port, tlsPort, secret: SECRET, pid: server.pid },
    async close() {
      await server.close();
      certificate.remove();
    },
  };
}

function startSluiceOnDgram(): Promise<Contestant> {
  return startSluice(['--turn.udpAddon', 'off']);
}

async function coturn(): Promise<Contestant> {
  const certificate = await makeCertificate();
  const server = await startCoturn({ certificate, flags: ['-m', '1', '--no-dtls'] });
  return {
    ...server,
    async close() {
      await server.stop();
      certificate.remove();
    },
  };
}

/** node-turn 0.0.6, which knows users and no secret: its table of users makes each password as a secret would. */
async function nodeTurn(): Promise<Contestant> {
  const folder = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(tmpdir(), 'sluice-cache'), 'sluice-node-turn');
  if (!existsSync(path.join(folder, 'node_modules', 'node-turn'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    await promisify(execFile)('npm', ['install', ...flags, 'node-turn@0.0.6'], { cwd: folder, timeout: 60_000 });
  }
  const port = await freePort();
  writeFileSync(path.join(folder, 'host.cjs'), NODE_TURN_HOST);
  const child = spawn(process.execPath, ['host.cjs', String(port), SECRET], { cwd: folder, stdio: 'ignore' });
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
    process.off('exit', killed);
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      await queryMappedAddress({ host: '127.0.0.1', port }, { timeout: 200 });
      return { port, tlsPort: 0, secret: SECRET, pid: child.pid!, close };
    } catch (error) {
      if (attempt < 20) continue;
      await close();
      throw error;
    }
  }
}

const NODE_TURN_HOST = `
const { createHmac } = require('node:crypto');
const Turn = require('node-turn');
const [port, secret] = process.argv.slice(2);
const password = (name) => createHmac('sha1', secret).update(name).digest('base64');
const server = new Turn({
  authMech: 'long-term', realm: 'sluice.test', debugLevel: 'OFF',
  listeningPort: Number(port), listeningIps: ['127.0.0.1'], relayIps: ['127.0.0.1'],
  credentials: new Proxy({}, { get: (_, name) => (typeof name === 'string' ? password(name) : undefined) }),
});
server.start();
`;

async function makeCertificate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-turn-cert-'));
  return { ...(await writeCertificate(folder)), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Keeps the main thread of a Node process busy for `milliseconds`, through its inspector, which SIGUSR1 opens. */
export async function blockMainThread(pid: number, inspectorPort: number, milliseconds: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await inspectorOf(inspectorPort));
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  const expression = `for (const end = Date.now() + ${milliseconds}; Date.now() < end; );`;
  const done = new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
  await done;
  socket.close();
}

async function inspectorOf(port: number): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    await sleep(50);
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
      const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
      if (target !== undefined) return target.webSocketDebuggerUrl;
    } catch (error) {
      if (attempt > 60) throw error;
    }
  }
}
