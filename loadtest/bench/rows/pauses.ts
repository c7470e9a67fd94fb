import { runScenario } from '../../scenarios/run.ts';
import { SCENARIOS } from '../../scenarios/scenarios.ts';
import type { Recorded } from '../../report/recorder.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const ROUNDS = 3;
const SECONDS = 15;
const [WORST_PAUSE_MS, DELAY_MS] = [10, 2];
const OPTIONS = { rooms: 1, users: 1, rate: 1, publishers: 1, size: 200, video: 'vp8', seconds: SECONDS } as const;

export const pauses: Row = {
  about: 'the worst collection of the main thread in `mixed`; with it event-loop delay, and the same of a TURN thread',
  async measure({ note }) {
    const runs: Recorded[] = [];
    for (let round = 0; round < ROUNDS; round += 1) runs.push(await runScenario(SCENARIOS['mixed']!, OPTIONS));
    const rounds = (name: string) =>
      runs.map(({ values }) => values.find((it) => it.name === name)?.value ?? Number.NaN);
    note(`each round is ${SECONDS} s; clients and server share the machine's cores`);
    const pause = { unit: 'ms', atMost: WORST_PAUSE_MS };
    const delay = { unit: 'ms', atMost: DELAY_MS };
    return [
      figure({ metric: 'pauses', ...pause, rounds: rounds('gc.main.worst') }),
      figure({ metric: 'pauses.main-delay-p99.9', ...delay, rounds: rounds('delay.main.p99.9') }),
      figure({ metric: 'pauses.turn', ...pause, rounds: rounds('gc.turn-0.worst') }),
      figure({ metric: 'pauses.turn-delay-p99.9', ...delay, rounds: rounds('delay.turn-0.p99.9') }),
    ];
  },
};
