/** What the main thread and the webhooks' thread tell each other. */
export type EndpointOptions = {
  /** Names it in REST, in metrics and in what is stored of it. */
  readonly name: string;
  readonly url: string;
  /** `whsec_…`; each signs. */
  readonly secrets: readonly string[];
  /** The types that it wants; empty: all. */
  readonly events: readonly string[];
};

export type WebhookStart = {
  readonly endpoints: readonly EndpointOptions[];
  /** The file of the event log. */
  readonly log: string;
  /** The number after which an endpoint begins that was not there before. */
  readonly begin: number;
  /** The file of what was delivered. */
  readonly state: string;
  /** How long an event is tried, ms. */
  readonly retryFor: number;
  /** How long a receiver may take to answer, ms. */
  readonly timeout: number;
  /** Requests to one endpoint at once, each for another room. */
  readonly concurrency: number;
  /** Addresses and CIDR ranges that may be sent to besides public ones. */
  readonly allow: readonly string[];
};

export type EndpointStatus = {
  readonly name: string;
  readonly url: string;
  readonly state: 'ok' | 'failing' | 'disabled';
  readonly failingSince: number | undefined;
  readonly lastError: string | undefined;
  /** Events of the log that the cursor has not passed. */
  readonly behind: number;
  /** Rooms that are behind the cursor. */
  readonly rooms: number;
  readonly deadLetters: number;
};

export type DeadLetterRow = {
  readonly seq: number;
  readonly attempts: number;
  readonly reason: string;
  readonly diedAt: number;
  /** The event's JSON. */
  readonly text: string;
};

export type WebhookQuery =
  | { type: 'status' }
  | { type: 'dead-letters'; name: string; after: number; limit: number }
  /** Those that cannot be found are not delivered. Answers how many will be. */
  | { type: 'redeliver'; name: string; seqs: readonly number[] }
  | { type: 'enable'; name: string };

export type WebhookAnswers = {
  status: readonly EndpointStatus[];
  'dead-letters': readonly DeadLetterRow[];
  redeliver: number;
  enable: undefined;
};

/** What was counted since the thread began, by endpoint. */
export type WebhookCounts = {
  readonly name: string;
  readonly delivered: number;
  readonly failed: number;
  readonly dead: number;
};

export type WebhookOrder =
  /** There are more events in the log. */
  { type: 'more' } | { type: 'query'; sequence: number; query: WebhookQuery } | { type: 'close' };

export type WebhookReport =
  | { type: 'answer'; sequence: number; answer: unknown }
  | { type: 'refused'; sequence: number; message: string }
  | { type: 'counts'; counts: readonly WebhookCounts[] }
  | { type: 'said'; level: 'info' | 'warn' | 'error'; message: string; facts: Record<string, unknown> };
