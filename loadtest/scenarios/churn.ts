/** People with media who come and go: at any time there are `users`, in rooms; each stays some seconds, and is replaced. */
import { setTimeout as sleep } from 'node:timers/promises';

import { createAudience } from '../bots/audience.ts';
import { ALL_IS_FORWARDED, type Scenario } from './scenario.ts';

export const churn: Scenario = {
  about: '--rate joins and leaves a second, with transports, a voice and a camera, --users to a room',
  defaults: { rate: 5, users: 5, video: 'vp8', seconds: 10 },
  serverFlags: ALL_IS_FORWARDED,
  async prepare(stage, { rate, users, seconds, video }) {
    const { target, recorder, run } = stage;
    const audience = createAudience(recorder);
    const tokens: string[] = [];
    for (let index = 0; index < rate * seconds; index += 1) {
      tokens.push(await stage.token(`${run}-churn-${Math.floor(index / users)}`, `bot-${index}`));
    }
    const stay = (users / rate) * 1000;
    const visits: Promise<void>[] = [];

    async function visit(token: string): Promise<void> {
      try {
        const codec = video === 'none' ? undefined : video;
        const bot = await audience.join({ origin: target.url, token, publish: { video: codec } });
        recorder.count('joins');
        recorder.time('join', bot.steps.joined);
        recorder.time('connected', bot.steps.connected ?? Number.NaN);
        await sleep(stay);
        if (bot.steps.firstPacket !== undefined) recorder.time('first-packet', bot.steps.firstPacket);
        await audience.leave(bot);
        recorder.count('leaves');
      } catch (error) {
        recorder.count('failed');
        recorder.note(`a visit failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return {
      async run(until) {
        audience.begin();
        const start = performance.now();
        for (const [index, token] of tokens.entries()) {
          const due = start + (index * 1000) / rate;
          if (due > until) break;
          await sleep(Math.max(0, due - performance.now()));
          visits.push(visit(token));
        }
        await sleep(Math.max(0, until - performance.now()));
        audience.end();
      },
      async stop() {
        await Promise.all(visits);
        await audience.stop();
      },
    };
  },
};
