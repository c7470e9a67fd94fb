import { AssertionError } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY = 50;

/** Reads until the value is `good`, and returns it. Fails after `within` milliseconds, and tells the last value. */
export async function eventually<Value>(
  what: string,
  read: () => Promise<Value> | Value,
  good: (value: Value) => boolean,
  within = 20_000,
): Promise<Value> {
  const until = performance.now() + within;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (performance.now() > until) {
      throw new AssertionError({ message: `${what}: not within ${within} ms. Last: ${JSON.stringify(value)}` });
    }
    await sleep(EVERY);
  }
}

/** Reads for `milliseconds`, and fails where a value is not `good`: for what must not happen. */
export async function throughout<Value>(
  what: string,
  milliseconds: number,
  read: () => Promise<Value> | Value,
  good: (value: Value) => boolean,
): Promise<void> {
  const until = performance.now() + milliseconds;
  while (performance.now() < until) {
    const value = await read();
    if (!good(value)) throw new AssertionError({ message: `${what}: no longer. Found: ${JSON.stringify(value)}` });
    await sleep(EVERY);
  }
}

/** Waits until what is read has stayed the same for `milliseconds`: that something has stopped. Values are compared as text. */
export async function comesToRest<Value>(
  what: string,
  milliseconds: number,
  read: () => Promise<Value> | Value,
): Promise<void> {
  let last: string | undefined;
  let since = performance.now();
  await eventually(
    what,
    async () => {
      const now = JSON.stringify(await read());
      if (now !== last) since = performance.now();
      last = now;
      return { last: now, restingFor: performance.now() - since };
    },
    ({ restingFor }) => restingFor >= milliseconds,
  );
}
