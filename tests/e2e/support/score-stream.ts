/** What the server's live stream says of everyone in a room, as the dashboard hears it: each score, and when it came. */
import type { Static } from 'typebox';

import { eventParser } from '../../../client/server-sdk/event-parser.ts';
import type { QoeParticipant } from '../../../src/api/qoe-schemas.ts';

/** What was told of one participant, and when it was here. */
export type ToldScore = { readonly at: number } & Pick<Static<typeof QoeParticipant>, 'identity' | 'up' | 'down'>;

export type ScoreStream = {
  /** Of this identity since `from` (ms since the epoch), the oldest first. */
  of(identity: string, from: number): ToldScore[];
  stop(): Promise<void>;
};

/** Listens to `room` until it is stopped. */
export async function followScores(url: string, apiKey: string, room: string): Promise<ScoreStream> {
  const stopping = new AbortController();
  const response = await fetch(`${url}/v1/qoe/live?room=${room}&events=score`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: stopping.signal,
  });
  if (!response.ok || response.body === null) throw new Error(`The live stream answered ${response.status}.`);
  const told: ToldScore[] = [];
  const text = response.body.pipeThrough(new TextDecoderStream());
  const listening = (async () => {
    const parse = eventParser();
    for await (const piece of text) {
      const at = Date.now();
      for (const { event, data } of parse(piece)) {
        if (event !== 'score') continue;
        const { identity, up, down } = JSON.parse(data) as Static<typeof QoeParticipant>;
        told.push({ at, identity, up, down });
      }
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    of: (identity, from) => told.filter((one) => one.identity === identity && one.at >= from),
    async stop() {
      stopping.abort();
      await listening;
    },
  };
}
