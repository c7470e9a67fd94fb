import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { CrowdCount, Gathering } from '../bots/crowd.ts';

/** Subscribers in a process of their own. */
export type Crowd = { count(): Promise<CrowdCount>; stop(): Promise<void> };

const PROGRAM = fileURLToPath(new URL('../bots/crowd.ts', import.meta.url));
const GATHER_WITHIN_MS = 60_000;

/** Resolves when all of them are there. */
export async function gatherCrowd(gathering: Gathering): Promise<Crowd> {
  const child = fork(PROGRAM, [], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    process.off('exit', killed);
  };
  const ask = async (message: object): Promise<CrowdCount> => {
    const limit = AbortSignal.timeout(GATHER_WITHIN_MS);
    const answer = once(child, 'message', { signal: limit }) as Promise<[CrowdCount]>;
    const gone = exited.then(() => {
      throw new Error('the crowd ended');
    });
    child.send(message);
    return (await Promise.race([answer, gone]))[0];
  };
  try {
    await ask(gathering);
  } catch (error) {
    await stop();
    throw error;
  }
  return { count: () => ask({}), stop };
}
