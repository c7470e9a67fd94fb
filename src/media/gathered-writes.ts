/**
 * Requests to a media worker that are made in the same turn leave in one write: each write of its own is a system call that
 * also wakes the worker, which is most of what a question to it costs.
 */
import { type ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';

/** Node tells of each process that it starts under this name, while it does. */
const STARTED = 'child_process';
/** Where mediasoup's library writes its requests to, among the pipes of a worker's process. */
const REQUESTS = 3;

/** Runs `start`, which starts one worker before it first yields; what is written to that one is gathered from then on. */
export function gatheringWrites<T>(start: () => T): T {
  let child: ChildProcess | undefined;
  const started = (message: unknown) => {
    child ??= (message as { process?: ChildProcess }).process;
  };
  subscribe(STARTED, started);
  try {
    return start();
  } finally {
    unsubscribe(STARTED, started);
    const requests = child?.stdio?.[REQUESTS];
    // Anything else is a library that has changed, and writes as it always did.
    if (requests instanceof Writable) gather(requests);
  }
}

/** What is written to `stream` leaves when the present turn is over, in the same order. */
export function gather(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let gathering = false;
  const leave = () => {
    gathering = false;
    stream.uncork();
  };
  stream.write = (...args: unknown[]) => {
    if (!gathering) {
      gathering = true;
      stream.cork();
      process.nextTick(leave);
    }
    return write(...args);
  };
}
