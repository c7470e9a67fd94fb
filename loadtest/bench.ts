/**
 * The benchmarks: each row of the table is measured, never quoted, as medians of several rounds after a warm-up.
 *
 *     npm run bench -- [NAME…] [--json] [--peers] [--markdown FILE]
 *
 * --json      a line of JSON for each figure, and nothing else on the output
 * --peers     installs and starts what the figures are compared with, on loopback, and stops it
 * --markdown  writes the table into the file, between its two marks
 *
 * Exits with 0 where every target is met, 1 where one is missed or a row failed, 2 where it was called wrongly.
 */
import { parseArgs } from 'node:util';

import type { Figure } from './bench/figure.ts';
import { figureLine } from './bench/line.ts';
import { writeTable } from './bench/markdown.ts';
import { ROWS } from './bench/rows.ts';
import { runRow } from './bench/run-row.ts';
import { installPeers } from './peers/install.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      markdown: { type: 'string' },
    },
  });
  const unknown = positionals.filter((name) => ROWS[name] === undefined);
  if (unknown.length > 0) {
    console.error(`no row is called ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}`);
    return 2;
  }
  const say = (text: string) => (values.json ? console.error(text) : console.log(text));
  if (values.peers) await installPeers();

  const done = new Map<string, readonly Figure[]>();
  const failed: string[] = [];
  for (const name of positionals.length > 0 ? positionals : Object.keys(ROWS)) {
    try {
      const figures = await runRow(name, values.peers, (note) => say(`  ${name}: ${note}`));
      done.set(name, figures);
      for (const its of figures) console.log(values.json ? JSON.stringify(its) : figureLine(its));
    } catch (error) {
      failed.push(name);
      console.error(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (values.markdown !== undefined) await writeTable(values.markdown, done, { peers: values.peers, failed });
  const missed = [...done.values()].flat().filter(({ met }) => !met);
  if (missed.length > 0) say(`missed: ${missed.map(({ metric }) => metric).join(', ')}`);
  return missed.length > 0 || failed.length > 0 ? 1 : 0;
}
