/** One round of `pauses`, in a process of its own: tells its parent what was measured. */
import { readFileSync } from 'node:fs';

import type { Value } from '../../report/recorder.ts';
import { runScenario } from '../../scenarios/run.ts';
import { SCENARIOS } from '../../scenarios/scenarios.ts';

/** `stolen`: percent of the time that cores were wanted or used, in which the hypervisor ran another machine. */
export type Round = { readonly values: readonly Value[]; readonly stolen: number };

const OPTIONS = { rooms: 1, users: 1, rate: 1, publishers: 1, size: 200, video: 'vp8', seconds: 15 } as const;

// Whoever waits for this is gone: so is the server, with the exit.
process.once('disconnect', () => process.exit(1));
const before = cores();
const { values } = await runScenario(SCENARIOS['mixed']!, { ...OPTIONS, givesWay: true });
const after = cores();
const stolen = (100 * (after.stolen - before.stolen)) / Math.max(1, after.wanted - before.wanted);
process.send?.({ values, stolen } satisfies Round);

/** Ticks of all cores since the machine was started (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. */
function cores(): { readonly wanted: number; readonly stolen: number } {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { wanted: user + nice + system + irq + softirq + steal, stolen: steal };
}
