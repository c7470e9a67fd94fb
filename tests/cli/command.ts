/** The real command, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../dist/server/cli.js', import.meta.url));

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs it to its end. The environment is what `env` says and nothing of this process's own but the path. */
export async function sluice(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = start(args, env);
  let [out, err] = ['', ''];
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { PATH, HOME, MEDIASOUP_WORKER_BIN } = process.env;
  return spawn(process.execPath, [CLI, ...args], {
    env: { PATH, HOME, ...(MEDIASOUP_WORKER_BIN === undefined ? {} : { MEDIASOUP_WORKER_BIN }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Resolves once what `child` prints has `text`; rejects where it ends before that. */
export function printed(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      all += piece;
      if (all.includes(text)) resolve(all);
    });
    child.once('close', () => reject(new Error(`it ended without printing ${text}:\n${all}`)));
  });
}
