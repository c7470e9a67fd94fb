/** The server of the configuration, where it runs: what it says of itself, and with which certificate. */
import { X509Certificate } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What answers at an address. `certificate`: the one that it shows; `untrusted`: why nobody would believe it. */
export type Answering = {
  readonly version: string;
  readonly date: Date | undefined;
  readonly certificate: X509Certificate | undefined;
  readonly untrusted: string | undefined;
};

const PATIENCE = 5000;
const LONGEST_BODY = 64 * 1024;

/** What `GET /v1/health` of `url` says; undefined where nothing listens. Rejects where something else answers. */
export async function askHealth(url: string): Promise<Answering | undefined> {
  const got = await get(`${url}/v1/health`);
  if (got === undefined) return undefined;
  const { status, body, ...rest } = got;
  const version = status === 200 ? versionIn(body) : undefined;
  if (version === undefined) throw new Error(`something else answers there (HTTP ${status})`);
  return { version, ...rest };
}

type Got = Omit<Answering, 'version'> & { readonly status: number; readonly body: string };

/** Without a key, and whatever the certificate is: what is wrong with it is told apart. */
function get(url: string): Promise<Got | undefined> {
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(url, {
      timeout: PATIENCE,
      agent: false,
      ...(secure ? { rejectUnauthorized: false } : {}),
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)));
    request.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
    request.once('response', (response) => {
      // Now: the socket forgets its certificate when the connection ends.
      const kept = { status: response.statusCode ?? 0, date: dateOf(response.headers.date), ...shown(response.socket) };
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body = (body + text).slice(0, LONGEST_BODY)));
      response.once('end', () => resolve({ ...kept, body })).once('error', reject);
    });
    request.end();
  });
}

function shown(socket: Socket): Pick<Answering, 'certificate' | 'untrusted'> {
  if (!(socket instanceof TLSSocket)) return { certificate: undefined, untrusted: undefined };
  const { raw } = socket.getPeerCertificate();
  return {
    certificate: new X509Certificate(raw),
    untrusted: socket.authorized ? undefined : String(socket.authorizationError),
  };
}

function dateOf(header: string | undefined): Date | undefined {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}

function versionIn(body: string): string | undefined {
  try {
    const { version, uptime } = JSON.parse(body) as { version?: unknown; uptime?: unknown };
    return typeof version === 'string' && typeof uptime === 'number' ? version : undefined;
  } catch {
    return undefined;
  }
}
