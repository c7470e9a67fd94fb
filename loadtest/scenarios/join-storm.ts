/** Signaling joins by a plan: a new identity each, `users` of them to a room; each stays two seconds and leaves. */
import { setTimeout as sleep } from 'node:timers/promises';

import { RTP_CAPABILITIES } from '../bots/bot.ts';
import { joinRoom } from '../bots/signaling.ts';
import type { Options, Scenario, Stage } from './scenario.ts';

const STAY_MS = 2000;

export const joinStorm: Scenario = {
  about: 'signaling joins per second (--rate), --users to a room, and how long each step takes',
  defaults: { rate: 50, users: 10, seconds: 10 },
  async prepare(stage, options) {
    const count = Math.round(options.rate * options.seconds);
    const tokens: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const room = `${stage.run}-storm-${Math.floor(index / options.users)}`;
      tokens.push(await stage.token(room, `bot-${index}`));
    }
    const staying: Promise<void>[] = [];
    return {
      run: (until) => storm(stage, options, tokens, staying, until),
      stop: async () => void (await Promise.all(staying)),
    };
  },
};

async function storm(
  { target, recorder }: Stage,
  { rate }: Options,
  tokens: readonly string[],
  staying: Promise<void>[],
  until: number,
): Promise<void> {
  const start = performance.now();
  for (const [index, token] of tokens.entries()) {
    const due = start + (index * 1000) / rate;
    if (due > until) return;
    await sleep(Math.max(0, due - performance.now()));
    staying.push(visit(token));
  }
  await sleep(Math.max(0, until - performance.now()));

  async function visit(token: string): Promise<void> {
    try {
      const { openedAfter, joinedAfter, leave } = await joinRoom(target.url, {
        token,
        rtpCapabilities: RTP_CAPABILITIES,
      });
      recorder.count('joins');
      recorder.time('socket', openedAfter);
      recorder.time('join', joinedAfter - openedAfter);
      recorder.time('total', joinedAfter);
      await sleep(STAY_MS);
      await leave();
    } catch (error) {
      recorder.count('failed');
      recorder.note(`a join failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
