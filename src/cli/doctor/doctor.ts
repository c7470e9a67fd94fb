/** `sluice doctor`: looks over the machine that the server runs on, or is to run on, and says what to change. */
import { existsSync } from 'node:fs';

import { createSluice } from '../../../client/server-sdk/sluice.ts';
import { type Config, publicUrl, warnings } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { MEDIASOUP } from '../../media/own-worker.ts';
import { chosenWorker } from '../../worker-binary.ts';
import { EXIT } from '../cli.ts';
import { type Option, UsageError } from '../command.ts';
import { optionLines } from '../help.ts';
import type { Output } from '../output.ts';
import { announcedAddresses } from './addresses.ts';
import { certificates } from './certificate.ts';
import { type Finding, ok, problem, reasonOf, skipped, warning } from './finding.ts';
import { clock, readiness, turn } from './live.ts';
import { nodeVersion, openFiles, store, worker } from './machine.ts';
import { ports } from './ports.ts';
import { type Answering, askHealth } from './server.ts';
import { trusting } from './trusting-fetch.ts';

const OPTIONS: Readonly<Record<string, Option>> = {
  key: { value: 'KEY', help: 'An API key; or SLUICE_API_KEY, or the first of auth.keys. For TURN and the clock.' },
  json: { help: 'Print one JSON object for each line, for programs.' },
  help: { help: 'Print this.' },
  config: { value: 'FILE', help: "The server's configuration; or SLUICE_CONFIG." },
};

const HELP = [
  'Usage: sluice doctor [--config FILE] [--KEY VALUE]…',
  '',
  'Looks this machine over as that of the server with this configuration: the same file, variables and flags as',
  '`sluice start` takes. Where the server runs, it is asked, too. Each line that is not "ok" says what to change.',
  'The exit code is 1 where there is a problem.',
  '',
  ...optionLines(OPTIONS),
].join('\n');

type DoctorOptions = { readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv; readonly output: Output };

/** Resolves with the exit code. */
export async function runDoctor({ argv, env, output }: DoctorOptions): Promise<number> {
  const { own, rest } = split(argv);
  if (own.help) {
    output.line(HELP);
    return EXIT.done;
  }
  let problems = 0;
  let unsure = 0;
  const tell = (finding: Finding) => {
    if (finding.status === 'problem') problems += 1;
    if (finding.status === 'warning') unsure += 1;
    if (own.json) output.json(finding);
    else for (const line of linesOf(finding)) output.line(line);
  };
  tell(nodeVersion());
  const config = configuration(rest, env, tell);
  if (config !== undefined) {
    const apiKey = own.key ?? (env['SLUICE_API_KEY'] || config.auth.keys[0]);
    for await (const finding of findings(config, apiKey)) tell(finding);
  }
  if (!own.json) {
    const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
    output.line(
      problems + unsure === 0 ? '\nAll is well.' : `\n${count(problems, 'problem')}, ${count(unsure, 'warning')}.`,
    );
  }
  return problems === 0 ? EXIT.done : EXIT.failed;
}

async function* findings(config: Config, apiKey: string | undefined): AsyncGenerator<Finding, void> {
  for (const found of warnings(config)) yield warning('configuration', found, 'As it says.');
  const own = MEDIASOUP.workerBin;
  const binary = chosenWorker(config) ?? (own !== undefined && existsSync(own) ? own : undefined);
  yield await worker(binary, MEDIASOUP.version);
  yield* store(config);
  yield openFiles();

  const local = publicUrl({ ...config, publicUrl: null });
  const url = publicUrl(config);
  const [here, hereFinding] = await ask('server', local);
  yield hereFinding;
  yield* await ports(config, here !== undefined);
  yield* await announcedAddresses(config, here !== undefined);
  let answering = here;
  if (url !== local) {
    const [there, finding] = await ask('public address', url);
    answering = there;
    // A proxy may well be up before the server is.
    yield here === undefined && there === undefined
      ? skipped('public address', `${url}: the server does not run`)
      : finding;
  }
  yield* certificates(config, url, answering, Date.now());
  if (here === undefined) return yield skipped('TURN, clock, readiness', 'only a running server can show them');
  if (apiKey === undefined) return yield skipped('TURN, clock, readiness', 'no API key: give --key or SLUICE_API_KEY');
  // Asked where it listens: this machine's own certificate need not be trusted to be talked to.
  const sluice = createSluice({
    url: local,
    apiKey,
    retries: 0,
    ...(config.tls === 'off' ? {} : { fetch: trusting(local) }),
  });
  yield await readiness(sluice);
  yield* await clock(sluice, here.date, config);
  yield* await turn(sluice);
}

async function ask(check: string, url: string): Promise<[Answering | undefined, Finding]> {
  try {
    const answering = await askHealth(url);
    if (answering !== undefined) return [answering, ok(check, `runs at ${url}, version ${answering.version}`)];
    if (check === 'server')
      return [undefined, skipped(check, `does not run at ${url}: what it would need is looked at`)];
    return [
      undefined,
      problem(check, `nothing answers at ${url}`, 'Let the proxy or the port forwarding lead there, or set publicUrl.'),
    ];
  } catch (error) {
    const change = `See what answers at ${url}, and set publicUrl, host and port to where the server is.`;
    return [undefined, problem(check, `${url}: ${reasonOf(error)}`, change)];
  }
}

function configuration(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  tell: (finding: Finding) => void,
): Config | undefined {
  try {
    const loaded = loadConfig({ argv, env });
    if (loaded.action === 'start') {
      tell(ok('configuration', 'can be used'));
      return loaded.config;
    }
    throw new UsageError('`sluice doctor` has no --version; see `sluice doctor --help`.');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    tell(
      problem('configuration', (error as Error).message, 'Mend what it says; `sluice start --help` lists every key.'),
    );
    return undefined;
  }
}

/** Its own flags, and those of the configuration. */
function split(argv: readonly string[]) {
  const own: { key?: string; json: boolean; help: boolean } = { json: false, help: false };
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (argument === '--json') own.json = true;
    else if (argument === '--help' || argument === '-h') own.help = true;
    else if (argument === '--key' || argument.startsWith('--key=')) {
      const value = argument === '--key' ? argv[(index += 1)] : argument.slice('--key='.length);
      if (value === undefined || value === '') throw new UsageError('--key expects an API key.');
      own.key = value;
    } else rest.push(argument);
  }
  return { own, rest };
}

const MARKS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM', skipped: 'skipped' } as const;

function linesOf({ check, status, found, change }: Finding): string[] {
  return [`${MARKS[status]}  ${check}: ${found}`, ...(change === undefined ? [] : [`         → ${change}`])];
}
