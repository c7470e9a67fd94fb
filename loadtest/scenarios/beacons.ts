/**
 * Beacons of quality over HTTP by a plan: participants who have joined post batches, as a page in a call does. The CPU
 * time of the server is all that a sample costs: HTTP, the sample, its score, and the store on its thread.
 */
import { joinRoom, type Signaling } from '../bots/signaling.ts';
import { callBeacon, samplesOf } from '../support/call-beacon.ts';
import { jsonRequest } from '../support/http-connection.ts';
import { cpuSeconds } from '../support/process-usage.ts';
import { sendPaced } from '../support/paced.ts';
import { openAll } from './api.ts';
import type { Options, Scenario } from './scenario.ts';

/** A voice and a camera each, with what is sent and the connection 9 samples. */
const REMOTES = 3;

export const beacons: Scenario = {
  about: '--rate samples of quality a second over HTTP, in batches as a page sends them, from --users in rooms of ten',
  defaults: { rate: 20_000, users: 200, seconds: 10 },
  serverFlags: ['--limits.beacons.rate', '1000', '--limits.beacons.burst', '10000'],
  async prepare(stage, options) {
    const { target, recorder, run } = stage;
    const people: { session: Signaling; token: string }[] = [];
    for (let index = 0; index < options.users; index += 1) {
      const token = await stage.token(`${run}-beacons-${Math.floor(index / 10)}`, `bot-${index}`);
      people.push({ session: await joinRoom(target.url, { token, subscribe: 'manual' }), token });
    }
    const url = new URL('/v1/qoe/beacons', target.url);
    const failed = (error: Error) => {
      recorder.count('failed');
      recorder.note(`a beacon failed: ${error.message}`);
    };
    const connections = await openAll(url, failed);
    return {
      async run() {
        const requests = batches(options, url, people);
        const before = target.pid === undefined ? 0 : cpuSeconds(target.pid);
        await sendPaced(requests, options.rate / samplesOf(REMOTES), connections, 202, failed, (_, milliseconds) => {
          recorder.count('beacons');
          recorder.count('samples', samplesOf(REMOTES));
          recorder.time('beacon', milliseconds);
        });
        if (target.pid === undefined) return;
        const each = (cpuSeconds(target.pid) - before) / (requests.length * samplesOf(REMOTES));
        recorder.set('cpu-per-sample', each * 1e6, 'µs');
      },
      async stop() {
        for (const connection of connections) connection.close();
        await Promise.all(people.map(({ session }) => session.leave()));
      },
    };
  },
};

function batches(
  { rate, seconds }: Options,
  url: URL,
  people: readonly { readonly session: Signaling; readonly token: string }[],
): Buffer[] {
  const first = Date.now();
  const perSecond = rate / samplesOf(REMOTES);
  return Array.from({ length: Math.round(perSecond * seconds) }, (_, index) => {
    const { session, token } = people[index % people.length]!;
    const body = callBeacon({
      session: session.joined.self.id,
      sentAt: Math.round(first + (index * 1000) / perSecond),
      firstSequence: Math.floor(index / people.length) * samplesOf(REMOTES),
      remotes: REMOTES,
    });
    return jsonRequest('POST', url, token, body);
  });
}
