import pino from 'pino';

/** Where lines of a log go. */
export type LogOutput = {
  write(line: string): void;
  /** Writes what waits, now. pino calls it behind a line of the level `fatal`. */
  flushSync(): void;
};

/** Lines that come within so many milliseconds of the last write go out together. */
const GATHER_MS = 20;
const GATHER_CHARACTERS = 16 * 1024;
/** Bytes that may wait for a reader. */
const MAX_WAITING = 4 * 1024 * 1024;

/** What every output of the process does at its end. */
const flushes: (() => void)[] = [];

/**
 * The file descriptor `fd` as the output of a log that holds nobody up. A write for each line would cost more than all
 * else that happens for a small request, so only a line after a pause is written by itself. And libuv's threads write:
 * a reader that has stopped (a pipe to journald or to a container's log driver that is full) would otherwise stop the
 * main thread. What waits for such a reader is bounded; `onLost` is told how many lines were lost when it reads again.
 */
export function createLogOutput(fd: number, onLost: (lines: number) => void): LogOutput {
  const output = pino.destination({ fd, sync: false, maxLength: MAX_WAITING });
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  let lost = 0;
  output.on('drop', (data: string) => {
    lost += data.split('\n').length - 1;
  });
  output.on('drain', () => {
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    onLost(lines);
  });

  const handOver = () => {
    const lines = gathered;
    gathered = '';
    if (lines !== '') output.write(lines);
  };
  const gather = () => {
    timer = setTimeout(() => {
      timer = undefined;
      if (gathered === '') return;
      handOver();
      gather();
    }, GATHER_MS).unref();
  };
  const flushSync = () => {
    handOver();
    output.flushSync();
  };
  if (flushes.length === 0) process.once('exit', () => flushes.forEach((flush) => flush()));
  flushes.push(flushSync);

  return {
    write(line) {
      gathered += line;
      if (timer !== undefined && gathered.length < GATHER_CHARACTERS) return;
      handOver();
      if (timer === undefined) gather();
    },
    flushSync,
  };
}
