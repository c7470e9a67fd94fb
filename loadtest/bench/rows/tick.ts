import { once } from 'node:events';

import { type Socket, io } from 'socket.io-client';
import { Server } from 'socket.io';
import * as uWS from 'uWebSockets.js';

import { QUALITY_LEVELS } from '../../../src/rooms/media-view.ts';
import { Tick } from '../../../src/rooms/tick.ts';
import { tickText } from '../../../src/signaling/encoding.ts';
import { percentile } from '../../support/percentiles.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const TOPIC = 'tick/room';
const CHANGES = 10;
const SIZES = [10, 100, 500];
const HEADLINE = 100;
const ROUNDS = 21;
const WARM_UP = 20;
/** Ticks that go nowhere, until their code is compiled as it is in a server that has run for some minutes. */
const COMPILED_AFTER = 20_000;
/** So few in a row that what is written does not pile up. */
const TICKS = 40;

/** Hands one tick to a room. */
type Publish = (round: number) => void;

export const tick: Row = {
  about: 'one tick of a room of 100 with 10 changes: taken in, built and handed to µWS for the whole room',
  async measure() {
    const sizes = [HEADLINE, ...SIZES.filter((size) => size !== HEADLINE)];
    const figures = [];
    for (const size of sizes) {
      const [ours, theirs] = [await openRoom(size), await openSocketIo(size)];
      const [rounds, peerRounds] = [await medians(ours.publish), await medians(theirs.publish)];
      ours.close();
      theirs.close();
      figures.push(
        figure({
          ...{ metric: size === HEADLINE ? 'tick' : `tick.room-of-${size}`, unit: 'µs', rounds },
          ...(size === HEADLINE ? { atMost: 3 } : {}),
          peer: { name: 'socket.io io.to(room).emit', rounds: peerRounds },
        }),
      );
    }
    return figures;
  },
};

/** Microseconds of a tick: the median of each round, between which what was written leaves. */
async function medians(publish: Publish): Promise<number[]> {
  const result: number[] = [];
  let count = 0;
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const took: number[] = [];
    for (let turn = 0; turn < TICKS; turn += 1) {
      const start = process.hrtime.bigint();
      publish((count += 1));
      took.push(Number(process.hrtime.bigint() - start) / 1000);
    }
    if (round >= 0) result.push(percentile(took, 0.5));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return result;
}

type Changing = { readonly index: number; readonly level: (typeof QUALITY_LEVELS)[number] };

/** What changes in each of some ticks, made before they are timed. */
function planned(size: number): Changing[][] {
  return Array.from({ length: 64 }, (_, round) =>
    Array.from({ length: Math.min(CHANGES, size) }, (_unused, change) => {
      const turn = round * CHANGES + change;
      return { index: (turn * 7) % size, level: QUALITY_LEVELS[(turn + Math.floor(turn / size)) % 4]! };
    }),
  );
}

async function openRoom(size: number): Promise<{ publish: Publish; close(): void }> {
  const app = uWS.App();
  app.ws('/*', { open: (socket) => void socket.subscribe(TOPIC) });
  const port = await listen(app);
  const sockets = Array.from({ length: size }, () => new WebSocket(`ws://127.0.0.1:${port}`));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const room = new Tick();
  const plan = planned(size);
  const textOf = (round: number) => {
    for (const { index, level } of plan[round % plan.length]!) room.setQuality(index, level);
    const frame = room.take();
    return frame === undefined ? undefined : tickText(frame);
  };
  for (let round = 0; round < COMPILED_AFTER; round += 1) textOf(round);
  return {
    publish(round) {
      const text = textOf(round);
      if (text !== undefined) app.publish(TOPIC, text, false, false);
    },
    close() {
      for (const socket of sockets) socket.close();
      app.close();
    },
  };
}

/** The same room as an application on socket.io would have it, on the same µWS. */
async function openSocketIo(size: number): Promise<{ publish: Publish; close(): void }> {
  const app = uWS.App();
  const server = new Server({ transports: ['websocket'] });
  server.attachApp(app);
  server.on('connection', (socket) => void socket.join(TOPIC));
  const port = await listen(app);
  const sockets: Socket[] = Array.from({ length: size }, () =>
    io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true }),
  );
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once('connect', () => resolve()))));
  const plan = planned(size);
  return {
    publish(round) {
      const q = plan[round % plan.length]!.flatMap(({ index, level }) => [index, QUALITY_LEVELS.indexOf(level)]);
      server.to(TOPIC).emit('tick', { q });
    },
    close() {
      for (const socket of sockets) socket.disconnect();
      server.disconnectSockets(true);
      app.close();
    },
  };
}

function listen(app: uWS.TemplatedApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) =>
      socket ? resolve(uWS.us_socket_local_port(socket)) : reject(new Error('no port')),
    );
  });
}
