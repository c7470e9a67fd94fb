import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { generateApiKey } from '../../src/auth/api-keys.ts';
import { freePort } from '../../tests/support/free-port.ts';

/** The built server (`npm run build`) in a process of its own, on loopback. */
export type OwnServer = {
  readonly url: string;
  readonly key: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to its log line `ready`. */
  readonly startMs: number;
  close(): Promise<void>;
};

/** Limits that a load test does not want to meet. As variables, so that a scenario's flags win. */
const OPEN_DOORS: NodeJS.ProcessEnv = {
  SLUICE_HTTP_CONNECTIONS_PER_ADDRESS: '0',
  // Any free ones: several of these servers may run, beside one that has the usual ports.
  SLUICE_TURN_PORT: '0',
  SLUICE_TURN_TLS_PORT: '0',
  SLUICE_STORE_FOLDER: 'memory',
  SLUICE_SIGNALING_CONNECTIONS_PER_ADDRESS: '20000',
  ...Object.fromEntries(
    ['API_KEY', 'ANONYMOUS', 'JOIN_ADDRESS'].flatMap((door) => [
      [`SLUICE_LIMITS_${door}_RATE`, '100000'],
      [`SLUICE_LIMITS_${door}_BURST`, '100000'],
    ]),
  ),
};

/** Starts the server and waits until it is ready. Close it in any case; it ends with this process at the latest. */
export async function startOwnServer(flags: readonly string[] = []): Promise<OwnServer> {
  const key = generateApiKey();
  const port = await freePort();
  const main = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [...[main, '--host', '127.0.0.1', '--port', String(port), '--media.port', '0', '--log.format', 'json'], ...flags],
    { env: { ...process.env, ...OPEN_DOORS, SLUICE_AUTH_KEYS: key }, stdio: ['ignore', 'pipe', 'inherit'] },
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

/** CPU seconds that the main thread of a process has used (Linux, sched-stats.rst: first field of schedstat). */
export function mainThreadSeconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
}

/** Bytes of memory that a process has resident, and the files and sockets that it has open. */
export function footprint(pid: number): { rss: number; files: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { rss: pages * 4096, files: readdirSync(`/proc/${pid}/fd`).length };
}

/**
 * Milliseconds for which the main thread of a process was ready to run and no core was free for it (Linux,
 * sched-stats.rst: second field of schedstat); 0 where the kernel does not count them. What is measured while this goes
 * up is the machine, not the program.
 */
export function waitedForCore(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
