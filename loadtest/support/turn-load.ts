import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { compileNative } from './native-program.ts';

/** A load for native/turn-load.c, whose head says what the modes do. */
export type Load = {
  readonly mode: 'blast' | 'ping-pong' | 'storm' | 'idle';
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly sessions?: number;
  /** Bytes of a payload. */
  readonly size?: number;
  readonly seconds?: number;
  readonly window?: number;
  readonly direction?: 'up' | 'down' | 'both';
  /** Send indications instead of channels. */
  readonly indications?: boolean;
  /** Messages (blast) or sessions (storm) per second. */
  readonly rate?: number;
};

export type LoadTarget = {
  /** IPv4; 127.0.0.1 unless given. */
  readonly host?: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly secret: string;
  readonly pid: number;
};

/** What it prints; times in seconds. */
export type LoadReport = {
  readonly seconds: number;
  readonly generatorCpu: number;
  /** CPU time of each thread of the server's process. */
  readonly threads: readonly { readonly tid: number; readonly cpu: number }[];
  /** blast and ping-pong. */
  readonly sent: number;
  readonly relayed: number;
  readonly lost: number;
  /** storm. */
  readonly begun: number;
  readonly bound: number;
  readonly refused: number;
  readonly lastCode: number;
  readonly silent: number;
  readonly retransmitted: number;
  /** Latencies: a round trip of ping-pong, a whole set-up of storm. */
  readonly p50: number;
  readonly p99: number;
};

export type Generator = {
  run(load: Load, target: LoadTarget): Promise<LoadReport>;
  /** Starts `idle`, and resolves when all sessions are set up; they stay until `stop()`. */
  hold(load: Load, target: LoadTarget): Promise<{ stop(): Promise<void> }>;
  /** Removes the program. */
  remove(): void;
};

const SOURCES = fileURLToPath(new URL('../native', import.meta.url));

/**
 * Compiles the load generator. It needs a C compiler and OpenSSL's headers (Debian: gcc, libc6-dev, libssl-dev).
 * @param core the CPU that it is pinned to
 */
export async function buildGenerator(core: number): Promise<Generator> {
  const sources = readdirSync(SOURCES).filter((name) => /^turn-.*\.c$/.test(name));
  // OpenSSL 3 calls HMAC() deprecated; it is still its quickest way to one HMAC.
  const program = await compileNative(sources, ['-Wno-deprecated-declarations'], ['-lssl', '-lcrypto']);
  const start = (load: Load, target: LoadTarget) =>
    spawn(program.path, argumentsOf(load, target, core), { stdio: ['pipe', 'pipe', 'inherit'] });
  return {
    async run(load, target) {
      const report = await lineOf(start(load, target));
      return JSON.parse(report) as LoadReport;
    },
    async hold(load, target) {
      const child = start(load, target);
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      await lineOf(child);
      return {
        async stop() {
          child.stdin.end();
          await exited;
        },
      };
    },
    remove: program.remove,
  };
}

function argumentsOf({ indications = false, ...load }: Load, target: LoadTarget, core: number): string[] {
  const port = load.transport === 'tls' ? target.tlsPort : target.port;
  const server = target.host ?? '127.0.0.1';
  const all = { ...load, server, port, secret: target.secret, pid: target.pid, core };
  return [
    ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(indications ? ['--indications'] : []),
  ];
}

/** The one line that it prints; an exit before it, or because of broken payloads, is an error. */
async function lineOf(child: ChildProcess): Promise<string> {
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  return new Promise((resolve, reject) => {
    let line = '';
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('exit', kill);
      if (code === 0 && line !== '') resolve(line);
      else reject(new Error(`the load generator ended with ${code}${code === 5 ? ', broken payloads' : ''}: ${line}`));
    });
    createInterface({ input: child.stdout! }).once('line', (text) => {
      line = text;
      if (text.includes('"mode":"idle"')) resolve(text);
    });
  });
}
