/**
 * From process start to ready, with the worker cached and the pages built.
 *
 *     node loadtest/cold-start.ts [--rounds 11]
 */
import { parseArgs } from 'node:util';

import { startOwnServer } from './support/own-server.ts';
import { percentile, row, verdict } from './support/percentiles.ts';

const TARGET_MS = 1000;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '11' } } });

const samples: number[] = [];
for (let round = 0; round <= Math.min(100, Number(values.rounds)); round += 1) {
  const server = await startOwnServer();
  await server.close();
  // The first start warms the disk cache.
  if (round > 0) samples.push(server.startMs);
}
console.log(row('process start to ready', samples, 'ms'));
console.log(verdict('median', percentile(samples, 0.5), TARGET_MS, 'ms'));
