import type * as uWS from 'uWebSockets.js';

/** One server-sent event. `id` and `event` are one line each; `data` may have several. */
export type ServerSentEvent = { id?: string; event?: string; data: string };

/** Why a stream ended: the client went, the server closed it, or the client read too slowly. */
export type StreamEnd = 'client' | 'server' | 'too-slow';

/** The server's end of an open event stream (HTML standard §9.2). */
export type EventStream = {
  /** What the client saw last before it reconnected (Last-Event-ID). */
  readonly lastEventId: string | undefined;
  /** Sends one event. False when the stream is over: closed, or dropped just now for being too slow. */
  send(event: ServerSentEvent): boolean;
  /** The reader need not come back to anything before `id`: told with the next comment, as an event without data. */
  position(id: string): void;
  /** Bytes that wait here because the client does not read. */
  readonly buffered: number;
  /** Calls back once, when the stream ends for whatever reason; at once when it has ended. */
  onClose(callback: (end: StreamEnd) => void): void;
  /** Ends the stream. Idempotent. */
  close(): void;
};

/** Bounds of one stream. */
export type EventStreamOptions = {
  /** Bytes that may wait for a slow reader before it is dropped. Default 1 MiB. */
  maxBufferedBytes?: number;
  /** Milliseconds between comments that keep proxies and the client from giving up. Default 15,000. */
  keepAliveMs?: number;
};

/** An answer that stays open. Made by `eventStream`. */
export type EventStreamResponse = {
  readonly open: (stream: EventStream) => void;
  readonly options: Required<EventStreamOptions>;
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * An answer of server-sent events: `open` is called when the headers are on their way. A reader that lets more than
 * `maxBufferedBytes` wait, or takes nothing for about 10 s while something waits, is dropped; EventSource reconnects
 * by itself with Last-Event-ID.
 */
export function eventStream(
  open: (stream: EventStream) => void,
  options: EventStreamOptions = {},
): EventStreamResponse {
  return {
    open,
    options: { maxBufferedBytes: options.maxBufferedBytes ?? 1024 * 1024, keepAliveMs: options.keepAliveMs ?? 15_000 },
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx holds back what it proxies unless told otherwise.
      'x-accel-buffering': 'no',
    },
  };
}

/** `event` in the format of the wire. Throws TypeError where `id` or `event` would break out of their line. */
export function encodeEvent(event: ServerSentEvent): string {
  let text = '';
  if (event.id !== undefined) text += `id: ${oneLine(event.id)}\n`;
  if (event.event !== undefined) text += `event: ${oneLine(event.event)}\n`;
  for (const line of event.data.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  return `${text}\n`;
}

/** A stream whose response the server writes, and what the server must tell it. */
export type OpenedStream = {
  readonly stream: EventStream;
  /** The client is gone; `res` may not be touched any more. */
  aborted(): void;
};

/**
 * Runs a stream over `res`, whose status and headers have been written in the cork that calls this. `ended` is
 * called once, when nothing more will be written.
 */
export function openStream(
  res: uWS.HttpResponse,
  options: Required<EventStreamOptions>,
  lastEventId: string | undefined,
  ended: () => void,
): OpenedStream {
  let end: StreamEnd | undefined;
  let callbacks: ((end: StreamEnd) => void)[] = [];
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** What to say of the position with the next comment. */
  let position: Buffer | undefined;
  // Bytes of writes that did not go through: µWS holds them, and does not say how many are left.
  let heldBytes = 0;

  const finish = (why: StreamEnd) => {
    if (end !== undefined) return;
    end = why;
    clearInterval(keepAlive);
    waiting = [];
    waitingBytes = 0;
    heldBytes = 0;
    const told = callbacks;
    callbacks = [];
    ended();
    for (const callback of told) callback(why);
  };

  const write = (bytes: Buffer): boolean => {
    let through = true;
    res.cork(() => {
      through = res.write(bytes);
    });
    if (!through) heldBytes += bytes.length;
    return through;
  };

  const push = (bytes: Buffer): boolean => {
    if (end !== undefined) return false;
    if (heldBytes === 0) {
      write(bytes);
      return true;
    }
    if (heldBytes + waitingBytes + bytes.length > options.maxBufferedBytes) {
      // Marks the end before close(), whose abort callback would call it the client's doing.
      const victim = res;
      finish('too-slow');
      victim.close();
      return false;
    }
    waiting.push(bytes);
    waitingBytes += bytes.length;
    return true;
  };

  // With a writable handler set, µWS drains what it holds only on the next write, so a comment goes first: when it
  // gets through, all that was held has. µWS closes a connection on which nothing of a held write moves for 10 s; as
  // nothing else is written meanwhile, nothing re-arms that timeout.
  res.onWritable(() => {
    if (end !== undefined || !write(COMMENT)) return true;
    heldBytes = 0;
    if (waitingBytes > 0) {
      const next = Buffer.concat(waiting);
      waiting = [];
      waitingBytes = 0;
      write(next);
    }
    return true;
  });

  const keepAlive = setInterval(() => {
    if (heldBytes > 0) return;
    push(position ?? COMMENT);
    position = undefined;
  }, options.keepAliveMs);
  keepAlive.unref();

  const stream: EventStream = {
    lastEventId,
    send(event) {
      if (event.id !== undefined) position = undefined;
      return push(Buffer.from(encodeEvent(event)));
    },
    position(id) {
      position = Buffer.from(`id: ${oneLine(id)}\n\n`);
    },
    get buffered() {
      return heldBytes + waitingBytes;
    },
    onClose(callback) {
      if (end === undefined) callbacks.push(callback);
      else callback(end);
    },
    close() {
      if (end !== undefined) return;
      const rest = Buffer.concat(waiting);
      finish('server');
      res.cork(() => {
        res.end(rest);
      });
    },
  };

  // The first write is what puts the headers on the wire.
  push(COMMENT);
  return { stream, aborted: () => finish('client') };
}

const COMMENT = Buffer.from(':\n\n');

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters that must not be there
  if (/[\r\n\0]/.test(text)) throw new TypeError('The id and name of a server-sent event are one line each.');
  return text;
}
