import { bestWindow, type RelaySample, relaySample } from '../../support/relay-samples.ts';
import { type ContestantName, startContestant } from '../../support/turn-contestants.ts';
import { buildGenerator, type Generator, type Load } from '../../support/turn-load.ts';
import { type Figure, figure } from '../figure.ts';
import type { Row } from '../row.ts';

const [SERVER_CORE, GENERATOR_CORE] = [0, 1];
const ROUNDS = 3;
const SECONDS = 2;
const WINDOWS = [32, 64, 128, 256];
const [RATE, CPU] = [1.2, 0.8];
/** 200 sessions have one message each under way; fewer have as many as gives the highest rate without loss. */
const LOADS = {
  relay: { mode: 'blast', sessions: 4, size: 200 },
  'relay.4x1200': { mode: 'blast', sessions: 4, size: 1200 },
  'relay.200x200': { mode: 'ping-pong', sessions: 200, size: 200 },
  'relay.200x1200': { mode: 'ping-pong', sessions: 200, size: 1200 },
} satisfies Record<string, Load>;
/** node-turn knows no ChannelData from clients: it is compared by what it can. */
const INDICATIONS: Load = { mode: 'blast', sessions: 4, size: 200, direction: 'up', indications: true };

export const relay: Row = {
  about: 'packets relayed through UDP channels, one core for the server: 4 and 200 sessions, 200 and 1,200 bytes',
  async measure({ peers, note }) {
    const generator = await buildGenerator(GENERATOR_CORE);
    try {
      const figures: Figure[] = [];
      for (const [metric, load] of Object.entries(LOADS)) {
        const [ours, theirs] = await inTurns(generator, load, ['sluice', ...(peers ? (['coturn'] as const) : [])]);
        figures.push(...figuresOf(metric, 'coturn', ours!, theirs, true));
      }
      if (peers) {
        const [ours, theirs] = await inTurns(generator, INDICATIONS, ['sluice', 'node-turn']);
        figures.push(...figuresOf('relay.indications', 'node-turn', ours!, theirs, false));
      }
      note('one relaying thread each, and the load generator on the other core; 4 sessions are 8 flows, both ways');
      return figures;
    } finally {
      generator.remove();
    }
  },
};

function figuresOf(
  metric: string,
  name: string,
  ours: readonly RelaySample[],
  theirs: readonly RelaySample[] | undefined,
  judged: boolean,
): Figure[] {
  const rounds = (samples: readonly RelaySample[], of: keyof RelaySample) => samples.map((sample) => sample[of]);
  const beside = (of: keyof RelaySample) =>
    theirs === undefined ? {} : { peer: { name, rounds: rounds(theirs, of) } };
  const bounds = judged ? { rate: { atLeast: RATE, ofPeer: true }, cpu: { atMost: CPU, ofPeer: true } } : {};
  return [
    figure({ metric, unit: 'packets/s', rounds: rounds(ours, 'rate'), ...beside('rate'), ...bounds.rate }),
    figure({
      ...{ metric: `${metric}${metric.includes('.') ? '-' : '.'}cpu`, unit: 'µs CPU per packet' },
      ...{ rounds: rounds(ours, 'relayCpu'), ...beside('relayCpu'), ...bounds.cpu },
    }),
  ];
}

/** Each contestant's samples; their rounds take turns. */
async function inTurns(
  generator: Generator,
  load: Load,
  names: readonly ContestantName[],
): Promise<readonly RelaySample[][]> {
  const samples: RelaySample[][] = names.map(() => []);
  const windows = new Map<ContestantName, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, name] of names.entries()) {
      const server = await startContestant(name, SERVER_CORE);
      try {
        const window = windows.get(name) ?? (await bestWindow(generator, load, server, WINDOWS));
        windows.set(name, window);
        samples[index]!.push(relaySample(await generator.run({ ...load, seconds: SECONDS, window }, server)));
      } finally {
        await server.close();
      }
    }
  }
  return samples;
}
