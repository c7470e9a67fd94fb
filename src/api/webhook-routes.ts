import type { DeadLetterRow, EndpointStatus } from '../events/webhooks/control.ts';
import type { Webhooks } from '../events/webhooks/webhooks.ts';
import { json, noContent } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import { DeadLetterList, DeadLettersQuery, RedeliverBody, Redelivered, WebhookList } from './event-schemas.ts';
import { type Route, route } from './route.ts';

const PAGE = 100;

/** How webhooks are, and what to do about those that failed. */
export function webhookRoutes(webhooks: Webhooks | undefined): Route[] {
  const named = (params: Readonly<Record<string, string>>) => {
    const name = params['name'] ?? '';
    if (webhooks?.names.has(name) !== true) {
      throw new SluiceError('not-found', { detail: 'There is no webhook of this name in the configuration.' });
    }
    return { webhooks, name };
  };
  return [
    route({
      method: 'GET',
      path: '/v1/webhooks',
      operationId: 'listWebhooks',
      summary: 'List the webhooks of the configuration, and how each is.',
      scope: 'api-key',
      success: { status: 200, schema: WebhookList },
      errors: ['events-unavailable', 'limit-reached'],
      async handle() {
        const found = webhooks === undefined ? [] : await webhooks.ask({ type: 'status' });
        return json({ webhooks: found.map(status) });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/webhooks/:name/dead-letters',
      operationId: 'listDeadLetters',
      summary: 'List the events that a webhook did not take in time, by number.',
      scope: 'api-key',
      query: DeadLettersQuery,
      success: { status: 200, schema: DeadLetterList },
      errors: ['not-found', 'events-unavailable', 'limit-reached'],
      async handle({ params, query: { after = 0, limit = PAGE } }) {
        const { webhooks: of, name } = named(params);
        const rows = await of.ask({ type: 'dead-letters', name, after, limit: limit + 1 });
        const last = rows.length > limit ? rows[limit - 1]?.seq : undefined;
        return json({
          deadLetters: rows.slice(0, limit).map(deadLetter),
          ...(last === undefined ? {} : { next: last }),
        });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/webhooks/:name/redeliveries',
      operationId: 'redeliver',
      summary: 'Deliver events again, dead letters or not, each by itself and at once.',
      scope: 'api-key',
      body: RedeliverBody,
      success: { status: 202, schema: Redelivered },
      errors: ['not-found', 'events-unavailable', 'limit-reached'],
      async handle({ params, body: { events } }) {
        const { webhooks: of, name } = named(params);
        return json({ accepted: await of.ask({ type: 'redeliver', name, seqs: [...new Set(events)] }) }, 202);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/webhooks/:name/enable',
      operationId: 'enableWebhook',
      summary: 'Send to a webhook again that has answered 410, from where it stood; and do not wait for its next try.',
      scope: 'api-key',
      success: { status: 204 },
      errors: ['not-found', 'events-unavailable', 'limit-reached'],
      async handle({ params }) {
        const { webhooks: of, name } = named(params);
        await of.ask({ type: 'enable', name });
        return noContent();
      },
    }),
  ];
}

function status({ failingSince, lastError, ...rest }: EndpointStatus) {
  return {
    ...rest,
    ...(failingSince === undefined ? {} : { failingSince: new Date(failingSince).toISOString() }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function deadLetter({ seq, attempts, reason, diedAt, text }: DeadLetterRow) {
  return { seq, attempts, reason, diedAt: new Date(diedAt).toISOString(), event: JSON.parse(text) as unknown };
}
