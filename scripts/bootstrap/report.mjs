const REDRAW_MS = 1_000;
const LOG_LINE_MS = 10_000;

/**
 * Says what the bootstrap does. On a terminal a long task keeps one line up to date; elsewhere (CI, a log file) it
 * adds a line every ten seconds.
 * @param {Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>} stream
 */
export function reporter(stream) {
  /** @param {string} line */
  const say = (line) => void stream.write(`bootstrap: ${line}\n`);

  /**
   * Runs `work`, showing its title, what it last reported and the seconds that have passed.
   * @template T
   * @param {string} title
   * @param {(progress: (text: string) => void) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async function task(title, work) {
    const startedAt = performance.now();
    const seconds = () => `${Math.round((performance.now() - startedAt) / 1_000)} s`;
    let latest = '';
    const line = () => [title, latest, seconds()].filter(Boolean).join(' · ');
    const draw = () => {
      if (stream.isTTY) stream.write(`\r\u001B[K${`bootstrap: ${line()}`.slice(0, (stream.columns ?? 80) - 1)}`);
      else say(line());
    };
    if (stream.isTTY) draw();
    else say(`${title} …`);
    const timer = setInterval(draw, stream.isTTY ? REDRAW_MS : LOG_LINE_MS);
    /** @param {string} outcome */
    const end = (outcome) => {
      clearInterval(timer);
      if (stream.isTTY) stream.write('\r\u001B[K');
      say(`${title}: ${outcome} after ${seconds()}`);
    };
    try {
      const result = await work((text) => void (latest = text));
      end('done');
      return result;
    } catch (error) {
      end('failed');
      throw error;
    }
  }

  return { say, task };
}

/** @typedef {ReturnType<typeof reporter>} Reporter */
