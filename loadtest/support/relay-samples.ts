/** What one run of the load generator says of a relay. */
import { percentile } from './percentiles.ts';
import type { Contestant } from './turn-contestants.ts';
import type { Generator, Load, LoadReport } from './turn-load.ts';

export type RelaySample = {
  /** Packets a second. */
  readonly rate: number;
  /** Microseconds of CPU a packet: of the thread that relays, and of the whole process. */
  readonly relayCpu: number;
  readonly processCpu: number;
  /** Share of what was sent. */
  readonly loss: number;
};

/** Messages under way in each flow: the one with the highest rate at next to no loss is measured. */
const WINDOWS = [16, 32, 64, 128, 256];
const MOST_LOST = 0.001;

export function relaySample(report: LoadReport): RelaySample {
  const threads = report.threads.map(({ cpu }) => cpu);
  const perPacket = (cpu: number) => (cpu * 1e6) / Math.max(1, report.relayed);
  return {
    rate: report.relayed / report.seconds,
    // The thread that relays is the busy one.
    relayCpu: perPacket(Math.max(0, ...threads)),
    processCpu: perPacket(threads.reduce((sum, cpu) => sum + cpu, 0)),
    loss: report.lost / Math.max(1, report.sent),
  };
}

/** 1 for loads that keep one message under way. */
export async function bestWindow(
  generator: Generator,
  load: Load,
  server: Contestant,
  windows: readonly number[] = WINDOWS,
): Promise<number> {
  if (load.mode !== 'blast') return 1;
  let best = { window: windows[0]!, rate: 0 };
  for (const window of windows) {
    const { rate, loss } = relaySample(await generator.run({ ...load, seconds: 1, window }, server));
    if (loss < MOST_LOST && rate > best.rate) best = { window, rate };
  }
  return best.window;
}

export function medianOf(samples: readonly RelaySample[], of: keyof RelaySample): number {
  return percentile(
    samples.map((sample) => sample[of]),
    0.5,
  );
}
