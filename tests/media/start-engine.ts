/** What the media tests have in common: a real engine on loopback, which ends with the test. */
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createMediaEngine } from '../../src/media/engine.ts';
import type { RunningMediaEngine } from '../../src/media/engine.ts';
import type { MediaEngineOptions } from '../../src/media/options.ts';
import type { MediaConsumerListener, MediaRoomListener, MediaTransportListener } from '../../src/rooms/media-engine.ts';
import type { DtlsParameters } from '../../src/rooms/ortc.ts';

export const deaf: MediaRoomListener & MediaTransportListener & MediaConsumerListener = {
  lost: () => undefined,
  levels: () => undefined,
  activeSpeaker: () => undefined,
  state: () => undefined,
  layersChanged: () => undefined,
};

export async function startEngine(
  t: TestContext,
  options: Partial<MediaEngineOptions> = {},
): Promise<RunningMediaEngine> {
  const engine = await createMediaEngine({ workers: 1, listen: [{ ip: '127.0.0.1' }], port: 0, ...options });
  t.after(() => engine.close());
  return engine;
}

/** Waits until `condition` holds; fails after `milliseconds`. */
export async function until(what: string, condition: () => boolean, milliseconds = 10_000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await sleep(10);
  }
}

/** DTLS parameters of nobody in particular. */
export function someDtlsParameters(): DtlsParameters {
  return { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('ab').join(':') }] };
}
