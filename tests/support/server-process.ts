import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));

const FREE_PORTS = {
  SLUICE_PORT: '0',
  SLUICE_MEDIA_PORT: '0',
  SLUICE_MEDIA_WORKERS: '1',
  SLUICE_TURN_PORT: '0',
  SLUICE_TURN_TLS_PORT: '0',
  SLUICE_STORE_FOLDER: 'memory',
};

/** The built server in a process of its own, as `npm start` runs it. */
export type ServerProcess = {
  /** Everything that it has printed so far. */
  readonly output: string;
  /** Resolves with the match once the output fits; rejects when the process ends before that. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  readonly exit: Promise<number | null>;
};

/** Starts it on free loopback ports, with one worker. Killed when the test ends. */
export function startServerProcess(
  t: TestContext,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): ServerProcess {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...flags], {
    env: { ...process.env, ...FREE_PORTS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of waiting) check();
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      look();
    });
  }
  let ended = false;
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      ended = true;
      resolve(code);
      look();
    });
  });
  t.after(() => {
    child.kill('SIGKILL');
    return exit;
  });
  return {
    get output() {
      return output;
    },
    printed(pattern) {
      return new Promise((resolve, reject) => {
        const check = () => {
          const match = pattern.exec(output);
          if (match === null && !ended) return;
          waiting.delete(check);
          if (match === null) reject(new Error(`the server ended without printing ${pattern}:\n${output}`));
          else resolve(match);
        };
        waiting.add(check);
        check();
      });
    },
    signal: (name) => void child.kill(name),
    exit,
  };
}
