import type { DeadLetter } from './event-types.ts';
import { type CallOptions, type Http, segment } from './http.ts';
import { pages } from './pages.ts';
import type { WebhookEndpoint } from './types.ts';

/** The webhooks of the server's configuration, and what they did not take. */
export type Webhooks = {
  list(options?: CallOptions): Promise<WebhookEndpoint[]>;
  /** Events that this one did not take in time, a page at a time. */
  deadLetters(name: string, options?: CallOptions & { readonly after?: number }): AsyncGenerator<DeadLetter, void>;
  /** Delivers these events again, 1000 at most, by their `seq`. Resolves with how many of them are there. */
  redeliver(name: string, events: readonly number[], options?: CallOptions): Promise<number>;
  /** Sends to it again after its 410, or at once after failures. */
  enable(name: string, options?: CallOptions): Promise<void>;
};

export function createWebhooks({ request }: Pick<Http, 'request'>): Webhooks {
  const at = (name: string) => `/v1/webhooks/${segment(name)}`;
  return {
    list: async ({ signal } = {}) =>
      (await request<{ webhooks: WebhookEndpoint[] }>('GET', '/v1/webhooks', { signal })).value.webhooks,
    deadLetters: (name, { after: first, signal } = {}) =>
      pages(
        async (after: number | undefined = first) => {
          const query = { limit: 1000, after };
          const path = `${at(name)}/dead-letters`;
          return (await request<{ deadLetters: DeadLetter[]; next?: number }>('GET', path, { query, signal })).value;
        },
        ({ deadLetters: items, next }) => ({ items, next }),
      ),
    async redeliver(name, events, { signal } = {}) {
      const path = `${at(name)}/redeliveries`;
      return (await request<{ accepted: number }>('POST', path, { body: { events }, signal })).value.accepted;
    },
    async enable(name, { signal } = {}) {
      await request('POST', `${at(name)}/enable`, { signal });
    },
  };
}
