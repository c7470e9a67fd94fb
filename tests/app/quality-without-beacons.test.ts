import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { DEFAULT_GRANTS } from '../../src/rooms/grants.ts';
import { eventually } from '../e2e/support/eventually.ts';
import { createRecorder, identity, roomName } from '../support/rooms.ts';
import { connectSender, opusPacket, opusParameters, releasePeers } from '../support/rtp-peer.ts';
import { startServer } from '../support/server.ts';

after(releasePeers);

test('of one whose packets get lost on their way the room hears, though nobody sends a beacon', async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const ann = await join(server.rooms, 'ann');
  const bob = await join(server.rooms, 'bob');
  const { send } = ann.joined.media;
  await ann.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: opusParameters(1111) });
  const sender = await connectSender(
    { parameters: send, connect: (parameters) => ann.participant.requests.connectTransport(send.id, parameters) },
    [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }],
  );
  let lossy = false;
  let index = 0;
  const sending = setInterval(() => {
    index += 1;
    if (!lossy || index % 4 !== 0) sender.send(opusPacket(1111, index));
  }, 20);
  t.after(() => clearInterval(sending));
  const room = server.rooms.get(roomName('blue'));
  const quality = () => room.tick.q ?? [];

  await eventually(
    'it is scored',
    () => scoreOf(server, 'ann'),
    (score) => (score ?? 0) >= 4,
  );
  assert.deepEqual(quality(), []);
  lossy = true;
  const since = performance.now();
  await eventually(
    'everyone is told',
    async () => quality(),
    (q) => q[0] === ann.participant.index && (q[1] ?? 3) < 2,
    10_000,
  );
  t.diagnostic(`told after ${Math.round(performance.now() - since)} ms`);
  const told = ann.events.findLast(({ type }) => type === 'quality');
  assert.ok(told?.type === 'quality');
  assert.deepEqual([told.down, told.cause], ['excellent', 'loss-up']);
  assert.ok(
    bob.events.every(({ type }) => type !== 'quality'),
    'the reason is for its own eyes',
  );
  sender.close();
});

async function join(rooms: Awaited<ReturnType<typeof startServer>>['rooms'], who: string) {
  const { link, events } = createRecorder();
  const { participant, joined } = await rooms.join(
    {
      room: roomName('blue'),
      identity: identity(who),
      name: who,
      metadata: {},
      attributes: {},
      grants: DEFAULT_GRANTS,
      tokenId: who,
      keyId: 'test',
      subscribe: 'auto',
    },
    link,
  );
  return { participant, joined, events };
}

async function scoreOf(server: Awaited<ReturnType<typeof startServer>>, who: string): Promise<number | undefined> {
  const { body } = await server.call('GET', '/v1/qoe/rooms/blue');
  const { participants } = body as { participants: { identity: string; up: { score: number | null } }[] };
  return participants.find((one) => one.identity === who)?.up.score ?? undefined;
}
