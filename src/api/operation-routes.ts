import { json } from '../http/message.ts';
import type { Health } from '../observability/health.ts';
import { type Route, route } from './route.ts';
import { HealthResource, ReadinessResource } from './schemas.ts';

/** What the server knows of its own condition. */
export type Operations = {
  readonly health: Health;
  readonly metrics: () => Promise<{ contentType: string; body: string }>;
};

/** Health, readiness and metrics: for load balancers and monitoring, without credentials. */
export function operationRoutes({ health, metrics }: Operations): Route[] {
  const ready = {
    method: 'GET',
    summary: 'Whether new joins are welcome: 200, or 503 with the reasons.',
    scope: 'anyone',
    success: { status: 200, schema: ReadinessResource },
    errors: [],
    handle() {
      const state = health.readiness();
      return json(state, state.ready ? 200 : 503);
    },
  } as const;
  return [
    route({
      method: 'GET',
      path: '/v1/health',
      operationId: 'health',
      summary: 'Whether the process answers.',
      scope: 'anyone',
      success: { status: 200, schema: HealthResource },
      errors: [],
      handle: () => json(health.liveness()),
    }),
    route({ ...ready, path: '/v1/ready', operationId: 'ready' }),
    route({ ...ready, path: '/ready', operationId: 'readyForBalancers' }),
    route({
      method: 'GET',
      path: '/metrics',
      operationId: 'metrics',
      summary: 'Metrics in the text format of Prometheus.',
      scope: 'anyone',
      success: { status: 200, contentType: 'text/plain' },
      errors: [],
      async handle() {
        const { contentType, body } = await metrics();
        return { status: 200, headers: { 'content-type': contentType }, body };
      },
    }),
  ];
}
