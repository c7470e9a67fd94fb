/** The server SDK's entry, `sluice/server`: for the back end of an application. docs/server-sdk.md explains it. */
import { createEvents, type Events } from './events.ts';
import { type CallOptions, createHttp, type SluiceOptions } from './http.ts';
import { pages } from './pages.ts';
import { createParticipants, type Participants } from './participants.ts';
import { createQuality, type QualityQueries } from './quality.ts';
import { createRooms, type Rooms } from './rooms.ts';
import { createTokens, type Tokens } from './tokens.ts';
import type { Health, Readiness, TurnCredentials, UsageRow } from './types.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

export { SluiceError, type LocalErrorCode, type SluiceErrorCode, type Violation } from './errors.ts';
export { verifyWebhook, type Webhook, type WebhookRequest } from './webhook.ts';
export type * from './event-types.ts';
export type { Events, EventsFrom } from './events.ts';
export type { CallOptions, SluiceOptions } from './http.ts';
export type { Participants, PresenceOptions } from './participants.ts';
export type * from './quality-types.ts';
export type { QualityQueries } from './quality.ts';
export type { ConditionalOptions, Rooms } from './rooms.ts';
export type { StreamOptions } from './streams.ts';
export type { SignedToken, Tokens } from './tokens.ts';
export type * from './types.ts';
export type { Webhooks } from './webhooks.ts';

/** `from`, `to`: days, UTC, `2026-11-23`; default: today. */
export type UsageOptions = CallOptions & {
  readonly from?: string;
  readonly to?: string;
  readonly room?: string;
  readonly key?: string;
};

/** A Sluice server, as an application's back end sees it. Everything fails with a `SluiceError`. */
export type Sluice = {
  readonly rooms: Rooms;
  readonly tokens: Tokens;
  readonly participants: Participants;
  readonly events: Events;
  readonly quality: QualityQueries;
  readonly webhooks: Webhooks;
  /**
   * Credentials for this server's TURN, for whom `identity` names, or for nobody in particular. `ttl` in seconds,
   * `turn.credentialTtl` at most. Fails with `not-found` where TURN is off.
   */
  turnCredentials(options?: CallOptions & { identity?: string; ttl?: number }): Promise<TurnCredentials>;
  /** What was used, by day, room and API key, a page at a time. */
  usage(options?: UsageOptions): AsyncGenerator<UsageRow, void>;
  /** Whether the process answers. `date`: the server's clock, where it tells. */
  health(options?: CallOptions): Promise<Health & { date: Date | undefined }>;
  /** Whether new joins are welcome, and what is in their way. */
  readiness(options?: CallOptions): Promise<Readiness>;
};

/** A server by its address and one of its API keys. Sends nothing by itself. Throws `invalid-options`. */
export function createSluice(options: SluiceOptions): Sluice {
  const http = createHttp(options);
  const { request } = http;
  return {
    rooms: createRooms(http),
    tokens: createTokens(http, options.apiKey),
    participants: createParticipants(http),
    events: createEvents(http),
    quality: createQuality(http),
    webhooks: createWebhooks(http),
    async turnCredentials({ identity, ttl, signal } = {}) {
      const body = { ...(identity === undefined ? {} : { identity }), ...(ttl === undefined ? {} : { ttl }) };
      return (await request<TurnCredentials>('POST', '/v1/turn/credentials', { body, signal })).value;
    },
    usage: ({ signal, ...query } = {}) =>
      pages(
        async (cursor?: string) => {
          const page = { query: { ...query, limit: 1000, cursor }, signal };
          return (await request<{ usage: UsageRow[]; next?: string }>('GET', '/v1/usage', page)).value;
        },
        ({ usage: items, next }) => ({ items, next }),
      ),
    async health({ signal } = {}) {
      const { value, date } = await request<Health>('GET', '/v1/health', { signal });
      return { ...value, date };
    },
    readiness: async ({ signal } = {}) =>
      (await request<Readiness>('GET', '/v1/ready', { signal, unready: true })).value,
  };
}
