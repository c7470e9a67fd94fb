import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { generateApiKey } from '../../src/auth/api-keys.ts';
import { freePort } from '../../tests/support/free-port.ts';
import type { ProbeAnswer, ProbeQuestion, ThreadReport } from './thread-probe.ts';

export { cpuSeconds, footprint, mainThreadSeconds } from './process-usage.ts';

/** The built server (`npm run build`) in a process of its own, on loopback. */
export type OwnServer = {
  readonly url: string;
  readonly key: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to its log line `ready`. */
  readonly startMs: number;
  /** Where it was started with `probe`: its threads since the last reset. */
  readonly probe?: { reset(): void; report(): Promise<ThreadReport[]> };
  close(): Promise<void>;
};

export type OwnServerOptions = {
  /** Measure collections and event-loop delays of its threads. Costs a few hundred wake-ups a second. */
  readonly probe?: boolean;
};

/** Limits that a load test does not want to meet. As variables, so that a scenario's flags win. */
const OPEN_DOORS: NodeJS.ProcessEnv = {
  SLUICE_HTTP_CONNECTIONS_PER_ADDRESS: '0',
  // Any free ones: several of these servers may run, beside one that has the usual ports.
  SLUICE_TURN_PORT: '0',
  SLUICE_TURN_TLS_PORT: '0',
  SLUICE_MEDIA_PORT: '0',
  SLUICE_STORE_FOLDER: 'memory',
  SLUICE_SIGNALING_CONNECTIONS_PER_ADDRESS: '20000',
  ...Object.fromEntries(
    ['API_KEY', 'ANONYMOUS', 'JOIN_ADDRESS'].flatMap((door) => [
      [`SLUICE_LIMITS_${door}_RATE`, '100000'],
      [`SLUICE_LIMITS_${door}_BURST`, '100000'],
    ]),
  ),
};

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));
const PROBE = new URL('thread-probe.ts', import.meta.url).href;

/** Starts the server and waits until it is ready. Close it in any case; it ends with this process at the latest. */
export async function startOwnServer(
  flags: readonly string[] = [],
  { probe = false }: OwnServerOptions = {},
): Promise<OwnServer> {
  const key = generateApiKey();
  const port = await freePort();
  const where = ['--host', '127.0.0.1', '--port', String(port), '--log.format', 'json'];
  const preload = probe ? ['--disable-warning=ExperimentalWarning', '--import', PROBE] : [];
  const started = performance.now();
  const child = spawn(process.execPath, [...preload, MAIN, ...where, ...flags], {
    env: { ...process.env, ...OPEN_DOORS, SLUICE_AUTH_KEYS: key },
    stdio: ['ignore', 'pipe', 'inherit', ...(probe ? (['ipc'] as const) : [])],
  });
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await untilReady(child);
  const startMs = performance.now() - started;
  return {
    ...{ url: `http://127.0.0.1:${port}`, key, pid: child.pid!, startMs },
    ...(probe ? { probe: probeOf(child) } : {}),
    async close() {
      // Twice: the first asks to drain, the second not to wait for whoever is still there.
      child.kill('SIGTERM');
      child.kill('SIGINT');
      await exited;
      process.off('exit', killed);
    },
  };
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      // Once it is ready its log is read and thrown away, so that the pipe never fills.
      if (output.includes('"msg":"ready"')) return;
      output += text;
      if (output.includes('"msg":"ready"')) resolve();
    });
  });
}

function probeOf(child: ChildProcess): Required<OwnServer>['probe'] {
  const ask = (probe: ProbeQuestion['probe']) => void child.send({ probe } satisfies ProbeQuestion);
  return {
    reset: () => ask('reset'),
    async report() {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(5000) }) as Promise<[ProbeAnswer]>;
      ask('report');
      return (await answer)[0].threads;
    },
  };
}

/** A join token of a server. Waits where the server asks for that; rejects where it refuses for good. */
export async function fetchToken(
  { url, key }: { readonly url: string; readonly key: string },
  room: string,
  identity: string,
): Promise<string> {
  for (;;) {
    const response = await fetch(new URL(`/v1/rooms/${room}/tokens`, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ identity }),
    });
    const wait = Number(response.headers.get('retry-after') ?? 0);
    const answer = (await response.json()) as { token?: string };
    if (answer.token !== undefined) return answer.token;
    if (response.status !== 429 || wait <= 0) throw new Error(`no token: ${response.status} ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}
