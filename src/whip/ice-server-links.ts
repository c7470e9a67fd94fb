import type { IceServer } from '../rooms/events.ts';

/** ICE servers as values of Link headers (RFC 9725 §4.6, RFC 8288 §3), one for each URL. */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map((url) => {
      const secret =
        /^turns?:/u.test(url) && username !== undefined && credential !== undefined
          ? `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`
          : '';
      return `<${url}>; rel="ice-server"${secret}`;
    }),
  );
}

/** RFC 9110 §5.6.4. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, '\\$&')}"`;
}
