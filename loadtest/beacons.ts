/**
 * Beacons of quality over HTTP at a fixed rate, from this process to a server in another one: participants who have joined
 * post batches of 10 samples, as a page in a call of four does.
 * Targets: 50,000 samples a second on one core of the server, with a 99th percentile under 20 ms.
 *
 *     npm run loadtest -- beacons [--rate 50000] [--seconds 4] [--rounds 4] [--participants 500]
 *
 * The server's CPU time is that of the whole process: HTTP, samples, scores, and the store on its thread. Each round is
 * printed and the best one judged: other work on this machine only ever adds.
 */
import { parseArgs } from 'node:util';

import { joinRoom, type TestParticipant } from '../tests/support/participant.ts';
import { jsonRequest, openHttpConnection } from './support/http-connection.ts';
import { cpuSeconds, footprint, startOwnServer, waitedForCore } from './support/own-server.ts';
import { sendPaced } from './support/paced.ts';
import { percentile, row, verdict } from './support/percentiles.ts';

const BATCH = 10;
const REMOTES = 3;
const ROOM_SIZE = 10;
const CONNECTIONS = 64;
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '4' },
    participants: { type: 'string', default: '500' },
  },
});
const rate = Math.min(500_000, Number(values.rate)) / BATCH;
const seconds = Math.min(30, Number(values.seconds));
const rounds = Math.max(1, Math.min(20, Number(values.rounds)));
const count = Math.min(5000, Number(values.participants));
const sequences = new Map<string, number>();

const server = await startOwnServer(['--limits.beacons.rate', '1000', '--limits.beacons.burst', '10000']);
try {
  const url = new URL('/v1/qoe/beacons', server.url);
  const participants: TestParticipant[] = [];
  for (let index = 0; index < count; index += 1) participants.push(await join(index));
  console.log(`${count} participants in rooms of ${ROOM_SIZE}, ${rate} beacons a second of ${BATCH} samples`);
  await drive(url, participants, 3);
  const p99s: number[] = [];
  const costs: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const { fromSent, elapsed, cpu, waited } = await drive(url, participants, seconds);
    p99s.push(percentile(fromSent, 0.99));
    costs.push((cpu * 1e6) / (fromSent.length * BATCH));
    console.log(row(`round ${round}, from sent`, fromSent, 'ms'));
    console.log(
      `${' '.repeat(34)} ${((fromSent.length * BATCH) / elapsed).toFixed(0)} samples/s   ` +
        `server: ${costs.at(-1)!.toFixed(1)} µs of CPU a sample, waited for a core ${waited.toFixed(0)} ms`,
    );
  }
  console.log(`resident memory of the server: ${(footprint(server.pid).rss / 2 ** 20).toFixed(0)} MB`);
  console.log(`one core would take ${(1e6 / Math.min(...costs)).toFixed(0)} samples a second`);
  console.log(verdict('CPU of the server, best round', Math.min(...costs), 20, 'µs a sample'));
  console.log(verdict('p99 of POST /v1/qoe/beacons, best round', Math.min(...p99s), 20, 'ms'));
  for (const participant of participants) participant.close();
} finally {
  await server.close();
}

async function drive(url: URL, participants: readonly TestParticipant[], duration: number) {
  const first = Date.now();
  const requests = Array.from({ length: Math.round(rate * duration) }, (_, index) => {
    const { id, token } = participants[index % participants.length]!;
    return jsonRequest('POST', url, token, beacon(id, Math.round(first + (index * 1000) / rate)));
  });
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openHttpConnection(url, fail)));
  const [start, cpu, waited] = [performance.now(), cpuSeconds(server.pid), waitedForCore(server.pid)];
  const { fromSent } = await sendPaced(requests, rate, connections, 202, fail);
  const elapsed = (performance.now() - start) / 1000;
  const used = { cpu: cpuSeconds(server.pid) - cpu, waited: waitedForCore(server.pid) - waited };
  for (const connection of connections) connection.close();
  return { fromSent, elapsed, ...used };
}

/** What a page measures of its connection, of what it sends, and of what it receives of three others and one more voice. */
function beacon(session: string, sentAt: number): object {
  let seq = sequences.get(session) ?? 0;
  sequences.set(session, seq + BATCH);
  const head = () => ({ seq: seq++, at: sentAt - 5, ms: 2000 });
  const samples: object[] = [
    { kind: 'session', ...head(), rtt: 31.5, candidateType: 'host', protocol: 'udp', available: 2_400_000 },
    { kind: 'send', track: track(session, 0), ...head(), bitrate: 33_120, packets: 100, lost: 1, jitter: 4, rtt: 32 },
    {
      ...{ kind: 'send', track: track(session, 1), ...head(), bitrate: 1_512_345, packets: 310, lost: 2, jitter: 5 },
      ...{ rtt: 31, fps: 29.5, width: 1280, height: 720, qp: 34.2, targetBitrate: 1_700_000, sourceFps: 30 },
      ...{ sourceWidth: 1280, sourceHeight: 720, encodeTime: 4.1, limitation: 'none' },
    },
  ];
  for (let remote = 0; remote < REMOTES; remote += 1) {
    samples.push(received(track(session, 10 + remote), head()), {
      ...{ kind: 'recv', track: track(session, 20 + remote), ...head(), bitrate: 612_300, packets: 140, lost: 1 },
      ...{ jitter: 6.5, fps: 29.5, width: 640, height: 360, qp: 41.25, buffer: 52, frozen: 0, freezes: 0 },
      ...{ decodeTime: 1.8, wantedWidth: 640, wantedHeight: 360 },
    });
  }
  samples.push(received(track(session, 30), head()));
  return { v: 1, session, sentAt, samples };
}

function received(id: string, head: object): object {
  return {
    ...{ kind: 'recv', track: id, ...head, bitrate: 32_410, packets: 100, lost: 0 },
    ...{ jitter: 3.25, buffer: 41.5, concealed: 0.002, discarded: 0 },
  };
}

/** As long as a producer's id. */
function track(session: string, index: number): string {
  return session.slice(0, 32) + String(index).padStart(4, '0');
}

async function join(index: number): Promise<TestParticipant> {
  const response = await fetch(`${server.url}/v1/rooms/load-${Math.floor(index / ROOM_SIZE)}/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ identity: `bot-${index}` }),
  });
  const { token } = (await response.json()) as { token: string };
  return joinRoom(server.url, token);
}

/** Ends the measurement: one wrong answer, and the numbers are of something else. The server ends with this process. */
function fail(error: Error): never {
  console.error(error.message);
  process.exit(1);
}
