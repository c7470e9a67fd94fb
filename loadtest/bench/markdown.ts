/** docs/benchmarks.md: the table of the latest run, between two marks; what stands around it is written by hand. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

import { peerVersions } from '../peers/install.ts';
import type { Figure } from './figure.ts';
import { ROWS } from './rows.ts';

const BEGIN = '<!-- begin: npm run bench -- --peers --markdown docs/benchmarks.md -->';
const END = '<!-- end -->';

export type Run = { readonly peers: boolean; readonly failed: readonly string[] };

/** Puts the table in place of the one that the file has. Throws where the file has not the two marks. */
export async function writeTable(file: string, done: ReadonlyMap<string, readonly Figure[]>, run: Run): Promise<void> {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for the table: ${BEGIN} … ${END}`);
  const table = [...(await headLines(run)), '', ...tableLines(done, run)].join('\n');
  writeFileSync(file, `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`);
}

async function headLines({ peers }: Run): Promise<readonly string[]> {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return [
    `- Machine: ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown kind'}, ${memory}, Linux ${release()}`,
    `- Date: ${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.versions.node}`,
    `- Peers: ${peers ? (await peerVersions()).join(', ') : 'none in this run'}`,
  ];
}

/** Columns as wide as their cells, as the formatter would have them. */
export function tableLines(done: ReadonlyMap<string, readonly Figure[]>, { failed, peers }: Run): readonly string[] {
  const head = ['Figure', 'Measured', 'Spread', 'Target', 'Verdict', 'Peer', 'Ratio', 'Command'];
  const rows = Object.keys(ROWS).flatMap((name) => {
    if (failed.includes(name)) return [[name, 'failed', '', '', '', '', '', command(name, peers)]];
    return (done.get(name) ?? []).map((it, index) => cells(it, index === 0 ? command(name, peers) : ''));
  });
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function command(name: string, peers: boolean): string {
  return `\`npm run bench -- ${name}${peers ? ' --peers' : ''}\``;
}

function cells({ metric, value, unit, target, met, spread, peer, ratio }: Figure, run: string): string[] {
  return [
    metric,
    `${grouped(value)} ${unit}`,
    `${grouped(spread[0])} to ${grouped(spread[1])}`,
    target === null ? '' : grouped(target),
    target === null ? '' : met ? 'met' : '**missed**',
    peer === undefined ? '' : `${peer.name}: ${grouped(peer.value)}`,
    ratio === undefined ? '' : String(Number(ratio.toPrecision(3))),
    run,
  ];
}

function grouped(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}
