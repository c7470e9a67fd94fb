/** Webhooks as they come: Standard Webhooks (https://www.standardwebhooks.com), "Verifying signatures". */
import { localError } from './errors.ts';
import type { SluiceEvent } from './event-types.ts';
import { eventOf } from './events.ts';

export type WebhookRequest = {
  /** Of the request: `Headers`, or an object as Node's `request.headers`. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body as it came, before any JSON is parsed: a parsed and rewritten one has another signature. */
  readonly body: string | Uint8Array;
  /** `whsec_…`, as in the server's configuration: one, or several while they are being changed. */
  readonly secret: string | readonly string[];
  /** Seconds by which the time of signing may differ from now. Default 300. */
  readonly tolerance?: number;
  /** In ms since 1970. Default: now. */
  readonly now?: number;
};

/** `id` is the event's own and the same at each attempt: what was dealt with under it need not be again. */
export type Webhook = { readonly id: string; readonly event: SluiceEvent };

/**
 * The event of a webhook, once its signature is found to be one of `secret`. Fails with `webhook-invalid`,
 * `webhook-stale`, and `invalid-options` for a secret that is none.
 */
export async function verifyWebhook(request: WebhookRequest): Promise<Webhook> {
  const { headers, body, tolerance = 300, now = Date.now() } = request;
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature');
  if (!/^\d{1,12}$/u.test(timestamp)) throw localError('webhook-invalid');
  const content = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytesOf(body));
  // The signature first: what is said of the time is for those who know a secret.
  if (!(await isSigned(content, signatures, [request.secret].flat()))) throw localError('webhook-invalid');
  if (Math.abs(now / 1000 - Number(timestamp)) > tolerance) throw localError('webhook-stale');
  return { id, event: eventOf(new TextDecoder().decode(bytesOf(body))) };
}

/** More signatures than a sender has secrets: whoever sends them wants this side to be busy. */
const MAX_SIGNATURES = 16;

async function isSigned(content: Uint8Array<ArrayBuffer>, signatures: string, secrets: readonly string[]) {
  const keys = await Promise.all(secrets.map((secret) => hmacKey(secret)));
  const given = signatures.split(' ').slice(0, MAX_SIGNATURES);
  let signed = false;
  for (const signature of given) {
    const bytes = signature.startsWith('v1,') ? fromBase64(signature.slice('v1,'.length)) : undefined;
    if (bytes === undefined) continue;
    // HMAC's `verify` compares in constant time (Web Cryptography API §31.6.2).
    for (const key of keys) if (await crypto.subtle.verify('HMAC', key, bytes, content)) signed = true;
  }
  return signed;
}

function hmacKey(secret: string) {
  const key = secret.startsWith('whsec_') ? fromBase64(secret.slice('whsec_'.length)) : undefined;
  if (key === undefined || key.length < 24 || key.length > 64) {
    throw localError('invalid-options', 'A secret of webhooks is `whsec_` and 24 to 64 bytes in base64.');
  }
  return crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function header(headers: WebhookRequest['headers'], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string' || value === '') throw localError('webhook-invalid');
  return value;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
