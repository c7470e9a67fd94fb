/**
 * Puts a server under load, and says how it bore it.
 *
 *     npm run loadtest -- SCENARIO [--rooms N] [--users N] [--seconds S] [--rate N] [--publishers N] [--size BYTES]
 *                         [--video vp8|h264|none] [--json] [--html FILE] [--fail-if 'join.p99>20']…
 *                         [--url ORIGIN --key ID.SECRET [--turn IPV4:PORT --turn-secret SECRET]]
 *
 * Without --url it starts a server of its own on loopback, and stops it. The live line goes to the error output. Exits
 * with 0; with 1 where something of --fail-if came true or the run failed; with 2 where it was called wrongly.
 *
 *     npm run loadtest -- MEASUREMENT [its options]
 *
 * A measurement of one thing, whose file in this folder says what it takes.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';

import { htmlReport } from './report/html.ts';
import { machineInWords, type Result, resultAsJson } from './report/result.ts';
import { table } from './report/table.ts';
import { failedThresholds, parseThreshold } from './report/threshold.ts';
import { runScenario } from './scenarios/run.ts';
import type { Options, Scenario, Target } from './scenarios/scenario.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';

/** What no run goes beyond, whatever it is told. */
const MOST = { rooms: 1000, users: 1000, seconds: 600, rate: 500_000, publishers: 10, size: 1400 } as const;
const DEFAULTS: Options = { rooms: 1, users: 10, seconds: 10, rate: 50, publishers: 1, size: 200, video: 'vp8' };

const PROGRAMS = ['main', 'bench'];
const measurements = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !PROGRAMS.includes(name));

const [name = '', ...options] = process.argv.slice(2);
const scenario = SCENARIOS[name];
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
if (scenario !== undefined) {
  // What a library still holds open is not waited for.
  process.exit(await run(name, scenario, options));
} else if (measurements.includes(name)) {
  process.argv = [process.execPath, name, ...options];
  await import(`./${name}.ts`);
} else {
  const list = Object.entries(SCENARIOS).map(([its, { about }]) => `  ${its.padEnd(12)}${about}`);
  console.error(
    `npm run loadtest -- SCENARIO, with SCENARIO one of\n\n${list.join('\n')}\n\nor one of ${measurements.join(', ')}`,
  );
  process.exitCode = 2;
}

type Flags = ReturnType<typeof readFlags>;

async function run(its: string, what: Scenario, args: readonly string[]): Promise<number> {
  let flags: Flags;
  try {
    flags = readFlags(what, args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  const startedAt = new Date().toISOString();
  try {
    const recorded = await runScenario(what, { ...flags.options, elsewhere: flags.elsewhere }, liveLine);
    const failed = failedThresholds(flags.thresholds, recorded.values);
    const result: Result = {
      scenario: its,
      options: Object.fromEntries(Object.entries(flags.options).filter(([flag]) => flag in what.defaults)),
      machine: machineInWords(),
      startedAt,
      recorded,
      failed,
    };
    console.log(flags.json ? resultAsJson(result) : table(recorded));
    if (flags.html !== undefined) writeFileSync(flags.html, htmlReport(result));
    for (const failure of failed) console.error(`FAILED ${failure}`);
    return failed.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`${its} failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Throws with what was expected where a flag is not good. */
function readFlags({ defaults }: Scenario, args: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ rooms: text, users: text, seconds: text, rate: text, publishers: text, size: text, video: text },
      ...{ url: text, key: text, turn: text, 'turn-secret': text, html: text },
      json: { type: 'boolean', default: false },
      'fail-if': { type: 'string', multiple: true, default: [] },
    },
  });
  const base = { ...DEFAULTS, ...defaults };
  const number = (flag: keyof typeof MOST): number => {
    const value = values[flag] === undefined ? base[flag] : Number(values[flag]);
    if (!(value >= 1 && value <= MOST[flag])) throw new Error(`--${flag} is a number from 1 to ${MOST[flag]}`);
    return value;
  };
  const video = values.video ?? base.video;
  if (video !== 'vp8' && video !== 'h264' && video !== 'none') throw new Error('--video is vp8, h264 or none');
  return {
    options: {
      ...{ rooms: number('rooms'), users: number('users'), seconds: number('seconds'), rate: number('rate') },
      ...{ publishers: number('publishers'), size: number('size'), video },
    } satisfies Options,
    thresholds: values['fail-if'].map(parseThreshold),
    elsewhere: elsewhere(values),
    ...{ json: values.json, html: values.html },
  };
}

type Where = { url?: string; key?: string; turn?: string; 'turn-secret'?: string };

function elsewhere({ url, key, turn: at, 'turn-secret': secret }: Where): Target | undefined {
  if (url === undefined) return undefined;
  if (key === undefined) throw new Error('--url takes the --key of that server, ID.SECRET');
  if (at === undefined || secret === undefined) return { url: new URL(url).origin, key };
  const [host, port, ...more] = at.split(':');
  if (host === undefined || !isIPv4(host) || port === undefined || more.length > 0) {
    throw new Error('--turn takes an IPv4 address and a port');
  }
  return { url: new URL(url).origin, key, turn: { host, port: Number(port), secret } };
}

function liveLine(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, process.stderr.columns - 1)}`);
  else process.stderr.write(`${line}\n`);
}
