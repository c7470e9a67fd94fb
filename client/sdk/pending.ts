import type { Answer, RequestName } from '../../src/signaling/wire.ts';
import { fromWire, type SluiceClientError } from './errors.ts';

/** A request that has no answer yet. */
export type PendingRequest = { readonly id: number; readonly name: RequestName; readonly params: unknown };

/** The requests of one session that wait for their answers, in order. Ids count up from 1 in each session. */
export type PendingRequests = {
  add(name: RequestName, params: unknown): { request: PendingRequest; answer: Promise<unknown> };
  /** Settles the request; does nothing for one that is settled: an answer can come twice after a resume. */
  settle(id: number, answer: Answer): void;
  /** What to send again after a resume, in the order in which it was asked. */
  list(): PendingRequest[];
  /** A new session: what waits fails with `error`, and ids start anew. */
  restart(error: SluiceClientError): void;
  readonly size: number;
};

export function createPendingRequests(): PendingRequests {
  type Entry = { request: PendingRequest; resolve: (result: unknown) => void; reject: (error: Error) => void };
  // A Map iterates in insertion order, and ids only go up: it is the sending order.
  const entries = new Map<number, Entry>();
  let lastId = 0;

  return {
    add(name, params) {
      const request = { id: (lastId += 1), name, params };
      const answer = new Promise<unknown>((resolve, reject) => {
        entries.set(request.id, { request, resolve, reject });
      });
      return { request, answer };
    },
    settle(id, answer) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entries.delete(id);
      if (answer.ok) entry.resolve(answer.result);
      else entry.reject(fromWire(answer.error));
    },
    list: () => [...entries.values()].map((entry) => entry.request),
    restart(error) {
      const waiting = [...entries.values()];
      entries.clear();
      lastId = 0;
      for (const entry of waiting) entry.reject(error);
    },
    get size() {
      return entries.size;
    },
  };
}
