import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { figure } from '../figure.ts';
import type { Row } from '../row.ts';
import type { Round } from './pauses-round.ts';

const ROUNDS = 3;
const [WORST_PAUSE_MS, DELAY_MS] = [10, 2];
const PROGRAM = fileURLToPath(new URL('pauses-round.ts', import.meta.url));

export const pauses: Row = {
  about: 'the worst collection of the main thread in `mixed`; with it event-loop delay, and the same of a TURN thread',
  async measure({ note }) {
    const runs: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) runs.push(await runRound());
    const rounds = (name: string) =>
      runs.map(({ values }) => values.find((it) => it.name === name)?.value ?? Number.NaN);
    note('each round is 15 s; clients share the cores with the server, and let it go first');
    const pause = { unit: 'ms', atMost: WORST_PAUSE_MS };
    const delay = { unit: 'ms', atMost: DELAY_MS };
    return [
      figure({ metric: 'pauses', ...pause, rounds: rounds('gc.main.worst') }),
      figure({ metric: 'pauses.main-delay-p99.9', ...delay, rounds: rounds('delay.main.p99.9') }),
      figure({ metric: 'pauses.main-delay-p99', unit: 'ms', rounds: rounds('delay.main.p99') }),
      figure({ metric: 'pauses.turn', ...pause, rounds: rounds('gc.turn-0.worst') }),
      figure({ metric: 'pauses.turn-delay-p99.9', ...delay, rounds: rounds('delay.turn-0.p99.9') }),
      figure({ metric: 'pauses.turn-delay-p99', unit: 'ms', rounds: rounds('delay.turn-0.p99') }),
      figure({ metric: 'pauses.main-waited', unit: 'ms/s', rounds: rounds('wait.main') }),
      figure({ metric: 'pauses.turn-waited', unit: 'ms/s', rounds: rounds('wait.turn-0') }),
      figure({ metric: 'pauses.stolen', unit: '%', rounds: runs.map(({ stolen }) => stolen) }),
    ];
  },
};

/** A process for each: it gives way to the server that it has started, and would start the next one with that priority. */
async function runRound(): Promise<Round> {
  const child = fork(PROGRAM, [], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`a round ended with ${code}`);
  });
  try {
    const [round] = (await Promise.race([once(child, 'message'), exited])) as [Round];
    return round;
  } finally {
    exited.catch(() => undefined);
    process.off('exit', kill);
    child.kill('SIGKILL');
  }
}
