/**
 * Sends samples to the server, one message at a time, and keeps what could not be sent for a while. Nothing of it may
 * disturb the call: it never throws, keeps little, asks ever more seldom while it is refused, and gives up.
 */
import type { Beacon } from '../../../src/qoe/beacon.ts';
import type { WrittenSample } from '../../../src/qoe/fields.ts';
import type { Scope } from '../scope.ts';

/** What the server takes at once. */
export const MOST_SAMPLES = 100;
/** Samples that wait at most, the oldest go first: the server tells apart what is new among the last 512. */
export const MOST_WAITING = 400;
/** An answer that takes longer will not come, ms. */
const PATIENCE = 10_000;
/** The pause after a failure, in ms. It doubles with each one up to a minute, less up to half of it by chance. */
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 60_000;
/**
 * Failures in a row after which nothing is sent any more: about four minutes. Browsers write each failed request to the
 * console, whoever catches it. Where no answer ever came, something stands between that will not let them pass.
 */
const ENOUGH = { usually: 8, unheard: 3 } as const;
/**
 * Bytes from which a message is compressed: a call with many tracks, or what waited for the network. It saves seven parts
 * in ten, and costs the page and the browser's threads time (`loadtest/qoe-page.ts`).
 */
export const WORTH_COMPRESSING = 8192;

/** What a message is sent with; a browser has it all. */
export type Carrier = {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** For the time when nobody waits for an answer any more. False: there is no room for it. */
  sendBeacon(url: string, text: string): boolean;
  now(): number;
  /** From 0 to below 1. */
  random(): number;
};

export type OutboxOptions = {
  scope: Scope;
  url: string;
  credential: { readonly token: string };
  carrier: Carrier;
  /** The first pause after a failure, in ms. Default 2,000. */
  pause?: number;
};

export type Outbox = {
  add(session: string, samples: readonly WrittenSample[]): void;
  /** While the server is not reached, waiting is all that helps. */
  hold(held: boolean): void;
  /** Everything that has no answer yet goes out once more and at once. What was there already is known by its number. */
  last(): void;
  /** Whether samples of this session are still of use. */
  wants(session: string): boolean;
  /** Samples that have no answer yet. */
  readonly waiting: number;
};

type Batch = {
  readonly session: string;
  samples: WrittenSample[];
  /** When it was sent first. From then on it stays as it is. */
  sentAt: number | undefined;
};

export function createOutbox({
  scope,
  url,
  credential,
  carrier,
  pause: firstPause = FIRST_PAUSE,
}: OutboxOptions): Outbox {
  const queue: Batch[] = [];
  let underWay: Batch | undefined;
  let held = false;
  let pausing = false;
  let failures = 0;
  let answered = false;
  let stopped = false;
  /** One that the server knows no more. */
  let over: string | undefined;

  const waiting = () => queue.reduce((count, { samples }) => count + samples.length, 0);

  function put(session: string, sample: WrittenSample): void {
    const last = queue.at(-1);
    const open = last?.session === session && last.sentAt === undefined && last.samples.length < MOST_SAMPLES;
    if (open) last.samples.push(sample);
    else queue.push({ session, samples: [sample], sentAt: undefined });
  }

  function trim(): void {
    let surplus = waiting() - MOST_WAITING;
    for (const batch of [...queue]) {
      if (surplus <= 0) return;
      if (batch === underWay) continue;
      surplus -= batch.samples.length;
      queue.splice(queue.indexOf(batch), 1);
    }
  }

  async function send(batch: Batch): Promise<void> {
    underWay = batch;
    const verdict = await deliver(batch).catch((): Verdict => ({ what: 'failed' }));
    underWay = undefined;
    if (scope.closed) return;
    if (verdict.what === 'failed') return failed(verdict.retryAfter);
    failures = 0;
    if (verdict.what === 'unwanted') return stop();
    if (verdict.what === 'over') over = batch.session;
    for (const one of [...queue]) if (one === batch || one.session === over) queue.splice(queue.indexOf(one), 1);
    pump();
  }

  async function deliver(batch: Batch): Promise<Verdict> {
    const text = messageOf(batch, (batch.sentAt ??= carrier.now()));
    const compressed = await compress(text);
    const response = await carrier.fetch(url, {
      method: 'POST',
      body: compressed ?? text,
      headers: {
        authorization: `Bearer ${credential.token}`,
        'content-type': 'application/json',
        ...(compressed === undefined ? {} : { 'content-encoding': 'gzip' }),
      },
      // No cookies go along, and nothing is kept. No `keepalive`: `last` sends again what the page does not outlive, and with
      // it and gzip each time, telling cost a browser 1.1 % of a core instead of 0.2 %.
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE),
    });
    answered = true;
    // Read to its end, the connection serves again.
    await response.arrayBuffer();
    return judge(response);
  }

  function failed(retryAfter = 0): void {
    failures += 1;
    if (failures >= (answered ? ENOUGH.usually : ENOUGH.unheard)) return stop();
    const pause = Math.min(LONGEST_PAUSE, firstPause * 2 ** (failures - 1)) * (1 - carrier.random() / 2);
    pausing = true;
    scope.after(Math.max(pause, retryAfter * 1000), () => {
      pausing = false;
      pump();
    });
  }

  function stop(): void {
    stopped = true;
    queue.length = 0;
  }

  function pump(): void {
    const [first] = queue;
    if (first === undefined || held || pausing || underWay !== undefined || scope.closed) return;
    void send(first);
  }

  function messageOf({ session, samples }: Batch, sentAt: number, inside?: { token: string }): string {
    return JSON.stringify({ v: 1, session, sentAt, samples, ...inside } satisfies Beacon);
  }

  const outbox: Outbox = {
    wants: (session) => !stopped && session !== over,
    add(session, samples) {
      if (!outbox.wants(session)) return;
      for (const sample of samples) put(session, sample);
      trim();
      pump();
    },
    hold(value) {
      held = value;
    },
    last() {
      // There is room for 64 KiB (Fetch, keepalive): the newest go first.
      for (const batch of queue.splice(0).toReversed()) {
        carrier.sendBeacon(url, messageOf(batch, batch.sentAt ?? carrier.now(), { token: credential.token }));
      }
    },
    get waiting() {
      return waiting();
    },
  };
  return outbox;
}

type Verdict =
  | { what: 'taken' }
  /** This one is at fault; others may be better. */
  | { what: 'refused' }
  /** The session is no more; another may be. */
  | { what: 'over' }
  /** Nothing is taken: the token is not good for it, or the server takes none at all. */
  | { what: 'unwanted' }
  /** It may work later. */
  | { what: 'failed'; retryAfter?: number };

function judge({ ok, status, headers }: Response): Verdict {
  if (ok) return { what: 'taken' };
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfter = Number(headers.get('retry-after'));
    return { what: 'failed', ...(retryAfter > 0 ? { retryAfter } : {}) };
  }
  if (status === 410) return { what: 'over' };
  return { what: status === 400 || status === 413 || status === 422 ? 'refused' : 'unwanted' };
}

/** Undefined where it is not worth it, or the browser cannot. */
async function compress(text: string): Promise<ArrayBuffer | undefined> {
  if (text.length < WORTH_COMPRESSING || typeof CompressionStream !== 'function') return undefined;
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
}
