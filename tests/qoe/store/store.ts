/** A store in a folder of its own, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import type { Point } from '../../../src/qoe/store/rollup.ts';
import { openStore, type QoeStore, type StoreOptions } from '../../../src/qoe/store/store.ts';
import { startStoreThread } from '../../../src/store/store-thread.ts';

/** Now, in seconds, on a whole minute. */
export const NOW = Math.floor(Date.now() / 60_000) * 60;

/** A path in a new folder, which is removed after the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-qoe-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'qoe.sqlite');
}

/** A store that is closed after the test, and what it logged. */
export function open(t: TestContext, path: string, options: Partial<StoreOptions> = {}) {
  const lines: string[] = [];
  const log: StoreOptions['log'] = (_, message) => void lines.push(message);
  const thread = startStoreThread();
  const store = openStore({ thread, path, log, retryAfter: 100, busyTimeout: 20, ...options });
  t.after(async () => {
    await store.close();
    await thread.close();
  });
  return { store, lines };
}

export function begin(store: QoeStore, id: string, more: { room?: string; identity?: string; joined?: number } = {}) {
  return store.start({ id, room: 'lobby', roomId: 'r1', identity: 'ann', joined: NOW * 1000, ...more });
}

export function pointAt(session: number, t: number, more: Partial<Point> = {}): Point {
  return {
    ...{ session, t, up: 430, down: 440, experience: 420, bitrateUp: 1500, bitrateDown: 2500 },
    ...{ lossUp: 10, lossDown: 20, rtt: 30, level: 3, cause: -1, cost: 0 },
    ...more,
  };
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for: ${what}`);
}

/** All that was added is committed. */
export function written(store: QoeStore, points: number): Promise<void> {
  return until(() => store.state.written === points, `${points} points written`);
}
