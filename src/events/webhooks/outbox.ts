/**
 * What one endpoint is sent, in which order and when. The log itself is the queue: a cursor walks it, and where an event of a
 * room cannot be delivered, the room gets a lane, which remembers where it stands and when it is tried again, while the
 * cursor goes on with the others. It keeps time, disk and network outside.
 */

/** An event as the log has it. */
export type LoggedEvent = {
  readonly seq: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly room: string;
  readonly text: string;
};

/** The log, as far as it is written. `room` is empty where an event has none. */
export type LogReader = {
  after(seq: number, limit: number): readonly LoggedEvent[];
  /** The first of a room from `from` up to `to`, both included. */
  ofRoom(room: string, from: number, to: number): LoggedEvent | undefined;
  one(seq: number): LoggedEvent | undefined;
};

/** A room, or one event that is delivered again (`#seq`), that is behind. Times in ms since the epoch. */
export type Lane = { seq: number; attempts: number; firstFailed: number | undefined; notBefore: number };

export type OutboxState = {
  /** Every event up to this number is settled, but for those of lanes. */
  cursor: number;
  failures: number;
  /** Since when nothing could be delivered. */
  failingSince: number | undefined;
  notBefore: number;
  disabled: boolean;
  lastError: string | undefined;
};

/** An event that is given up. */
export type DeadLetter = {
  readonly event: LoggedEvent;
  readonly attempts: number;
  readonly reason: string;
  readonly diedAt: number;
};

export type Delivery = { readonly event: LoggedEvent; readonly lane: string };

export type Outcome =
  | { readonly type: 'delivered' }
  /** The receiver wants no more (410). */
  | { readonly type: 'gone' }
  | { readonly type: 'failed'; readonly reason: string; readonly retryAfter?: number | undefined };

export type OutboxOptions = {
  readonly reader: LogReader;
  readonly wants: (type: string) => boolean;
  readonly concurrency: number;
  /** How long an event is tried, ms. */
  readonly retryFor: number;
  /** A number from 0 to 1, a different one each time. */
  readonly random: () => number;
};

/** What has changed since it was asked last, to be stored. */
export type OutboxChanges = {
  readonly state: OutboxState;
  readonly lanes: ReadonlyMap<string, Lane | undefined>;
  readonly dead: readonly DeadLetter[];
  /** Dead letters that were delivered after all. */
  readonly revived: readonly number[];
};

/** Events that are read ahead of the oldest one that is not settled. */
const WINDOW = 500;
const PAGE = 200;
/** Events that are given up at once, before anything else is looked at. */
const MAX_BURIED = 500;
/** So many failures in a row are the endpoint's, not an event's: it is tried with one event at a time, and more and more rarely. */
const PAUSE_AFTER = 3;
const FIRST_DELAY = 500;
const LAST_DELAY = 15 * 60_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #state: OutboxState;
  readonly #lanes: Map<string, Lane>;
  readonly #queues = new Map<string, LoggedEvent[]>();
  /** Numbers of the window, in their order. */
  readonly #unsettled = new Set<number>();
  readonly #busy = new Set<string>();
  #read: number;
  #changed = new Set<string>();
  #dead: DeadLetter[] = [];
  #revived: number[] = [];

  constructor(options: OutboxOptions, state: OutboxState, lanes: ReadonlyMap<string, Lane>) {
    this.#options = options;
    this.#state = { ...state };
    this.#lanes = new Map(lanes);
    this.#read = state.cursor;
  }

  get state(): Readonly<OutboxState> {
    return { ...this.#state, cursor: this.#cursor };
  }

  /** Rooms and events that are behind. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** What may be sent now; ask again until there is nothing. Each one is answered with `done`. */
  next(now: number): Delivery | undefined {
    const { disabled, notBefore, failures } = this.#state;
    const atOnce = failures >= PAUSE_AFTER ? 1 : this.#options.concurrency;
    if (disabled || now < notBefore || this.#busy.size >= atOnce) return undefined;
    const found = this.#nextOfLanes(now) ?? this.#nextOfWindow(now);
    if (found !== undefined) this.#busy.add(found.lane);
    return found;
  }

  /** When something is due that is not yet; undefined where nothing is. */
  dueAt(now: number): number | undefined {
    if (this.#state.disabled) return undefined;
    if (this.#state.notBefore > now) return this.#state.notBefore;
    let due: number | undefined;
    for (const { notBefore } of this.#lanes.values()) {
      if (notBefore > now && (due === undefined || notBefore < due)) due = notBefore;
    }
    return due;
  }

  /** How a delivery ended. */
  done({ event, lane }: Delivery, outcome: Outcome, now: number): void {
    this.#busy.delete(lane);
    if (outcome.type === 'delivered') {
      this.#recovered(now);
      this.#settle(event, lane);
      return;
    }
    const reason = outcome.type === 'gone' ? 'HTTP 410' : outcome.reason;
    if (outcome.type === 'gone') this.#state.disabled = true;
    this.#failed(reason, now);
    const { attempts, firstFailed = now } = this.#laneAt(event, lane);
    const failed = { seq: event.seq, attempts: attempts + 1, firstFailed, notBefore: now };
    this.#setLane(lane, failed);
    if (now - firstFailed >= this.#options.retryFor) this.#bury(event, lane, failed.attempts, reason, now);
    else {
      const wait = outcome.type === 'failed' ? (outcome.retryAfter ?? 0) : 0;
      failed.notBefore = now + Math.max(wait, this.#delay(failed.attempts));
    }
  }

  /** Sends one event again, whatever has become of it. */
  again(seq: number): void {
    const lane = `#${seq}`;
    if (!this.#lanes.has(lane)) this.#setLane(lane, { seq, attempts: 0, firstFailed: undefined, notBefore: 0 });
  }

  /** Goes on after a 410, and does not wait for what was to be waited for. */
  enable(now: number): void {
    this.#state.disabled = false;
    this.#recovered(now);
  }

  takeChanges(): OutboxChanges {
    const lanes = new Map([...this.#changed].map((key) => [key, this.#lanes.get(key)]));
    const changes = { state: this.state, lanes, dead: this.#dead, revived: this.#revived };
    this.#changed = new Set();
    this.#dead = [];
    this.#revived = [];
    return changes;
  }

  get #cursor(): number {
    const [oldest] = this.#unsettled;
    return oldest === undefined ? this.#read : oldest - 1;
  }

  #nextOfLanes(now: number): Delivery | undefined {
    for (const key of [...this.#lanes.keys()]) {
      if (this.#busy.has(key)) continue;
      for (let buried = 0; buried < MAX_BURIED; buried += 1) {
        const lane = this.#lanes.get(key);
        if (lane === undefined || lane.notBefore > now) break;
        const event = this.#headOf(key, lane);
        if (event === undefined) {
          // After a restart the cursor may still be behind the lane: until it is not, the lane says what is settled.
          if (key.startsWith('#') || this.#read + 1 >= lane.seq) this.#setLane(key, undefined);
          break;
        }
        if (!this.#isExpired(event, now)) return { event, lane: key };
        this.#bury(event, key, lane.attempts, this.#state.lastError ?? 'expired', now);
      }
    }
    return undefined;
  }

  #nextOfWindow(now: number): Delivery | undefined {
    this.#fill();
    for (let buried = 0; buried < MAX_BURIED; buried += 1) {
      const found = this.#firstOfWindow();
      if (found === undefined || !this.#isExpired(found.event, now)) return found;
      this.#bury(found.event, found.lane, 0, this.#state.lastError ?? 'expired', now);
      this.#fill();
    }
    return undefined;
  }

  #firstOfWindow(): Delivery | undefined {
    for (const [room, [event]] of this.#queues) {
      if (event !== undefined && !this.#busy.has(room)) return { event, lane: room };
    }
    return undefined;
  }

  #fill(): void {
    while (this.#unsettled.size < WINDOW - PAGE) {
      const page = this.#options.reader.after(this.#read, PAGE);
      for (const event of page) {
        this.#read = event.seq;
        // A room that is behind gets to this one when it has caught up.
        if (!this.#options.wants(event.type) || this.#lanes.has(event.room)) continue;
        this.#unsettled.add(event.seq);
        const queue = this.#queues.get(event.room);
        if (queue === undefined) this.#queues.set(event.room, [event]);
        else queue.push(event);
      }
      if (page.length < PAGE) return;
    }
  }

  #headOf(key: string, lane: Lane): LoggedEvent | undefined {
    const { reader, wants } = this.#options;
    if (key.startsWith('#')) return reader.one(lane.seq);
    const to = Math.max(this.#read, lane.seq);
    for (let from = lane.seq; ;) {
      const event = reader.ofRoom(key, from, to);
      if (event === undefined || wants(event.type)) return event;
      from = event.seq + 1;
    }
  }

  #laneAt(event: LoggedEvent, key: string): Lane {
    const lane = this.#lanes.get(key);
    if (lane?.seq === event.seq) return lane;
    return { seq: event.seq, attempts: 0, firstFailed: undefined, notBefore: 0 };
  }

  /** An event is behind: of its room, or of its own. */
  #settle(event: LoggedEvent, key: string): void {
    if (key.startsWith('#')) {
      this.#revived.push(event.seq);
      this.#setLane(key, undefined);
      return;
    }
    if (this.#lanes.has(key)) {
      this.#setLane(key, { seq: event.seq + 1, attempts: 0, firstFailed: undefined, notBefore: 0 });
      return;
    }
    this.#unsettled.delete(event.seq);
    const queue = this.#queues.get(key);
    queue?.shift();
    if (queue?.length === 0) this.#queues.delete(key);
  }

  /** A room that is behind is followed by its lane alone. */
  #setLane(key: string, lane: Lane | undefined): void {
    this.#changed.add(key);
    if (lane === undefined) {
      this.#lanes.delete(key);
      return;
    }
    this.#lanes.set(key, lane);
    for (const event of this.#queues.get(key) ?? []) this.#unsettled.delete(event.seq);
    this.#queues.delete(key);
  }

  #bury(event: LoggedEvent, key: string, attempts: number, reason: string, now: number): void {
    this.#dead.push({ event, attempts, reason, diedAt: now });
    if (key.startsWith('#')) this.#setLane(key, undefined);
    else this.#settle(event, key);
  }

  /** Nothing has been delivered for as long as an event is tried, and this one is as old. */
  #isExpired({ at }: LoggedEvent, now: number): boolean {
    const { failingSince } = this.#state;
    const { retryFor } = this.#options;
    return failingSince !== undefined && now - failingSince >= retryFor && now - at >= retryFor;
  }

  #recovered(now: number): void {
    const state = this.#state;
    if (state.failures >= PAUSE_AFTER) {
      for (const [key, lane] of this.#lanes) if (lane.notBefore > now) this.#setLane(key, { ...lane, notBefore: now });
    }
    state.failures = 0;
    state.failingSince = undefined;
    state.notBefore = 0;
    state.lastError = undefined;
  }

  #failed(reason: string, now: number): void {
    const state = this.#state;
    state.failures += 1;
    state.failingSince ??= now;
    state.lastError = reason;
    if (state.failures >= PAUSE_AFTER) state.notBefore = now + this.#delay(state.failures - PAUSE_AFTER + 1);
  }

  /** Twice as long each time, up to a quarter of an hour; less by chance, up to the half. */
  #delay(attempts: number): number {
    const full = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** Math.min(30, attempts - 1));
    return Math.round(full * (0.5 + 0.5 * this.#options.random()));
  }
}
