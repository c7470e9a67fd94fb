import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { generateApiKey } from '../../src/auth/api-keys.ts';

/** The built server (`npm run build`) in a process of its own, on loopback. */
export type OwnServer = {
  readonly url: string;
  readonly key: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to its log line `ready`. */
  readonly startMs: number;
  close(): Promise<void>;
};

/** Limits that a load test does not want to meet. */
const OPEN_DOORS = ['apiKey', 'anonymous', 'joinAddress'].flatMap((door) => [
  `--limits.${door}.rate`,
  '100000',
  `--limits.${door}.burst`,
  '100000',
]);

/** Starts the server and waits until it is ready. Close it in any case; it ends with this process at the latest. */
export async function startOwnServer(flags: readonly string[] = []): Promise<OwnServer> {
  const key = generateApiKey();
  const port = await freePort();
  const main = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...[main, '--host', '127.0.0.1', '--port', String(port), '--media.port', '0', '--log.format', 'json'],
      ...['--http.connectionsPerAddress', '0', '--signaling.connectionsPerAddress', '20000'],
      ...OPEN_DOORS,
      ...flags,
    ],
    { env: { ...process.env, SLUICE_AUTH_KEYS: key }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      // Once it is ready its log is read and thrown away, so that the pipe never fills.
      if (output.includes('"msg":"ready"')) return;
      output += text;
      if (output.includes('"msg":"ready"')) resolve();
    });
  });
  const startMs = performance.now() - started;
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    pid: child.pid!,
    startMs,
    async close() {
      // Twice: the first asks to drain, the second not to wait for whoever is still there.
      child.kill('SIGTERM');
      child.kill('SIGINT');
      await exited;
      process.off('exit', killed);
    },
  };
}

/** CPU seconds, user and system, that a process has used (proc(5), stat fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Linux counts in ticks of 1/100 s on every platform that Node runs on.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}
