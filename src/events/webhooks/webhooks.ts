/** Webhooks as the main thread has them: a thread that is told that there is more, and asked how it is. */
import { Worker } from 'node:worker_threads';

import { Questions } from '../../store/questions.ts';
import type {
  WebhookAnswers,
  WebhookCounts,
  WebhookOrder,
  WebhookQuery,
  WebhookReport,
  WebhookStart,
} from './control.ts';

/** Its program: a source beside this one, or a bundle of its own beside this one's. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './webhook-thread.js', import.meta.url);

const RESTART_AFTER_MS = 1000;
const CLOSE_WITHIN_MS = 3000;

export type Webhooks = {
  /** The names of the endpoints. */
  readonly names: ReadonlySet<string>;
  /** What was counted, by endpoint. */
  readonly counts: readonly WebhookCounts[];
  /** There are more events in the log. */
  more(): void;
  /** The log is open at this number, or another file has taken its place: begins, or begins anew. */
  logOpened(last: number): void;
  /** Rejects with `events-unavailable` while there is no thread. */
  ask<Asked extends WebhookQuery>(query: Asked): Promise<WebhookAnswers[Asked['type']]>;
  close(): Promise<void>;
};

export type WebhooksOptions = Omit<WebhookStart, 'begin'> & {
  readonly say: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void;
};

/** Nothing is sent before the log is open. */
export function createWebhooks({ say, ...start }: WebhooksOptions): Webhooks {
  return new WebhookThread({ ...start, begin: 0 }, say);
}

class WebhookThread implements Webhooks {
  readonly names: ReadonlySet<string>;
  #start: WebhookStart;
  readonly #say: WebhooksOptions['say'];
  readonly #questions = new Questions('events-unavailable');
  /** What threads before this one have counted. */
  readonly #before = new Map<string, WebhookCounts>();
  #now: readonly WebhookCounts[] = [];
  #worker: Worker | undefined;
  #closing: Promise<void> | undefined;
  #telling = false;

  constructor(start: WebhookStart, say: WebhooksOptions['say']) {
    this.#start = start;
    this.#say = say;
    this.names = new Set(start.endpoints.map(({ name }) => name));
  }

  get counts(): readonly WebhookCounts[] {
    return this.#start.endpoints.map(({ name }) => {
      const [a, b] = [this.#before.get(name), this.#now.find((count) => count.name === name)];
      const sum = (key: 'delivered' | 'failed' | 'dead') => (a?.[key] ?? 0) + (b?.[key] ?? 0);
      return { name, delivered: sum('delivered'), failed: sum('failed'), dead: sum('dead') };
    });
  }

  more(): void {
    if (this.#telling || this.#worker === undefined) return;
    this.#telling = true;
    // Once for all that is announced now.
    setImmediate(() => {
      this.#telling = false;
      this.#send({ type: 'more' });
    });
  }

  logOpened(last: number): void {
    this.#start = { ...this.#start, begin: last };
    if (this.#worker === undefined) this.#launch();
    else this.#send({ type: 'close' });
  }

  ask<Asked extends WebhookQuery>(query: Asked): Promise<WebhookAnswers[Asked['type']]> {
    return this.#questions.ask((sequence) => {
      if (this.#worker === undefined)
        queueMicrotask(() => this.#questions.refused(sequence, 'There is no thread to ask.'));
      else this.#send({ type: 'query', sequence, query });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#questions.refuseAll('The server ends.');
    if (worker === undefined) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const limit = setTimeout(() => void worker.terminate(), CLOSE_WITHIN_MS);
    this.#send({ type: 'close' });
    await gone;
    clearTimeout(limit);
  }

  #send(order: WebhookOrder): void {
    this.#worker?.postMessage(order);
  }

  #launch(): void {
    if (this.#closing !== undefined) return;
    const worker = new Worker(PROGRAM, {
      workerData: this.#start,
      name: 'webhooks',
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker = worker;
    worker.on('message', (report: WebhookReport) => this.#heard(report));
    worker.on('error', (error) => this.#say('error', 'the webhooks stopped and begin again', { err: error }));
    worker.once('exit', () => this.#exited());
  }

  #heard(report: WebhookReport): void {
    switch (report.type) {
      case 'answer':
        return this.#questions.answered(report.sequence, report.answer);
      case 'refused':
        return this.#questions.refused(report.sequence, report.message);
      case 'counts':
        this.#now = report.counts;
        return;
      case 'said':
        return this.#say(report.level, report.message, report.facts);
    }
  }

  #exited(): void {
    this.#worker = undefined;
    for (const count of this.counts) this.#before.set(count.name, count);
    this.#now = [];
    this.#questions.refuseAll('The thread of the webhooks has ended.');
    if (this.#closing === undefined) setTimeout(() => this.#launch(), RESTART_AFTER_MS).unref();
  }
}
