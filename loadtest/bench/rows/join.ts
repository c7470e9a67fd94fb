import { setTimeout as sleep } from 'node:timers/promises';

import { joinBot, type Studio } from '../../bots/bot.ts';
import { startMetronome } from '../../bots/metronome.ts';
import { emptyReception } from '../../bots/receiver.ts';
import { browserJoins, type BrowserSteps } from '../../support/browser-joins.ts';
import { fetchToken, type OwnServer, startOwnServer } from '../../support/own-server.ts';
import { percentile } from '../../support/percentiles.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const [BOT_JOINS, BOT_WARM_UP, BOTS_IN_A_ROUND] = [60, 20, 10];
const BROWSER_JOINS = 12;
const CONNECTED_MS = 66;
const FIRST_FRAME_MS = 120;

export const join: Row = {
  about: 'a join of a room with one publisher, from the call: socket, join, transports, to DTLS connected',
  async measure({ note }) {
    const server = await startOwnServer();
    try {
      const bots = await botJoins(server);
      const pages = await browserJoins({
        ...{ url: server.url, joins: BROWSER_JOINS },
        token: (identity) => fetchToken(server, 'pages', identity),
      });
      note(`rounds are ${BOTS_IN_A_ROUND} joins of bots, and single joins of pages of a Chromium`);
      const page = (step: keyof BrowserSteps) => pages.map((steps) => steps[step] ?? Number.NaN);
      const unit = 'ms';
      return [
        figure({ metric: 'join', unit, rounds: rounds(bots, 'connected'), atMost: CONNECTED_MS }),
        figure({ metric: 'join.joined', unit, rounds: rounds(bots, 'joined') }),
        figure({ metric: 'join.first-packet', unit, rounds: rounds(bots, 'firstPacket') }),
        figure({ metric: 'join.chromium-connected', unit, rounds: page('dtlsConnected'), atMost: CONNECTED_MS }),
        figure({ metric: 'join.chromium-first-frame', unit, rounds: page('firstFrame'), atMost: FIRST_FRAME_MS }),
      ];
    } finally {
      await server.close();
    }
  },
};

type Steps = { readonly joined: number; readonly connected: number; readonly firstPacket: number };

/** Medians of some joins each. */
function rounds(samples: readonly Steps[], step: keyof Steps): number[] {
  const times = samples.map((steps) => steps[step]);
  return Array.from({ length: times.length / BOTS_IN_A_ROUND }, (_, round) =>
    percentile(times.slice(round * BOTS_IN_A_ROUND, (round + 1) * BOTS_IN_A_ROUND), 0.5),
  );
}

/** One after the other: bot for bot somebody else joins, and leaves. */
async function botJoins(server: OwnServer): Promise<Steps[]> {
  const studio: Studio = { metronome: startMetronome(), sent: new Map() };
  const at = { origin: server.url, studio };
  const publisher = await joinBot({
    ...at,
    token: await fetchToken(server, 'bots', 'publisher'),
    publish: { video: 'vp8' },
  });
  const samples: Steps[] = [];
  for (let index = -BOT_WARM_UP; index < BOT_JOINS; index += 1) {
    const bot = await joinBot({
      ...at,
      token: await fetchToken(server, 'bots', `bot-${index}`),
      receive: emptyReception(),
    });
    while (bot.steps.firstPacket === undefined) await sleep(1);
    const { joined, connected = Number.NaN, firstPacket } = bot.steps;
    if (index >= 0) samples.push({ joined, connected, firstPacket });
    await bot.leave();
  }
  await publisher.leave();
  studio.metronome.stop();
  return samples;
}
