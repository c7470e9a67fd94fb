/** Runs a scenario against a server, its own one unless another is named, and gives what was measured. */
import { freePort } from '../../tests/support/free-port.ts';
import { createRecorder, type Recorded } from '../report/recorder.ts';
import { giveWay } from '../support/give-way.ts';
import { fetchToken, type OwnServer, startOwnServer } from '../support/own-server.ts';
import { watchServer } from '../support/server-watch.ts';
import { turnFlags, TURN_SECRET } from '../support/turn-contestants.ts';
import type { Options, Scenario, Stage, Target } from './scenario.ts';

export type RunOptions = Options & {
  /** A server elsewhere; without it one is started on loopback, and stopped at the end. */
  readonly elsewhere?: Target | undefined;
  /** The clients let the server go first, once it is there. For good: run nothing else in this process. */
  readonly givesWay?: boolean;
};

/** `live` gets a line each second. Rejects where the server cannot be reached, or the scenario not be made ready. */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  live: (line: string) => void = () => undefined,
): Promise<Recorded> {
  const turn = scenario.needsTurn === true ? { port: await freePort(), secret: TURN_SECRET } : undefined;
  const own = options.elsewhere === undefined ? await startOwn(scenario, turn?.port) : undefined;
  if (options.givesWay === true) giveWay();
  const target =
    own === undefined ? options.elsewhere! : { url: own.url, key: own.key, pid: own.pid, ...(turn ? { turn } : {}) };
  try {
    return await measure(scenario, options, target, own, live);
  } finally {
    await own?.close();
  }
}

async function startOwn({ serverFlags = [] }: Scenario, turnPort: number | undefined): Promise<OwnServer> {
  const turn = turnPort === undefined ? [] : turnFlags(turnPort, await freePort());
  return startOwnServer([...serverFlags, ...turn], { probe: true });
}

async function measure(
  scenario: Scenario,
  options: Options,
  target: Target,
  own: OwnServer | undefined,
  live: (line: string) => void,
): Promise<Recorded> {
  const recorder = createRecorder();
  const run = `load-${Date.now().toString(36)}`;
  const stage: Stage = { target, recorder, run, token: (room, identity) => fetchToken(target, room, identity) };
  live('making ready …');
  const workload = await scenario.prepare(stage, options);
  try {
    const watch = own === undefined ? undefined : await watchServer(own, recorder);
    if (watch === undefined)
      recorder.note('CPU, memory, collections and event-loop delays of a server elsewhere are not read');
    recorder.begin();
    const ticking = setInterval(() => {
      watch?.second();
      live(recorder.second());
    }, 1000);
    try {
      await workload.run(performance.now() + options.seconds * 1000);
    } finally {
      clearInterval(ticking);
      recorder.end();
    }
    await watch?.finish();
    return recorder.finish();
  } finally {
    await workload.stop();
  }
}
