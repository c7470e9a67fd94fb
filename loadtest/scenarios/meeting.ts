/** Rooms in which everybody sends sound and video, and receives everybody else's. */
import { setTimeout as sleep } from 'node:timers/promises';

import { createAudience } from '../bots/audience.ts';
import { ALL_IS_FORWARDED, type Options, type Scenario, type Stage, type Target, type Workload } from './scenario.ts';

export const meeting: Scenario = {
  about: '--rooms of --users, everyone sends a voice and a camera (--video vp8, h264 or none)',
  defaults: { rooms: 2, users: 4, video: 'vp8', seconds: 10 },
  serverFlags: [...ALL_IS_FORWARDED, '--rooms.maxParticipants', '1000'],
  prepare: (stage, options) =>
    gather(stage, options, {
      rooms: options.rooms,
      people: Array.from({ length: options.users }, () => ({ sends: true, receives: true })),
    }),
};

export const webinar: Scenario = {
  about: '--publishers (1 or 3) who send to --users who do not',
  defaults: { rooms: 1, users: 30, publishers: 1, video: 'vp8', seconds: 10 },
  serverFlags: [...ALL_IS_FORWARDED, '--rooms.maxParticipants', '1000'],
  prepare: (stage, options) =>
    gather(stage, options, {
      rooms: options.rooms,
      people: [
        ...Array.from({ length: options.publishers }, () => ({ sends: true, receives: false })),
        ...Array.from({ length: options.users }, () => ({ sends: false, receives: true })),
      ],
    }),
};

type Cast = {
  readonly rooms: number;
  readonly people: readonly { readonly sends: boolean; readonly receives: boolean }[];
};

async function gather(stage: Stage, { video }: Options, { rooms, people }: Cast): Promise<Workload> {
  const { target, recorder } = stage;
  const audience = createAudience(recorder);
  try {
    for (let room = 0; room < rooms; room += 1) {
      for (const [index, { sends, receives }] of people.entries()) {
        const token = await stage.token(`${stage.run}-call-${room}`, `bot-${index}`);
        const codec = video === 'none' ? undefined : video;
        const publish = sends ? { publish: { video: codec } } : {};
        await audience.join({ origin: target.url, token, ...publish }, receives);
      }
    }
  } catch (error) {
    await audience.stop();
    throw error;
  }
  return {
    async run(until) {
      audience.begin();
      await sleep(Math.max(0, until - performance.now()));
      audience.end();
      recorder.set('pipes', await pipesOf(target), 'tracks between workers');
    },
    stop: () => audience.stop(),
  };
}

/** Tracks that a server sends from one of its workers to another, since their room has outgrown one. */
async function pipesOf({ url }: Target): Promise<number> {
  const metrics = await (await fetch(new URL('/v1/metrics', url))).text();
  const samples = [...metrics.matchAll(/^sluice_worker_pipes\{[^}]*\} (\d+)$/gm)];
  return samples.reduce((sum, [, count]) => sum + Number(count), 0);
}
