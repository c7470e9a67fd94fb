/**
 * coturn's programs (Debian's package `coturn`, which the bootstrap installs) on loopback: its echo peer, its test
 * client, and its server to compare ours with. Each ends at `stop()`, after its time, or with this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from './free-port.ts';
import { queryMappedAddress } from './stun-query.ts';

/** Where a TURN server listens, on 127.0.0.1 and ::1 alike, and the secret of its time-limited credentials. */
export type TurnEndpoint = {
  /** UDP and TCP. */
  readonly port: number;
  /** TLS over TCP; DTLS too where the server has it. */
  readonly tlsPort: number;
  readonly secret: string;
  stop(): Promise<void>;
};

/** What a run of turnutils_uclient came to. */
export type ClientRun = {
  /** The exit code; null where it had to be killed for its time. */
  readonly code: number | null;
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** Messages that it could not send at all. */
  readonly dropped: number;
  readonly output: string;
};

const READY_WITHIN = 10_000;
const CLIENT_LIMIT = 30_000;
const CLIENT_OUTPUT_LIMIT = 1_000_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Runs turnutils_uclient to its end: `['-y', '-c']` and so on; host, ports and credentials belong to the arguments.
 * @param limit milliseconds, after which it is killed
 */
export async function runTurnClient(args: readonly string[], limit = CLIENT_LIMIT): Promise<ClientRun> {
  const child = spawn('turnutils_uclient', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = endOf(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < CLIENT_OUTPUT_LIMIT) output += text;
    });
  }
  const code = await ended;
  clearTimeout(timer);
  return { code, ...readClientOutput(output), output };
}

/** The figures in what turnutils_uclient 4.6 prints; those of its last summary count. */
export function readClientOutput(output: string): Pick<ClientRun, 'sent' | 'received' | 'lost' | 'dropped'> {
  const totals = [...output.matchAll(/start_mclient: tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)].at(-1);
  const losses = [...output.matchAll(/Total lost packets (-?\d+) \(.*?total send dropped (-?\d+) \(/g)].at(-1);
  return {
    sent: Number(totals?.[1] ?? 0),
    received: Number(totals?.[2] ?? 0),
    lost: Number(losses?.[1] ?? NaN),
    dropped: Number(losses?.[2] ?? NaN),
  };
}

/** turnutils_peer: sends every datagram back to where it came from, on 127.0.0.1 and ::1. */
export async function startEchoPeer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn('turnutils_peer', ['-L', '127.0.0.1', '-L', '::1', '-p', String(port)], { stdio: 'ignore' });
  const stop = stopper(child);
  try {
    await Promise.all([untilEchoed('127.0.0.1', port), untilEchoed('::1', port)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

export type CoturnOptions = {
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
  /** Further flags of turnserver. */
  readonly flags?: readonly string[];
};

/** coturn's turnserver, which lets loopback peers through, with time-limited credentials only. */
export async function startCoturn({ certificate, flags = [] }: CoturnOptions = {}): Promise<
  TurnEndpoint & { readonly pid: number }
> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const secret = 'coturn-s3cret';
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-coturn-'));
  const child = spawn(
    'turnserver',
    [
      ...['-n', '--no-cli', '--no-stdout-log', '--log-file', '/dev/null', '--simple-log'],
      ...['--pidfile', path.join(folder, 'pid'), '--db', path.join(folder, 'db')],
      ...['--listening-ip', '127.0.0.1', '--listening-ip', '::1', '--relay-ip', '127.0.0.1', '--relay-ip', '::1'],
      ...['--listening-port', String(port), '--tls-listening-port', String(tlsPort)],
      ...['--use-auth-secret', '--static-auth-secret', secret, '--realm', 'sluice.test'],
      ...['--allow-loopback-peers', '--mobility'],
      ...(certificate === undefined
        ? ['--no-tls', '--no-dtls']
        : ['--cert', certificate.certFile, '--pkey', certificate.keyFile]),
      ...flags,
    ],
    { stdio: 'ignore' },
  );
  const end = stopper(child);
  const stop = async () => {
    await end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all([untilAnswers('127.0.0.1', port), untilAnswers('::1', port)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, tlsPort, secret, pid: child.pid!, stop };
}

/** Ends the process with this one at the latest; the function ends it now, and waits until it is gone. */
function stopper(child: ChildProcess): () => Promise<void> {
  const ended = endOf(child);
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

/** Rejects where it did not start. */
function endOf(child: ChildProcess): Promise<number | null> {
  running.add(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      running.delete(child);
      reject(new Error(`${child.spawnfile} did not start: ${error.message}`, { cause: error }));
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
}

async function untilAnswers(host: string, port: number): Promise<void> {
  await retried(`the TURN server at ${host} port ${port}`, () => queryMappedAddress({ host, port }, { timeout: 200 }));
}

async function untilEchoed(host: string, port: number): Promise<void> {
  await retried(`the echo at ${host} port ${port}`, async () => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('message', () => resolve()).once('error', reject);
        socket.send('ready?', port, host);
        setTimeout(() => reject(new Error('no answer')), 200).unref();
      });
    } finally {
      socket.close();
    }
  });
}

async function retried(what: string, attempt: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + READY_WITHIN;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > until) throw new Error(`${what} does not answer`, { cause: error });
      await sleep(30);
    }
  }
}
