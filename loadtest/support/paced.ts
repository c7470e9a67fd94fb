import { setTimeout as sleep } from 'node:timers/promises';

import type { HttpConnection } from './http-connection.ts';

/** Milliseconds to the last byte of each answer. */
export type PacedLatencies = {
  /** From the moment at which the request was written: what the server took. */
  readonly fromSent: number[];
  /** From the moment at which it was planned: hides no wait, and counts this process's own delays too. */
  readonly fromPlanned: number[];
};

/** The status that each answer has to have; one for all, or by the request's index. */
type Expected = number | ((index: number) => number);

/**
 * Sends `requests` at `rate` a second over `connections`, whether the server answers or not, and waits for every answer.
 * `failed` hears of an answer of another status than `expected`, `answered` of each as it comes. Timers have a grain of 1 ms, so that even on a
 * machine at rest requests go out up to 1 ms behind the plan.
 */
export async function sendPaced(
  requests: readonly Buffer[],
  rate: number,
  connections: readonly HttpConnection[],
  expected: Expected,
  failed: (error: Error) => void,
  answered: (index: number, milliseconds: number) => void = () => undefined,
): Promise<PacedLatencies> {
  const latencies: PacedLatencies = { fromSent: [], fromPlanned: [] };
  // Used in turn: µWS closes a connection that was quiet for 10 seconds.
  const free = [...connections];
  const start = performance.now();
  let next = 0;
  let answers = 0;

  const due = (index: number) => start + (index * 1000) / rate;
  const send = (connection: HttpConnection, index: number) => {
    const sent = performance.now();
    connection.ask(requests[index]!, (answer) => {
      const now = performance.now();
      latencies.fromSent.push(now - sent);
      latencies.fromPlanned.push(now - due(index));
      answered(index, now - sent);
      const status = typeof expected === 'number' ? expected : expected(index);
      if (answer.status !== status) failed(new Error(`${answer.status} ${answer.body}`));
      answers += 1;
      free.push(connection);
      sendDue();
    });
  };
  const sendDue = () => {
    while (next < requests.length && due(next) <= performance.now()) {
      // Where every connection waits for an answer this one waits too, and that counts from the plan.
      const connection = free.shift();
      if (connection === undefined) return;
      send(connection, next);
      next += 1;
    }
  };
  while (answers < requests.length) {
    sendDue();
    await sleep(1);
  }
  return latencies;
}
