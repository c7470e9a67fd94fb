import type { Command, Option } from './command.ts';
import { CONNECTION_OPTIONS } from './connection.ts';

const COMMON: Readonly<Record<string, Option>> = {
  ...CONNECTION_OPTIONS,
  json: { help: 'Print JSON, for programs.' },
  help: { help: 'Print this.' },
};

/** What `sluice --help` prints. */
export function overview(commands: readonly Command[]): string {
  const rows = [
    ['start [--config FILE] [--KEY VALUE]…', 'Start the server; `sluice start --help` lists every key.'],
    ...commands.map((command) => [usageOf(command), command.summary]),
    ['doctor', "Look this machine over as the server's: ports, addresses, TLS, TURN, clock and more."],
  ] as const;
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return [
    'Usage: sluice COMMAND',
    '',
    ...rows.map(([usage, summary]) => `  ${usage.padEnd(width)}  ${summary}`),
    '',
    '`sluice COMMAND --help` says more. Exit codes: 0 done, 1 refused or failed, 2 not understood.',
  ].join('\n');
}

/** What `sluice COMMAND --help` prints. */
export function helpOf(command: Command): string {
  return [
    `Usage: sluice ${usageOf(command)} [OPTIONS]`,
    '',
    command.summary,
    ...(command.details === undefined ? [] : ['', command.details]),
    '',
    ...optionLines({ ...command.options, ...COMMON }),
  ].join('\n');
}

export function optionLines(options: Readonly<Record<string, Option>>): string[] {
  const rows = Object.entries(options).map(
    ([name, { value, help }]) => [`--${name}${value === undefined ? '' : ` ${value}`}`, help] as const,
  );
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`);
}

function usageOf({ name, arguments: positional }: Command): string {
  return [name, ...positional].join(' ');
}
