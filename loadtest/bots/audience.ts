/** Bots that come together, and what they receive, as a recorder counts it. */
import type { Recorder } from '../report/recorder.ts';
import { percentile } from '../support/percentiles.ts';
import { type Bot, type BotOptions, joinBot, type Studio } from './bot.ts';
import { startMetronome } from './metronome.ts';
import { emptyReception } from './receiver.ts';

const DRAIN_EVERY_MS = 200;

export type Audience = {
  /** The bot receives, unless `listen` is false; it leaves at `stop()` at the latest. */
  join(options: Omit<BotOptions, 'studio' | 'receive'>, listen?: boolean): Promise<Bot>;
  leave(bot: Bot): Promise<void>;
  /** What comes from now on is counted: packets, loss, latency. */
  begin(): void;
  /** Loss and jitter of everything since `begin`. */
  end(): void;
  stop(): Promise<void>;
};

export function createAudience(recorder: Recorder): Audience {
  const studio: Studio = { metronome: startMetronome(), sent: new Map() };
  const reception = emptyReception();
  const bots = new Set<Bot>();
  let draining: NodeJS.Timeout | undefined;
  let before = { packets: 0, lost: 0, bytes: 0 };
  let first = before;

  const now = () => ({ packets: reception.packets, lost: reception.lost, bytes: reception.bytes });
  const drain = () => {
    const after = now();
    recorder.count('received', after.packets - before.packets);
    recorder.count('lost', Math.max(0, after.lost - before.lost));
    recorder.gauge('receiving', ((after.bytes - before.bytes) * 8) / 1e3 / DRAIN_EVERY_MS, 'Mbit/s');
    for (const latency of reception.latencies.splice(0)) recorder.time('latency', latency);
    before = after;
  };
  return {
    async join(options, listen = true) {
      const bot = await joinBot({ ...options, studio, ...(listen ? { receive: reception } : {}) });
      bots.add(bot);
      return bot;
    },
    async leave(bot) {
      if (bots.delete(bot)) await bot.leave();
    },
    begin() {
      reception.latencies.length = 0;
      before = first = now();
      draining = setInterval(drain, DRAIN_EVERY_MS);
    },
    end() {
      clearInterval(draining);
      drain();
      const { packets, lost } = now();
      const missing = Math.max(0, lost - first.lost);
      recorder.set('loss.percent', (missing * 100) / Math.max(1, packets - first.packets + missing), '%');
      const jitters = reception.streams.filter((stream) => stream.packets > 0).map(({ jitter }) => jitter);
      for (const [name, share] of Object.entries({ p50: 0.5, p99: 0.99 })) {
        if (jitters.length > 0) recorder.set(`jitter.${name}`, percentile(jitters, share), 'ms');
      }
    },
    async stop() {
      clearInterval(draining);
      await Promise.all([...bots].map((bot) => bot.leave()));
      studio.metronome.stop();
    },
  };
}
