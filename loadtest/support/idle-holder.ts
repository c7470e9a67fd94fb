/**
 * A process that opens connections and lets them be, so that the one that measures has none of the work.
 *
 *     fork(…, [port, count, local addresses with commas, what each one sends])
 *
 * Closes none itself, and tells its parent of all of them with one message when the server has closed the last.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What became of the connections. Times in milliseconds. */
export type Held = {
  /** How long it took to open all of them. */
  readonly opening: number;
  /** Closed within five seconds. */
  readonly refused: number;
  /** How long the others lived, the first to go and the last. */
  readonly shortest: number;
  readonly longest: number;
};

/** Below what the kernel's queue of connections takes that wait for `accept`. */
const BATCH = 200;
/** A refused connection lives no longer, and µWS lets an idle one live longer. */
const AT_ONCE = 5000;

const [port, count, addresses = '', sent = ''] = process.argv.slice(2);
const locals = addresses.split(',');
const lives: number[] = [];
const started = performance.now();
let opening = Number(count);

while (opening > 0) {
  const batch = Math.min(BATCH, opening);
  await Promise.all(Array.from({ length: batch }, (_, index) => open(locals[(opening - index) % locals.length]!)));
  opening -= batch;
}
const took = performance.now() - started;
while (lives.length < Number(count)) await sleep(50);
const kept = lives.filter((life) => life >= AT_ONCE);
process.send!({
  opening: took,
  refused: lives.length - kept.length,
  shortest: Math.min(...kept),
  longest: Math.max(...kept),
} satisfies Held);
process.disconnect();

/** Resolves when the connection is there, or is gone already. */
function open(localAddress: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress });
    const from = performance.now();
    socket.on('connect', () => {
      if (sent !== '') socket.write(sent);
      resolve();
    });
    // A refused connection may be reset.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      lives.push(performance.now() - from);
      resolve();
    });
    socket.resume();
  });
}
