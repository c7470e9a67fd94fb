import { request } from 'node:https';

/**
 * A `fetch` for this machine's own server at `origin`, whatever its certificate is: it may be self-signed, or be for the name
 * that clients use. Of `fetch` it does what the server SDK asks of it.
 */
export function trusting(origin: string): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) throw new TypeError(`Only ${origin} is trusted without a look at its certificate.`);
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        rejectUnauthorized: false,
        agent: false,
        ...(init.signal ? { signal: init.signal } : {}),
      });
      sent.once('error', reject);
      sent.once('response', (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part)).once('error', reject);
        answer.once('end', () => {
          const { statusCode: status = 502, headers } = answer;
          const flat = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]);
          const empty = status === 204 || status === 304;
          resolve(new Response(empty ? null : Buffer.concat(parts), { status, headers: Object.fromEntries(flat) }));
        });
      });
      sent.end(typeof init.body === 'string' ? init.body : undefined);
    });
  };
}
