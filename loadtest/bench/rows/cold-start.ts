import { freePort } from '../../../tests/support/free-port.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { startCoturnAndJanus } from '../../peers/coturn-and-janus.ts';
import { prepareJanus } from '../../peers/janus.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const ROUNDS = 7;

export const coldStart: Row = {
  about: 'process start to ready, the worker binary cached; the peer is coturn and Janus started together',
  async measure({ peers }) {
    const janus = peers ? await prepareJanus() : undefined;
    const ours: number[] = [];
    const theirs: number[] = [];
    try {
      // The first starts warm the disk cache.
      for (let round = -1; round < ROUNDS; round += 1) {
        // A port that is known, as a server in use has one: where workers look for free ones, the relay waits for them.
        const server = await startOwnServer(['--media.port', String(await freePort())]);
        await server.close();
        const startMs = janus === undefined ? undefined : await startCoturnAndJanus(janus);
        if (round < 0) continue;
        ours.push(server.startMs);
        if (startMs !== undefined) theirs.push(startMs);
      }
    } finally {
      janus?.remove();
    }
    const peer = peers ? { peer: { name: 'coturn + Janus', rounds: theirs } } : {};
    return [figure({ metric: 'cold-start', unit: 'ms', rounds: ours, atMost: 500, ...peer })];
  },
};
