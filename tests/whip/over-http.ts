/** WHIP and WHEP by hand: offers that were captured from real clients, and what a server answers to them. */
import type { TestServer } from '../support/server.ts';
import { offerText } from './support.ts';

export type Sent = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly code: unknown;
};
export type SendOptions = {
  readonly token?: string | undefined;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
};

/** One request; `code` is that of a problem, where the answer is one. */
export async function send(
  server: TestServer,
  method: string,
  path: string,
  { token, type = 'application/sdp', body, headers = {} }: SendOptions = {},
): Promise<Sent> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  const code: unknown = isProblem ? (JSON.parse(text) as { code: unknown }).code : undefined;
  return { status: response.status, headers: response.headers, text, code };
}

/** A publisher of OBS's library in a room of its own, which never connects: the answer to its offer, and its token. */
export async function publish(server: TestServer, room: string, identity = 'studio') {
  const token = await server.token(room, identity);
  const answer = await send(server, 'POST', `/whip/${room}`, { token, body: offerText('libdatachannel') });
  return { ...answer, token, session: answer.headers.get('location') ?? '' };
}
