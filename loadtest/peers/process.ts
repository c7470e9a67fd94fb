import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that runs beside the measurement, until `stop()` or the end of this process. */
export type RunningPeer = { readonly pid: number; stop(): Promise<void> };

const READY_WITHIN_MS = 15_000;

/**
 * Starts a program and waits until `ready` resolves; it is asked again and again until then. Rejects, with nothing left
 * running, where the program ends before or never gets ready; with what it said last.
 */
export async function startPeer(
  command: string,
  args: readonly string[],
  ready: () => Promise<unknown>,
  { env = {}, cwd }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<RunningPeer> {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const said = lastWords(child);
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      process.off('exit', kill);
      resolve();
    };
    child.once('close', end).once('error', end);
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await ready();
      return { pid: child.pid!, stop };
    } catch (error) {
      if (!ended && performance.now() < deadline) {
        await sleep(5);
        continue;
      }
      await stop();
      throw new Error(`${command} ${ended ? 'ended at once' : 'did not get ready'}: ${said()}`, { cause: error });
    }
  }
}

/** What it has printed last; and so that its pipes never fill. */
function lastWords(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (more: string) => (text = (text + more).slice(-2000)));
  }
  return () => text.trim().split('\n').slice(-5).join('\n');
}
