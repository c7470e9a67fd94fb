import { later, type Millis } from '../../../src/kernel/clock.ts';
import { parseBeacon } from '../../../src/qoe/beacon.ts';
import { QoeSession } from '../../../src/qoe/session.ts';
import { callBeacon, samplesOf } from '../../support/call-beacon.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const SESSIONS = 1000;
const REMOTES = 5;
const WARM_UP = 10;
const ROUNDS = 30;
const START = 1_700_000_000_000 as Millis;

export const qoeSample: Row = {
  about: 'a sample of a beacon in the process: validated, deduplicated, windowed and scored (CPU time)',
  measure() {
    const sessions = Array.from({ length: SESSIONS }, (_, index) => new QoeSession(`s-${index}`, START));
    const rounds: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      const took = oneRound(sessions, round);
      if (round >= WARM_UP) rounds.push(took);
    }
    return [figure({ metric: 'qoe-sample', unit: 'µs', rounds, atMost: 2 })];
  },
};

/** One beacon of each session. Microseconds of CPU for a sample. */
function oneRound(sessions: readonly QoeSession[], round: number): number {
  const each = samplesOf(REMOTES);
  const beacons = sessions.map((_, index) => {
    const sentAt = START + 2000 * round + 5;
    const beacon = callBeacon({ session: `s-${index}`, sentAt, firstSequence: round * each, remotes: REMOTES });
    // What JSON.parse gives is of other shapes than the literals above.
    return JSON.parse(JSON.stringify(beacon)) as unknown;
  });
  const now = later(START, 2000 * round + 20);
  let accepted = 0;
  const before = process.cpuUsage();
  for (const [index, session] of sessions.entries()) {
    accepted += session.ingest(parseBeacon(beacons[index]), now).accepted;
    session.score(now, () => undefined);
  }
  const { user, system } = process.cpuUsage(before);
  if (accepted !== each * sessions.length) throw new Error(`${each * sessions.length - accepted} samples were refused`);
  return (user + system) / accepted;
}
