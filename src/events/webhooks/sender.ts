/** Sends one endpoint what its outbox says, and stores how far it is. */
import type { EndpointOptions, EndpointStatus, WebhookCounts, WebhookReport, WebhookStart } from './control.ts';
import type { DeliveryFile } from './delivery-file.ts';
import type { LogFileReader } from './log-reader.ts';
import { type Delivery, Outbox, type Outcome } from './outbox.ts';
import { type Attempt, createPoster, type Poster } from './post.ts';
import { signedHeaders, webhookKey } from './signature.ts';
import { addressRule } from './target.ts';

/** What happens within this time is stored together, ms. A kill within it repeats so many deliveries. */
const SAVE_AFTER_MS = 50;

export class Sender {
  readonly #endpoint: EndpointOptions;
  readonly #log: LogFileReader;
  readonly #logId: string;
  readonly #file: DeliveryFile;
  readonly #tell: (report: WebhookReport) => void;
  readonly #outbox: Outbox;
  readonly #poster: Poster;
  readonly #keys: readonly Buffer[];
  readonly #counts = { delivered: 0, failed: 0, dead: 0 };
  #saving: NodeJS.Timeout | undefined;
  #waking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    endpoint: EndpointOptions,
    { begin, retryFor, timeout, concurrency, allow }: WebhookStart,
    log: LogFileReader,
    file: DeliveryFile,
    tell: (report: WebhookReport) => void,
  ) {
    const { name, url, events } = endpoint;
    this.#endpoint = endpoint;
    this.#log = log;
    this.#file = file;
    this.#tell = tell;
    this.#keys = endpoint.secrets.map((secret) => webhookKey(secret)).filter((key) => key !== undefined);
    this.#poster = createPoster({ url, timeout, concurrency, isAllowed: addressRule(allow) });
    const { id, last } = log.position;
    this.#logId = id;
    const known = file.state(name);
    // A new endpoint is told what happens from the start of this server on. One that knows of more than there is knows another log.
    const isOther = known !== undefined && known.cursor > last;
    const fresh = { failures: 0, failingSince: undefined, notBefore: 0, disabled: false, lastError: undefined };
    const state = known === undefined ? { ...fresh, cursor: begin } : isOther ? { ...known, cursor: 0 } : known;
    const wanted = new Set(events);
    this.#outbox = new Outbox(
      {
        reader: {
          after: (seq, limit) => log.after(seq, limit),
          ofRoom: (room, from, to) => log.ofRoom(room, from, to),
          one: (seq) => file.dead(name, seq) ?? log.one(seq),
        },
        wants: (type) => wanted.size === 0 || wanted.has(type),
        ...{ concurrency, retryFor, random: Math.random },
      },
      state,
      isOther ? new Map() : file.lanes(name),
    );
    this.#save();
  }

  get counts(): WebhookCounts {
    return { name: this.#endpoint.name, ...this.#counts };
  }

  status(): EndpointStatus {
    const { name, url } = this.#endpoint;
    const { cursor, disabled, failingSince, lastError } = this.#outbox.state;
    return {
      ...{ name, url: withoutSecrets(url), failingSince, lastError },
      state: disabled ? 'disabled' : failingSince === undefined ? 'ok' : 'failing',
      behind: Math.max(0, this.#log.position.last - cursor),
      rooms: this.#outbox.lanes,
      deadLetters: this.#file.countDead(name),
    };
  }

  /** Sends what there is to send. Call it when there is more. */
  pump(): void {
    if (this.#closed) return;
    clearTimeout(this.#waking);
    for (let next = this.#outbox.next(Date.now()); next !== undefined; next = this.#outbox.next(Date.now())) {
      void this.#send(next);
    }
    this.#saveSoon();
    const due = this.#outbox.dueAt(Date.now());
    if (due !== undefined) this.#waking = setTimeout(() => this.pump(), Math.max(1, due - Date.now()));
  }

  /** Answers how many of `seqs` are known. */
  again(seqs: readonly number[]): number {
    const { name } = this.#endpoint;
    const known = seqs.filter((seq) => (this.#file.dead(name, seq) ?? this.#log.one(seq)) !== undefined);
    for (const seq of known) this.#outbox.again(seq);
    this.#save();
    this.pump();
    return known.length;
  }

  enable(): void {
    this.#outbox.enable(Date.now());
    this.#save();
    this.pump();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#waking);
    clearTimeout(this.#saving);
    this.#save();
    this.#poster.close();
  }

  async #send(delivery: Delivery): Promise<void> {
    const { seq, text } = delivery.event;
    const headers = signedHeaders(this.#keys, `${this.#logId}-${seq}`, Math.floor(Date.now() / 1000), text);
    const outcome = outcomeOf(await this.#poster.post({ ...headers, 'user-agent': 'Sluice' }, text));
    if (this.#closed) return;
    const wasDisabled = this.#outbox.state.disabled;
    this.#outbox.done(delivery, outcome, Date.now());
    if (outcome.type === 'delivered') this.#counts.delivered += 1;
    else this.#counts.failed += 1;
    if (!wasDisabled && this.#outbox.state.disabled) {
      const facts = { endpoint: this.#endpoint.name };
      this.#tell({ type: 'said', level: 'warn', message: 'a webhook receiver wants no more events (410)', facts });
    }
    this.pump();
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    const changes = this.#outbox.takeChanges();
    this.#counts.dead += changes.dead.length;
    this.#file.save(this.#endpoint.name, this.#logId, changes);
  }
}

function outcomeOf(attempt: Attempt): Outcome {
  if ('error' in attempt) return { type: 'failed', reason: attempt.error };
  const { status, retryAfter } = attempt;
  if (status >= 200 && status < 300) return { type: 'delivered' };
  if (status === 410) return { type: 'gone' };
  return {
    type: 'failed',
    reason: `HTTP ${status}`,
    retryAfter: status === 429 || status === 503 ? retryAfter : undefined,
  };
}

/** Without the parts of a URL in which secrets are put. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
