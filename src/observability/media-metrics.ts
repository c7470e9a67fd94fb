import type { MetricFamily } from './metrics.ts';

/** What is shown of the media engine. */
export type MediaSources = {
  workers(): readonly {
    readonly index: number;
    readonly cpuLoad: number;
    readonly full: boolean;
    readonly pipes: number;
  }[];
  /** How many rooms are on how many workers. */
  spread(): ReadonlyMap<number, number>;
};

/** How busy each worker is, and how rooms spread over them. No room has a label of its own. */
export function mediaMetrics(engine: MediaSources): MetricFamily[] {
  const workers = engine.workers();
  const each = (value: (worker: (typeof workers)[number]) => number) =>
    workers.map((worker) => ({ labels: { worker: String(worker.index) }, value: value(worker) }));
  const spread = engine.spread();
  return [
    {
      name: 'sluice_worker_load',
      help: 'Share of one core that a media worker used when it was last looked at.',
      type: 'gauge',
      samples: each(({ cpuLoad }) => cpuLoad),
    },
    {
      name: 'sluice_worker_full',
      help: '1 while a media worker has so much to do that newcomers are put on others.',
      type: 'gauge',
      samples: each(({ full }) => (full ? 1 : 0)),
    },
    {
      name: 'sluice_worker_pipes',
      help: 'Tracks that a media worker is sent by another one, or forwards under other payload types.',
      type: 'gauge',
      samples: each(({ pipes }) => pipes),
    },
    {
      name: 'sluice_media_rooms',
      help: 'Rooms that have media, by the number of workers that they are on.',
      type: 'gauge',
      samples: workers.map((_, index) => ({
        labels: { workers: String(index + 1) },
        value: spread.get(index + 1) ?? 0,
      })),
    },
  ];
}
