import { SOURCES, type Source } from '../../../src/rooms/grants.ts';

/** What a meeting link says about the meeting, before the server has checked any of it. */
export type MeetingLink = {
  room: string;
  /** Undefined where the link carries none. */
  token: string | undefined;
  /** The name that the token gives its bearer; '' where it cannot be read. */
  name: string;
  /** What the token lets one publish; undefined where it does not say. */
  publish: readonly Source[] | undefined;
};

/** Reads `/meet/{room}#{token}`. The token's payload is decoded for display only: the server alone verifies it. */
export function readLink(location: { pathname: string; hash: string }): MeetingLink {
  const token = location.hash.slice(1) || undefined;
  const claims = token === undefined ? {} : payloadOf(token);
  const fromPath = /\/meet\/([^/]+)/.exec(location.pathname)?.[1];
  return {
    room: text(claims['room']) || safely(() => decodeURIComponent(fromPath ?? '')) || fromPath || '',
    token,
    name: text(claims['name']) || text(claims['sub']),
    publish: sourcesOf(claims['publish']),
  };
}

/** The payload of a JWT (RFC 7519 §3); {} for anything else. */
function payloadOf(token: string): Record<string, unknown> {
  const part = token.split('.')[1];
  const claims = part === undefined ? undefined : safely((): unknown => JSON.parse(decodeBase64Url(part)));
  return isRecord(claims) ? claims : {};
}

function decodeBase64Url(encoded: string): string {
  const bytes = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}

/** As src/auth reads the claim: true is everything, false nothing. */
function sourcesOf(publish: unknown): readonly Source[] | undefined {
  if (typeof publish === 'boolean') return publish ? SOURCES : [];
  return Array.isArray(publish) ? SOURCES.filter((source) => publish.includes(source)) : undefined;
}

function safely<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
