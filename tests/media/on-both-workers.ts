/** Rooms of a real engine that are on two workers. */
import assert from 'node:assert/strict';

import type { RunningMediaEngine } from '../../src/media/engine.ts';
import type { MediaRoom, MediaTransport, TransportOptions } from '../../src/rooms/media-engine.ts';
import { deaf } from './start-engine.ts';

/** Every worker counts as full from the start, so that a room is wherever there is less. */
export const SPREAD = { workers: 2, fullAt: 0 };

/** Opens transports until there is one on each worker: the one of the first, then the one of the second. */
export async function onBoth(
  engine: RunningMediaEngine,
  room: MediaRoom,
  options?: TransportOptions,
): Promise<[MediaTransport, MediaTransport]> {
  const found: (MediaTransport | undefined)[] = [undefined, undefined];
  const spare: MediaTransport[] = [];
  while (found.includes(undefined)) {
    assert.ok(spare.length < 500, 'a full worker was never left');
    const transport = await room.openTransport(deaf, options);
    const { index } = workerOf(engine, transport);
    if (found[index] === undefined) found[index] = transport;
    else spare.push(transport);
  }
  for (const transport of spare) transport.close();
  return found as [MediaTransport, MediaTransport];
}

export function workerOf(engine: RunningMediaEngine, { parameters }: MediaTransport) {
  const port = parameters.iceCandidates[0]?.port;
  const worker = engine.workers().find((one) => one.port === port);
  assert.ok(worker);
  return worker;
}
