/** What a client's sender reports say of its way, and the round trip that comes with them, without waiting for a turn. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { MediaTransportObserver } from '../../src/rooms/media-engine.ts';
import { connectSender, opusPacket, opusParameters, releasePeers, senderReport } from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

const SSRC = 1111;
const LONGER_MS = 400;

test('a way up that gets longer is told with the second report that says so, and the round trip before it', async (t) => {
  const engine = await startEngine(t);
  const sampling = setInterval(() => engine.sample(), 50);
  t.after(() => clearInterval(sampling));
  const told: { trip: number; slower: number }[] = [];
  let looks = 0;
  let trip = Number.NaN;
  const observer: MediaTransportObserver = {
    produced(_, { rtt }) {
      looks += 1;
      trip = rtt;
    },
    consumed: () => undefined,
    path: ({ slowerUp }) => void told.push({ trip, slower: slowerUp }),
  };
  const room = await engine.openRoom(deaf);
  const transport = await room.openTransport(deaf, { observer });
  await transport.produce({ kind: 'audio', rtpParameters: opusParameters(SSRC), paused: false });
  const sender = await connectSender(transport, [{ kind: 'audio', mid: 'audio', ssrcs: [SSRC] }]);

  let late = 0;
  let index = 0;
  const sending = setInterval(() => {
    index += 1;
    sender.send(opusPacket(SSRC, index));
    if (index % 15 !== 0) return;
    const report = senderReport(SSRC, Date.now() - late, index * 960);
    sender.send(Buffer.concat([report, roundTripReport(SSRC, late + 20)]));
  }, 20);
  t.after(() => clearInterval(sending));
  await until('the way is known, and the track', () => told.some(({ slower }) => slower >= 0) && looks >= 2);

  // From here on nobody has a turn.
  clearInterval(sampling);
  const before = told.length;
  late = LONGER_MS;
  await until('it is told that the way is longer', () => told.slice(before).some(({ slower }) => slower > 300), 20_000);
  const first = told.slice(before).find(({ slower }) => slower > 300);
  assert.ok(first !== undefined && first.trip >= LONGER_MS, `it is no clock that was set: ${JSON.stringify(first)}`);
  sender.close();
});

/** An extended report (RFC 3611 §4.5) by which the server finds a round trip of `ms`. */
function roundTripReport(ssrc: number, ms: number): Buffer {
  const packet = Buffer.alloc(24);
  packet.writeUInt32BE(0x80cf0005, 0);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(0x05000003, 8);
  packet.writeUInt32BE(ssrc, 12);
  // The middle 32 bits of the server's time then, by whose clock this runs too.
  const then = (Date.now() - ms) / 1000 + 2_208_988_800;
  packet.writeUInt32BE(Math.floor(then * 65_536) % 2 ** 32, 16);
  // Answered at once: 0 would say that there was nothing to answer.
  packet.writeUInt32BE(1, 20);
  return packet;
}
