import { startApp, type App } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/observability/log.ts';

/** Accepted by every server of these tests; the second one is for rotation. */
export const API_KEYS = ['test.0123456789abcdef0123456789abcdef', 'next.fedcba9876543210fedcba9876543210'] as const;

/** What flags can still change. */
const DEFAULTS = {
  SLUICE_HOST: '127.0.0.1',
  SLUICE_PORT: '0',
  SLUICE_MEDIA_PORT: '0',
  SLUICE_MEDIA_WORKERS: '1',
  SLUICE_TURN_PORT: '0',
  SLUICE_TURN_TLS_PORT: '0',
  SLUICE_STORE_FOLDER: 'memory',
  SLUICE_AUTH_KEYS: API_KEYS.join(','),
};

/** A whole server on free loopback ports. Close it in any case. */
export type TestServer = App & {
  /** A request with the first API key; `body` goes as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A join token. */
  token(room: string, identity: string, more?: Record<string, unknown>): Promise<string>;
};
export type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

/** `flags` as on the command line: `['--rooms.maxParticipants', '2']`. */
export async function startServer(flags: readonly string[] = []): Promise<TestServer> {
  const loaded = loadConfig({ argv: flags, env: DEFAULTS });
  if (loaded.action !== 'start') throw new TypeError('these flags start no server');
  const app = await startApp(loaded.config, createLog({ level: 'fatal' }));

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(app.url + path, {
      method,
      headers: {
        authorization: `Bearer ${API_KEYS[0]}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
  }
  return {
    ...app,
    call,
    async token(room, identity, more = {}) {
      const { status, body } = await call('POST', `/v1/rooms/${room}/tokens`, { identity, ...more });
      if (status !== 201) throw new Error(`no token: ${JSON.stringify(body)}`);
      return body['token'] as string;
    },
  };
}
