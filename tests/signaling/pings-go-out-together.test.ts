import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { RawSocket } from './raw.ts';
import { startServer } from './server.ts';

const PEOPLE = ['ada', 'grace', 'joan', 'mary', 'edith'];
const ROUNDS = 3;

test('sockets that came one by one are pinged in one go', async (t) => {
  const server = await startServer(t, { settings: { pingInterval: 1000, pingTimeout: 4000 } });
  // Pings that are read in one turn of the loop were sent in one: between those of two timers there is a poll at least.
  const pings = PEOPLE.map(() => 0);
  let turns = 0;
  let turn: NodeJS.Immediate | undefined;
  const sockets: RawSocket[] = [];
  for (const [index, who] of PEOPLE.entries()) {
    const socket = await RawSocket.join(server, who);
    socket.answerPings(() => {
      pings[index]! += 1;
      turns += turn === undefined ? 1 : 0;
      turn ??= setImmediate(() => (turn = undefined));
    });
    sockets.push(socket);
    await sleep(50);
  }
  await Promise.all(sockets.map((socket, index) => socket.until(() => pings[index]! >= ROUNDS)));
  // Those who came before and after the end of a slot are pinged in turns; one by one it would be 15 at least.
  assert.ok(turns <= 3 * ROUNDS, `${pings.join(' + ')} pings in ${turns} turns`);
});

test('a socket that answers no ping is closed, and those that were pinged with it are not', async (t) => {
  const server = await startServer(t, { settings: { pingInterval: 1000, pingTimeout: 1000 } });
  const [silent, polite] = [await RawSocket.join(server, 'ada'), await RawSocket.join(server, 'grace')];
  let answered = 0;
  polite.answerPings(() => (answered += 1));
  await silent.closed;
  const before = answered;
  await polite.until(() => answered > before + 1);
  assert.equal(server.signaling.sockets, 1);
});
