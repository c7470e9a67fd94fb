/** An event log in a folder of its own, for tests. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import type { StoredEvent } from '../../src/events/event.ts';
import { type EventLog, type EventLogOptions, openEventLog } from '../../src/events/log.ts';
import { startStoreThread } from '../../src/store/store-thread.ts';

const DAY = 86_400_000;

/** A path in a new folder, which is removed after the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-events-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'events.sqlite');
}

export type TestLog = {
  readonly log: EventLog;
  /** What was announced so far. */
  readonly announced: StoredEvent[];
  /** What it logged. */
  readonly lines: string[];
  close(): Promise<void>;
};

/** A log that is closed after the test. */
export function openLog(t: TestContext, path: string, options: Partial<EventLogOptions> = {}): TestLog {
  const lines: string[] = [];
  const announced: StoredEvent[] = [];
  const thread = startStoreThread();
  const log = openEventLog({
    ...{ thread, path, retention: 40_000 * DAY, usageRetention: 40_000 * DAY, writer: randomUUID() },
    ...{ busyTimeout: 20, retryAfter: 100 },
    log: (_, message) => void lines.push(message),
    ...options,
  });
  log.listen((event) => announced.push(event));
  const close = async () => {
    await log.close();
    await thread.close();
  };
  t.after(close);
  return { log, announced, lines, close };
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for: ${what}`);
}

/** All events of the log, as it tells them. */
export async function stored(log: EventLog): Promise<Record<string, unknown>[]> {
  const page = await log.ask({ type: 'events', after: undefined, room: undefined, limit: 1000 });
  if ('missing' in page) throw new Error('the log begins later');
  return page.events.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
}
