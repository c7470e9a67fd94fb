import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { startCoturn } from '../../tests/support/coturn.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { queryMappedAddress } from '../../tests/support/stun-query.ts';
import { writeCertificate } from '../../tests/support/turn-server.ts';
import { startPeer } from '../peers/process.ts';
import { startOwnServer } from './own-server.ts';
import type { LoadTarget } from './turn-load.ts';

/** A TURN server whose threads all run on one core, and relay on one of them. */
export type Contestant = LoadTarget & { close(): Promise<void> };

export type ContestantName = 'sluice' | 'sluice dgram' | 'coturn' | 'node-turn';

export const TURN_SECRET = 'load-test-s3cret';

/**
 * Starts it on loopback, pinned to `core`.
 * @throws {Error} where it cannot be had: coturn is Debian's, node-turn one of loadtest/package.json
 */
export async function startContestant(name: ContestantName, core: number): Promise<Contestant> {
  const started = await { sluice: startSluice, 'sluice dgram': startSluiceOnDgram, coturn, 'node-turn': nodeTurn }[
    name
  ]();
  // All threads that there are; later ones inherit it.
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(started.pid)], { stdio: 'ignore' });
  return started;
}

/** Of a server whose relay has one thread, quotas and bandwidth limits that count and are never met, and loopback peers. */
export function turnFlags(port: number, tlsPort: number): readonly string[] {
  const limits = Object.entries({
    allocations: 100_000,
    allocationsPerUser: 100_000,
    allocationsPerAddress: 100_000,
    permissionsPerAddress: 100_000,
    channelsPerAddress: 100_000,
    connections: 100_000,
    connectionsPerAddress: 100_000,
    unauthenticated: 100_000,
    bandwidth: '100Gbps',
    bandwidthPerUser: '100Gbps',
    bandwidthPerAddress: '100Gbps',
    bandwidthTotal: '100Gbps',
  });
  return [
    ...['--turn.port', String(port), '--turn.tlsPort', String(tlsPort), '--turn.threads', '1'],
    ...['--turn.secrets', TURN_SECRET, '--turn.allow', '127.0.0.0/8'],
    ...limits.flatMap(([name, value]) => [`--turn.limits.${name}`, String(value)]),
  ];
}

/** The whole product. */
export async function startSluice(more: readonly string[] = []): Promise<Contestant> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const certificate = await makeCertificate();
  const server = await startOwnServer([
    ...turnFlags(port, tlsPort),
    ...['--turn.tls', JSON.stringify({ cert: certificate.certFile, key: certificate.keyFile })],
    ...more,
  ]);
  return {
    ...{ port, tlsPort, secret: TURN_SECRET, pid: server.pid },
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

/** node-turn 0.0.6. */
async function nodeTurn(): Promise<Contestant> {
  const port = await freePort();
  const script = fileURLToPath(new URL('../peers/node-turn-server.ts', import.meta.url));
  const answers = () => queryMappedAddress({ host: '127.0.0.1', port }, { timeout: 200 });
  const peer = await startPeer(process.execPath, [script, String(port), TURN_SECRET], answers);
  return { port, tlsPort: 0, secret: TURN_SECRET, pid: peer.pid, close: () => peer.stop() };
}

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
