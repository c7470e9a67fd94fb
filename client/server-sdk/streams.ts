/** Event streams that are opened again for as long as somebody reads them. */
import { localError, SluiceError } from './errors.ts';
import { eventParser, type ParsedEvent } from './event-parser.ts';
import { backoff, type Http, type Query, sleep } from './http.ts';

export type StreamOptions = {
  /** Ends the loop, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Told each time that the stream was lost and will be opened again, with the reason. */
  readonly onReconnect?: (error: SluiceError) => void;
};

type Reopened = StreamOptions & {
  readonly path: string;
  readonly query: Query;
  /** What each opening says besides. */
  readonly headers: () => Readonly<Record<string, string | undefined>>;
  /** Told that up to this id there is nothing for this reader. */
  readonly position?: (id: string) => void;
};

/** The server says something every 15 s: what is silent for longer than this is dead, in milliseconds. */
const SILENCE = 45_000;

/** Refusals that another attempt may not meet; what a client has to mend itself is thrown. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'bad-answer', 'internal', 'request-timeout']);

/** The events of a stream, opened again whenever it ends. Returns when `signal` is aborted. */
export async function* reopened(http: Http, options: Reopened): AsyncGenerator<ParsedEvent, void> {
  const { path, query, signal, position } = options;
  for (let failures = 0; ; failures += 1) {
    try {
      const body = await http.open(path, { query, headers: options.headers(), signal });
      for await (const event of parsed(body, signal, position)) {
        failures = 0;
        yield event;
      }
      throw localError('unreachable', 'The server has ended the stream.');
    } catch (error) {
      if (signal?.aborted === true) return;
      if (!(error instanceof SluiceError) || !isPassing(error)) throw error;
      options.onReconnect?.(error);
      try {
        await sleep(Math.max(backoff(failures), (error.retryAfter ?? 0) * 1000), signal);
      } catch {
        return;
      }
    }
  }
}

function isPassing({ code, status }: SluiceError): boolean {
  return PASSING.has(code) || status === 429 || status === 503;
}

async function* parsed(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
  position: ((id: string) => void) | undefined,
): AsyncGenerator<ParsedEvent, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parse = eventParser(position);
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    if (signal?.aborted === true || error instanceof SluiceError) throw error;
    throw localError('unreachable', 'The stream was cut off.', error);
  } finally {
    // Also where the reader of the events has gone: the connection is to go with it.
    await reader.cancel().catch(() => undefined);
  }
}

/** Rejects with `timeout` where nothing comes for too long. */
async function withinSilence<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(localError('timeout', 'The stream has fallen silent.')), SILENCE);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
