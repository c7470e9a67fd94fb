import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Figure } from './figure.ts';
import type { RowMessage } from './row-process.ts';

const PROGRAM = fileURLToPath(new URL('row-process.ts', import.meta.url));
/** Far above what any row takes. */
const LIMIT_MS = 300_000;

/** Measures a row in a process of its own; notes go to `note`. Rejects where it fails or takes too long. */
export function runRow(name: string, peers: boolean, note: (text: string) => void): Promise<readonly Figure[]> {
  const child = fork(PROGRAM, [name, peers ? 'peers' : 'alone'], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // What it prints is for a person; the output is for the figures.
    stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
  });
  // It ends its own peers at its exit, which SIGKILL would not leave time for.
  const stop = () => void child.kill('SIGTERM');
  process.once('exit', stop);
  const limit = setTimeout(stop, LIMIT_MS);
  return new Promise((resolve, reject) => {
    let figures: readonly Figure[] | undefined;
    child.on('message', (message: RowMessage) => {
      if ('note' in message) note(message.note);
      else figures = message.figures;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      process.off('exit', stop);
      if (figures !== undefined) resolve(figures);
      else reject(new Error(`it ended with ${code ?? signal}`));
    });
  });
}
