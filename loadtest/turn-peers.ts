/**
 * Our TURN server beside coturn and node-turn, each pinned to one core and relaying on one thread, in alternating
 * rounds under the same load: packets per second at next to no loss, CPU time per packet of the relaying thread and of
 * the whole process, set-ups per second, idle cost, and what a stalled main thread costs.
 *
 *     npm run loadtest -- turn-peers [--rounds 3] [--seconds 3] [--only PART-OF-A-ROW] [--against coturn,node-turn]
 *
 * Needs Linux with two cores and what native/turn-load.c is built with. As root it can give sockets buffers beyond the
 * system's limit, which other users' measurements lack. Exits with 1 where a target is missed.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { freePort } from '../tests/support/free-port.ts';
import { cpuSeconds } from './support/own-server.ts';
import { percentile } from './support/percentiles.ts';
import { bestWindow, medianOf, type RelaySample, relaySample } from './support/relay-samples.ts';
import { blockMainThread, type Contestant, type ContestantName, startContestant } from './support/turn-contestants.ts';
import { buildGenerator, type Load, type LoadReport } from './support/turn-load.ts';

const [SERVER_CORE, GENERATOR_CORE] = [0, 1];

type Row = {
  readonly name: string;
  readonly load: Load;
  readonly who: readonly ContestantName[];
  /** Ratios of our medians to another's: at least for rates, at most for CPU time per packet. */
  readonly targets: readonly { ours: ContestantName; other: ContestantName; rate?: number; cpu?: number }[];
};

const UDP: Row['who'] = ['sluice', 'sluice dgram', 'coturn'];
const STREAM: Row['who'] = ['sluice', 'coturn'];
const BEATS_COTURN = [{ ours: 'sluice', other: 'coturn', rate: 1.2, cpu: 0.8 }] as const;
const EQUALS_COTURN = [{ ours: 'sluice', other: 'coturn', rate: 1 }] as const;
const ROWS: readonly Row[] = [
  { name: 'UDP, 4 sessions, 200 B', load: { mode: 'blast' }, who: UDP, targets: BEATS_COTURN },
  { name: 'UDP, 4 sessions, 1,200 B', load: { mode: 'blast', size: 1200 }, who: UDP, targets: BEATS_COTURN },
  {
    name: 'UDP, 200 sessions, one in flight',
    load: { mode: 'ping-pong', sessions: 200 },
    who: UDP,
    targets: BEATS_COTURN,
  },
  {
    name: 'UDP, Send indications up, 200 B',
    load: { mode: 'blast', direction: 'up', indications: true },
    who: ['sluice', 'sluice dgram', 'node-turn', 'coturn'],
    targets: [{ ours: 'sluice dgram', other: 'node-turn', rate: 1.7 }],
  },
  { name: 'TCP, 4 sessions, 200 B', load: { mode: 'blast', transport: 'tcp' }, who: STREAM, targets: EQUALS_COTURN },
  {
    name: 'TCP, 4 sessions, 1,200 B',
    load: { mode: 'blast', transport: 'tcp', size: 1200 },
    who: STREAM,
    targets: EQUALS_COTURN,
  },
  {
    name: 'TCP, 50 sessions, one in flight',
    load: { mode: 'ping-pong', transport: 'tcp', sessions: 50 },
    who: STREAM,
    targets: EQUALS_COTURN,
  },
  { name: 'TLS, 4 sessions, 200 B', load: { mode: 'blast', transport: 'tls' }, who: STREAM, targets: EQUALS_COTURN },
  {
    name: 'TLS, 4 sessions, 1,200 B',
    load: { mode: 'blast', transport: 'tls', size: 1200 },
    who: STREAM,
    targets: EQUALS_COTURN,
  },
  {
    name: 'TLS, 50 sessions, one in flight',
    load: { mode: 'ping-pong', transport: 'tls', sessions: 50 },
    who: STREAM,
    targets: EQUALS_COTURN,
  },
];
/** Rates that the issue of this server names, whatever others reach. */
const DGRAM_RATE = 180_000;
const WARM_UP_SECONDS = 4;
const SETUPS = { rate: 5000, p99Ms: 10 };
const IDLE = { sessions: 10_000, megabytes: 60, corePercent: 1, seconds: 10 };
const STALL = { rate: 20_000, seconds: 4, blockMs: 2000 };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    against: { type: 'string', default: 'coturn,node-turn' },
  },
});
const rounds = Math.min(20, Math.max(1, Number(values.rounds)));
const seconds = Math.min(30, Math.max(1, Number(values.seconds)));
const absent = new Set<ContestantName>(
  (['coturn', 'node-turn'] as const).filter((name) => !values.against.includes(name)),
);

const generator = await buildGenerator(GENERATOR_CORE);
try {
  for (const row of ROWS) if (row.name.includes(values.only)) await compare(row);
  for (const [name, scenario] of Object.entries({ 'set-ups': setUps, idle, stall })) {
    if (name.includes(values.only)) await scenario();
  }
} finally {
  generator.remove();
}

async function compare(row: Row): Promise<void> {
  console.log(`\n${row.name}`);
  const samples = new Map<ContestantName, RelaySample[]>();
  const windows = new Map<ContestantName, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of row.who) {
      await withContestant(name, async (server) => {
        const window = windows.get(name) ?? (await bestWindow(generator, row.load, server));
        windows.set(name, window);
        const sample = relaySample(await generator.run({ ...row.load, seconds, window }, server));
        samples.set(name, [...(samples.get(name) ?? []), sample]);
      });
    }
  }
  for (const [name, its] of samples) print(name, its, windows.get(name));
  for (const { ours, other, rate, cpu } of row.targets) {
    const [our, their] = [samples.get(ours), samples.get(other)];
    if (our === undefined || their === undefined) continue;
    const ratio = (of: keyof RelaySample) => medianOf(our, of) / medianOf(their, of);
    if (rate !== undefined) judge(`${ours}: packets/s over ${other}'s`, ratio('rate'), '≥', rate);
    if (cpu !== undefined) judge(`${ours}: relay CPU per packet over ${other}'s`, ratio('relayCpu'), '≤', cpu);
  }
  const dgram = samples.get('sluice dgram');
  if (dgram !== undefined && row.load.size === undefined && row.load.mode === 'blast' && !row.load.indications) {
    judge('sluice dgram: packets/s', medianOf(dgram, 'rate'), '≥', DGRAM_RATE);
  }
}

/** Who cannot be had, or fails under the load, is told of once and left out. */
async function withContestant(name: ContestantName, use: (server: Contestant) => Promise<void>): Promise<void> {
  if (absent.has(name)) return;
  let server: Contestant | undefined;
  try {
    server = await startContestant(name, SERVER_CORE);
    await use(server);
  } catch (error) {
    absent.add(name);
    console.log(`  ${name} is left out from here on: ${error instanceof Error ? error.message : String(error)}`);
    if (name.startsWith('sluice')) process.exitCode = 1;
  } finally {
    await server?.close();
  }
}

function print(name: string, samples: readonly RelaySample[], window = 1): void {
  const spread = (of: keyof RelaySample, show: (value: number) => string) => {
    const all = samples.map((sample) => sample[of]);
    return `${show(medianOf(samples, of)).padStart(8)} (${show(Math.min(...all))} to ${show(Math.max(...all))})`;
  };
  const [rate, cpu] = [(value: number) => `${(value / 1000).toFixed(0)}k`, (value: number) => value.toFixed(2)];
  const whole = medianOf(samples, 'processCpu').toFixed(2);
  const lost = (Math.max(...samples.map(({ loss }) => loss)) * 100).toFixed(3);
  console.log(
    `  ${name.padEnd(14)}${spread('rate', rate)} packets/s  ${spread('relayCpu', cpu)} µs per packet, process ${whole}` +
      `  lost ≤ ${lost} %  window ${window}`,
  );
}

/** How many set-ups a thread takes, and how long one waits at half of what is asked for. */
async function setUps(): Promise<void> {
  console.log('\nset-ups: challenge, Allocate, CreatePermission, ChannelBind, per second');
  const rates = new Map<ContestantName, number[]>();
  const waits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['sluice', 'coturn'] as const) {
      await withContestant(name, async (server) => {
        // A thread that has just started compiles what it runs: half as fast, and nobody's steady state.
        await generator.run({ mode: 'storm', window: 64, seconds: WARM_UP_SECONDS }, server);
        const most = await generator.run({ mode: 'storm', window: 64, seconds }, server);
        rates.set(name, [...(rates.get(name) ?? []), most.bound / most.seconds]);
        complain(name, most);
        if (name === 'coturn') return;
        const half = await generator.run({ mode: 'storm', window: 1000, rate: SETUPS.rate / 2, seconds }, server);
        complain(name, half);
        waits.push(half.p99 * 1000);
      });
    }
  }
  for (const [name, its] of rates) console.log(`  ${name.padEnd(14)}${percentile(its, 0.5).toFixed(0)} per second`);
  judge('sluice: set-ups per second', percentile(rates.get('sluice') ?? [], 0.5), '≥', SETUPS.rate);
  judge(`sluice: p99 at ${SETUPS.rate / 2} per second, ms`, percentile(waits, 0.5), '≤', SETUPS.p99Ms);
}

function complain(name: string, { refused, lastCode, silent }: LoadReport): void {
  if (refused + silent > 0)
    console.log(`  ${name}: ${refused} refused (the last with ${lastCode}), ${silent} unanswered`);
}

async function idle(): Promise<void> {
  console.log(`\nidle: ${IDLE.sessions} allocations with a channel each`);
  for (const name of ['sluice', 'coturn'] as const) {
    await withContestant(name, async (server) => {
      // What a start leaves to spare time is over by then.
      await sleep(3000);
      const nobody = await share(server.pid);
      // The first ones bring code and tables that later ones share.
      const before = residentMegabytes(server.pid);
      const held = await generator.hold({ mode: 'idle', sessions: IDLE.sessions }, server);
      await sleep(2000);
      const everybody = await share(server.pid);
      const more = residentMegabytes(server.pid) - before;
      await held.stop();
      console.log(
        `  ${name.padEnd(14)}${more.toFixed(1)} MB more, ${nobody.toFixed(2)} → ${everybody.toFixed(2)} % of a core`,
      );
      if (name === 'coturn') return;
      judge('sluice: MB more', more, '≤', IDLE.megabytes);
      judge('sluice: more of a core, %', everybody - nobody, '≤', IDLE.corePercent);
    });
  }
}

/** Percent of a core that the process uses. */
async function share(pid: number): Promise<number> {
  const [before, start] = [cpuSeconds(pid), performance.now()];
  await sleep(IDLE.seconds * 1000);
  return ((cpuSeconds(pid) - before) * 100_000) / (performance.now() - start);
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1000;
}

/** The main thread does nothing else for two seconds; the relay must not notice. */
async function stall(): Promise<void> {
  console.log(`\nstall: ${STALL.rate} packets/s while the main thread is blocked for ${STALL.blockMs / 1000} s`);
  const inspectorPort = await freePort();
  process.env['NODE_OPTIONS'] = `--inspect-port=127.0.0.1:${inspectorPort}`;
  // It shares its core with the relay, which must get its turn from the kernel all the same.
  await withContestant('sluice', async (server) => {
    const load = generator.run({ mode: 'blast', rate: STALL.rate, seconds: STALL.seconds }, server);
    await sleep(1000);
    await blockMainThread(server.pid, inspectorPort, STALL.blockMs);
    const { sent, lost } = await load;
    judge(`sluice: lost of ${sent}`, lost, '≤', 0);
  });
  delete process.env['NODE_OPTIONS'];
}

function judge(what: string, value: number, relation: '≥' | '≤', target: number): void {
  const met = relation === '≥' ? value >= target : value <= target;
  if (!met) process.exitCode = 1;
  const digits = target < 100 ? 2 : 0;
  console.log(`  ${what}: ${value.toFixed(digits)}, target ${relation} ${target}: ${met ? 'met' : 'MISSED'}`);
}
