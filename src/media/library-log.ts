/** mediasoup's own log, which it has one of for the whole process, passed on to whoever listens, at a bounded rate. */
import { setLogEventListeners } from 'mediasoup';

import { systemClock } from '../kernel/clock.ts';
import { fullBucket, take } from '../kernel/token-bucket.ts';
import type { MediaLog } from './options.ts';

/** Clients can make a worker complain: a line for each of their messages must not fill a disk. */
const LINES = { rate: 5, burst: 50 };

const listeners = new Set<MediaLog>();

/** Sends `log` what mediasoup and its workers (their stderr and stdout too) have to say. Returns how to stop it. */
export function followLibraryLog(log: MediaLog): () => void {
  if (listeners.size === 0) listen();
  listeners.add(log);
  return () => {
    listeners.delete(log);
    if (listeners.size === 0) setLogEventListeners();
  };
}

function listen(): void {
  const bucket = fullBucket(LINES, systemClock());
  let dropped = 0;
  const tell = (level: 'info' | 'warn' | 'error', source: string, text: string, error?: Error) => {
    if (take(bucket, LINES, systemClock()) > 0) {
      dropped += 1;
      return;
    }
    const fields = { source, ...(dropped > 0 ? { dropped } : {}), ...(error ? { error: error.message } : {}) };
    dropped = 0;
    for (const log of listeners) log(level, text, fields);
  };
  setLogEventListeners({
    // Nearly everything here is a trace of mediasoup's calls; only what a worker itself says is worth a line.
    ondebug: (source, text) => {
      if (text.startsWith('(stdout)') || text.startsWith('[pid:')) tell('info', source, text);
    },
    // A request that a worker refused: the caller answers for it.
    onwarn: (source, text) => {
      if (!text.startsWith('request failed')) tell('warn', source, text);
    },
    onerror: (source, text, error) => tell('error', source, text, error),
  });
}
