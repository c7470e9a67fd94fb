/**
 * The thread of everything that this server stores, as the main thread has it. Nothing here waits for a disk. A thread that
 * dies is replaced, and its parts are opened again.
 */
import type { Worker } from 'node:worker_threads';

import type { FromThread, ToThread } from './control.ts';
import { spawnStoreThread } from './spawn.ts';

const RESTART_AFTER_MS = 1000;
const CLOSE_WITHIN_MS = 5000;

/** A part's side on the main thread. */
export type StoreListener<Report> = {
  heard(report: Report): void;
  /** The thread has ended with all that it had not said. Another one comes, and opens the part anew. */
  gone(message: string): void;
};

export type StoreLink<Order> = {
  /** Whether there is a thread to send to. */
  readonly running: boolean;
  /** Orders arrive in this order; without a thread they are lost. */
  send(order: Order): void;
  /** The part has done what it can with what was sent, and let go of its file; or cannot within 5 s. */
  close(): Promise<void>;
};

export type StoreThread = {
  /** Opens a part that the program knows. `start` must survive structured clone. */
  attach<Order, Report>(part: string, start: unknown, listener: StoreListener<Report>): StoreLink<Order>;
  /** Ends the thread, after the parts. Idempotent. */
  close(): Promise<void>;
};

/** Starts the thread, or takes one that was spawned before. */
export function startStoreThread(spawned?: Worker): StoreThread {
  return new Thread(spawned);
}

type Part = { readonly start: unknown; readonly listener: StoreListener<unknown>; closed: (() => void) | undefined };

class Thread implements StoreThread {
  readonly #parts = new Map<string, Part>();
  #worker: Worker | undefined;
  #closing: Promise<void> | undefined;

  constructor(spawned?: Worker) {
    this.#launch(spawned);
  }

  attach<Order, Report>(name: string, start: unknown, listener: StoreListener<Report>): StoreLink<Order> {
    if (this.#parts.has(name)) throw new Error(`the part ${name} of the store is open already`);
    const part: Part = { start, listener, closed: undefined };
    this.#parts.set(name, part);
    this.#send({ type: 'open', part: name, start });
    const running = () => this.#worker !== undefined;
    return {
      get running() {
        return running();
      },
      send: (order) => this.#send({ type: 'order', part: name, order }),
      close: async () => {
        await this.#closePart(name, part);
        this.#parts.delete(name);
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #closePart(name: string, part: Part): Promise<void> {
    if (this.#worker === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    part.closed = resolve;
    this.#send({ type: 'close', part: name });
    const limit = setTimeout(resolve, CLOSE_WITHIN_MS);
    await promise;
    clearTimeout(limit);
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const given = Promise.withResolvers<void>();
    // A thread that hangs in a call to the disk does not even end when it is told to: it is left behind.
    const limit = setTimeout(() => {
      void worker.terminate();
      worker.unref();
      given.resolve();
    }, CLOSE_WITHIN_MS);
    this.#send({ type: 'end' });
    await Promise.race([gone, given.promise]);
    clearTimeout(limit);
  }

  #send(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #launch(worker = spawnStoreThread()): void {
    this.#worker = worker;
    worker.ref();
    let failure = 'the thread ended';
    worker.on('message', (message: FromThread) => this.#heard(message));
    worker.on('error', (error) => {
      failure = error instanceof Error ? error.message : String(error);
    });
    worker.once('exit', () => this.#exited(failure));
    for (const [part, { start }] of this.#parts) this.#send({ type: 'open', part, start });
  }

  #heard(message: FromThread): void {
    const part = this.#parts.get(message.part);
    if (message.type === 'closed') part?.closed?.();
    else part?.listener.heard(message.report);
  }

  #exited(message: string): void {
    this.#worker = undefined;
    for (const part of this.#parts.values()) {
      part.closed?.();
      part.listener.gone(message);
    }
    if (this.#closing !== undefined) return;
    setTimeout(() => {
      if (this.#closing === undefined) this.#launch();
    }, RESTART_AFTER_MS).unref();
  }
}
