/** What a server's process costs while it is under load: CPU and memory of its parts, collections, event-loop delays. */
import type { Recorder } from '../report/recorder.ts';
import type { OwnServer } from './own-server.ts';
import { childrenOf, cpuSeconds, footprint, threadCpuSeconds } from './process-usage.ts';
import type { ThreadReport } from './thread-probe.ts';

export type ServerWatch = {
  /** Once a second. */
  second(): void;
  finish(): Promise<void>;
};

/** The parts that are told apart. `other` is what Node and V8 have besides: compiler, collector, file system. */
const PARTS = ['main', 'turn', 'workers', 'other'] as const;
type Usage = Record<(typeof PARTS)[number], number>;

/** Watches a server that was started with `probe`, from now on. */
export async function watchServer({ pid, probe }: OwnServer, recorder: Recorder): Promise<ServerWatch> {
  if (probe === undefined) throw new Error('the server was started without its probe');
  const threads = await probe.report();
  const workers = childrenOf(pid);
  probe.reset();
  const usage = () => cpuOf(pid, threads, workers);
  const first = { at: performance.now(), cpu: usage() };
  let last = first;
  return {
    second() {
      const now = { at: performance.now(), cpu: usage() };
      for (const part of PARTS) recorder.gauge(`cpu.${part}`, percent(last, now, part), '%');
      last = now;
      recorder.gauge('memory.server', footprint(pid).rss / 2 ** 20, 'MiB');
      recorder.gauge('memory.workers', workers.reduce((sum, its) => sum + footprint(its).rss, 0) / 2 ** 20, 'MiB');
    },
    async finish() {
      const now = { at: performance.now(), cpu: usage() };
      for (const part of PARTS) recorder.set(`cpu.${part}`, percent(first, now, part), '%');
      for (const thread of await probe.report()) {
        const { name, delay, collections, worstPause, totalPause, waited } = thread;
        if (name !== 'main' && !name.startsWith('turn')) continue;
        for (const [share, milliseconds] of Object.entries({ p50: delay.p50, p99: delay.p99, 'p99.9': delay.p999 })) {
          recorder.set(`delay.${name}.${share}`, milliseconds, 'ms');
        }
        recorder.set(`delay.${name}.max`, delay.max, 'ms');
        recorder.set(`wait.${name}`, waited, 'ms/s');
        recorder.set(`gc.${name}.collections`, collections, '');
        recorder.set(`gc.${name}.worst`, worstPause, 'ms');
        recorder.set(`gc.${name}.total`, totalPause, 'ms');
      }
    },
  };
}

type Moment = { readonly at: number; readonly cpu: Usage };

/** Of a core. */
function percent(from: Moment, to: Moment, part: keyof Usage): number {
  return ((to.cpu[part] - from.cpu[part]) * 100_000) / (to.at - from.at);
}

function cpuOf(pid: number, threads: readonly ThreadReport[], workers: readonly number[]): Usage {
  const of = (is: (name: string) => boolean) =>
    threads.filter(({ name }) => is(name)).reduce((sum, { tid }) => sum + threadCpuSeconds(pid, tid), 0);
  const [main, turn] = [of((name) => name === 'main'), of((name) => name.startsWith('turn'))];
  return {
    ...{ main, turn },
    workers: workers.reduce((sum, worker) => sum + cpuSeconds(worker), 0),
    // The whole is counted in coarser steps than the parts.
    other: Math.max(0, cpuSeconds(pid) - main - turn),
  };
}
