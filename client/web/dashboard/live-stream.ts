/** Follows /v1/qoe/live over `fetch`, and begins anew whenever it ends. */
import { retryDelay } from '../../sdk/backoff.ts';
import { AskError, type Client, type Query } from './client.ts';
import { eventParser, type ParsedEvent } from '../../server-sdk/event-parser.ts';

/** The server says something every 15 s, if only that it is there. */
const SILENT_FOR_MS = 35_000;

export type StreamHandlers = {
  /** The stream has begun, for the first time or again. */
  opened: () => void;
  took: (event: ParsedEvent) => void;
  /** It is interrupted, and tried again by itself. */
  lost: (why: AskError) => void;
};

/** Begins, and goes on until the function that is returned is called. */
export function followLive(client: Client, query: Query, handlers: StreamHandlers): () => void {
  const ended = new AbortController();
  void follow(client, query, handlers, ended.signal);
  return () => ended.abort();
}

async function follow(client: Client, query: Query, handlers: StreamHandlers, ended: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!ended.aborted) {
    let retryAfter = 0;
    try {
      // oxlint-disable-next-line no-await-in-loop -- each connection is over before the next one begins
      await connect(client, query, ended, {
        ...handlers,
        opened() {
          attempt = 0;
          handlers.opened();
        },
      });
    } catch (error) {
      if (ended.aborted) return;
      const why = error instanceof AskError ? error : new AskError('unreachable', 'The connection was lost.');
      // With a key that is refused there is nothing to try again.
      if (why.code === 'unauthorized') return;
      retryAfter = why.retryAfter;
      handlers.lost(why);
    }
    // oxlint-disable-next-line no-await-in-loop -- nor does it begin before the pause is over
    await pause(retryDelay(attempt, Math.random(), retryAfter), ended);
    attempt += 1;
  }
}

async function connect(client: Client, query: Query, ended: AbortSignal, handlers: StreamHandlers): Promise<never> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENT_FOR_MS);
  try {
    const body = await client.stream('/v1/qoe/live', query, AbortSignal.any([ended, silent.signal]));
    handlers.opened();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = eventParser();
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
      const { done, value } = await reader.read();
      if (done) throw new AskError('unreachable', 'The server ended the stream.');
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENT_FOR_MS);
      for (const event of parse(value)) handlers.took(event);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Waits; not longer than until the network is back. */
function pause(milliseconds: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      removeEventListener('online', go);
      ended.removeEventListener('abort', go);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    addEventListener('online', go);
    ended.addEventListener('abort', go);
  });
}
