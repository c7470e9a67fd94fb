/** `sluice`: from the command line to a command, and from what it throws to an exit code. */
import { parseArgs } from 'node:util';

import { SluiceError } from '../../client/server-sdk/sluice.ts';
import { ConfigError, didYouMean } from '../config/problems.ts';
import { type Command, type Invocation, type Option, UsageError } from './command.ts';
import { CONNECTION_OPTIONS, connect } from './connection.ts';
import { EVENTS_COMMAND } from './events-command.ts';
import { helpOf, overview } from './help.ts';
import type { Output } from './output.ts';
import { ROOM_COMMANDS } from './room-commands.ts';
import { TOKEN_COMMAND } from './token-command.ts';

/** Exit codes: what was asked for was done, was not, or could not be understood. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export type CliOptions = {
  /** The arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  readonly version: () => string;
  /** Starts the server with the arguments behind `start`; resolves when it runs. */
  readonly start: (argv: readonly string[]) => Promise<void>;
  /** Looks the server's machine over; resolves with the exit code. */
  readonly doctor: (argv: readonly string[]) => Promise<number>;
};

const COMMANDS: readonly Command[] = [TOKEN_COMMAND, ...ROOM_COMMANDS, EVENTS_COMMAND];
const NAMES = ['start', 'doctor', ...COMMANDS.map(({ name }) => name)];

/** Runs the command that `argv` names. Resolves with the exit code, or with undefined where the server goes on running. */
export async function runCli(options: CliOptions): Promise<number | undefined> {
  const { argv, output } = options;
  const [first, second] = argv;
  try {
    if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
      output.line(overview(COMMANDS));
      return EXIT.done;
    }
    if (first === '--version' || first === '-v') {
      output.line(options.version());
      return EXIT.done;
    }
    if (first === 'start') return await options.start(argv.slice(1)).then(() => undefined);
    if (first === 'doctor') return await options.doctor(argv.slice(1));
    const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`);
    if (command === undefined) throw new UsageError(unknown(first, second));
    const words = command.name.split(' ').length;
    return await runCommand(command, argv.slice(words), options);
  } catch (error) {
    return failed(error, output);
  }
}

async function runCommand(command: Command, argv: readonly string[], { env, output }: CliOptions): Promise<number> {
  const options: Record<string, Option> = { ...command.options, ...CONNECTION_OPTIONS };
  const { values, positionals } = parse(command, argv, options);
  if (values['help'] === true) {
    output.line(helpOf(command));
    return EXIT.done;
  }
  if (positionals.length !== command.arguments.length) {
    const wanted = command.arguments.length === 0 ? 'no arguments' : command.arguments.join(' ');
    throw new UsageError(`\`sluice ${command.name}\` expects ${wanted}; see \`sluice ${command.name} --help\`.`);
  }
  const option = (name: string) => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const invocation: Invocation = {
    argument: (name) => positionals[command.arguments.indexOf(name)] ?? '',
    option,
    has: (name) => values[name] === true,
    json: values['json'] === true,
    output,
    server: () => connect({ url: option('url'), key: option('key'), config: option('config') }, env),
  };
  return (await command.run(invocation)) ?? EXIT.done;
}

type Parsed = {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: string[];
};

function parse(command: Command, argv: readonly string[], options: Record<string, Option>): Parsed {
  const known = Object.entries(options).map(
    ([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' } as const] as const,
  );
  try {
    return parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(known), json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    // Its first sentence names the flag; the others are about positional arguments.
    const [sentence = ''] = (error as Error).message.split(/(?<=\.) |\. /u);
    throw new UsageError(`${sentence.replace(/\.?$/u, '.')} See \`sluice ${command.name} --help\`.`, { cause: error });
  }
}

function unknown(first: string, second: string | undefined): string {
  const group = NAMES.filter((name) => name.startsWith(`${first} `));
  if (group.length > 0) return `\`sluice ${first}\` is ${group.map((name) => `\`sluice ${name}\``).join(', ')}.`;
  const written = second === undefined || second.startsWith('-') ? first : `${first} ${second}`;
  return `There is no command "${written}"${didYouMean(first, NAMES)}. See \`sluice --help\`.`;
}

/** Says what went wrong, for people and on the error stream. */
function failed(error: unknown, output: Output): number {
  if (error instanceof UsageError) {
    output.error(error.message);
    return EXIT.usage;
  }
  if (error instanceof SluiceError) {
    output.error(`${error.message} (${error.code})`);
    return EXIT.failed;
  }
  output.error(
    error instanceof ConfigError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error),
  );
  return EXIT.failed;
}
