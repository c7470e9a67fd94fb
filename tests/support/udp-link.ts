/**
 * A bad network that needs no kernel for it: UDP comes in at an address of its own, suffers what is set for its direction,
 * and goes out to where the link leads; answers come back the same way. Seeded, and changeable while it runs.
 *
 *     client ── link ── server: `up` is towards the server
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { CLEAN, type Impairment } from './impairment.ts';

export type LinkDirection = 'up' | 'down';

/** Datagrams of one direction since the start. */
export type LinkCounts = { sent: number; delivered: number; lost: number; queueFull: number; bytes: number };

export type UdpLink = {
  /** On 127.0.0.1: what a client is to be told instead of the server's. */
  readonly port: number;
  /** What of it is not named is as it should be. Resolves when it is in force, with that moment (`Date.now()`). */
  set(direction: LinkDirection, impairment: Partial<Impairment>): Promise<number>;
  /** Nothing is wrong any more, in both directions. */
  clear(): Promise<number>;
  counts(): Promise<Record<LinkDirection, LinkCounts>>;
  close(): Promise<void>;
};

export type LinkStart = { readonly to: { readonly address: string; readonly port: number }; readonly seed: number };
export type LinkOrder =
  | { readonly do: 'set'; readonly direction: LinkDirection; readonly impairment: Impairment }
  | { readonly do: 'count' }
  | { readonly do: 'close' };
type DirectionReport = { readonly impairment: Impairment; readonly counts: LinkCounts };
export type LinkReport = { readonly port: number; readonly up: DirectionReport; readonly down: DirectionReport };

/** A clean link to `to`. Close it in any case. */
export async function startUdpLink(to: LinkStart['to'], seed = 1): Promise<UdpLink> {
  const workerData: LinkStart = { to, seed };
  const worker = new Worker(new URL('udp-link-thread.ts', import.meta.url), { workerData });
  const [{ port }] = (await once(worker, 'message')) as [LinkReport];
  const exit = once(worker, 'exit');
  // Its answers come in the order of the orders; one at a time, so that each finds its own.
  let last: Promise<unknown> = Promise.resolve();

  function tell(order: LinkOrder): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, and no window
    worker.postMessage(order);
  }

  function ask(order: LinkOrder): Promise<LinkReport> {
    const answer = last.then(async () => {
      tell(order);
      const [report] = (await once(worker, 'message')) as [LinkReport];
      return report;
    });
    last = answer.catch(() => undefined);
    return answer;
  }

  async function set(direction: LinkDirection, impairment: Partial<Impairment>): Promise<number> {
    await ask({ do: 'set', direction, impairment: { ...CLEAN, ...impairment } });
    return Date.now();
  }

  return {
    port,
    set,
    async clear() {
      await set('up', {});
      return set('down', {});
    },
    async counts() {
      const { up, down } = await ask({ do: 'count' });
      return { up: up.counts, down: down.counts };
    },
    async close() {
      await last;
      tell({ do: 'close' });
      await exit;
    },
  };
}
