import { isIP } from 'node:net';

import type { ReportKey } from './problems.ts';
import type { Settings } from './schema.ts';

/** An address of this machine, and what clients are told instead. */
export type Listen = { ip: string; announced?: string };

/**
 * Where media listens, and what clients are told of it. `auto` follows `host`: this machine alone, one address, or
 * all of its addresses, which stand here one by one because clients cannot be told a wildcard.
 */
export function resolveListen(
  { host, media }: Pick<Settings, 'host' | 'media'>,
  addresses: readonly { readonly ip: string; readonly internal: boolean }[],
  local: boolean,
  report: ReportKey,
): Listen[] {
  const { announced } = media;
  if (media.listen === 'auto') {
    return automatic(host, announced, addresses, local).map((ip) => announce({ ip }, announced));
  }
  if (media.listen.length === 0) report('media.listen', 'expected an address, or auto; found an empty list');
  const listen = announceAll(media.listen, announced);
  for (const { ip, announced: told } of listen) {
    if (isWildcard(ip) && told === undefined) {
      report(
        'media.listen',
        `expected media.announced to say what clients are told instead of ${ip}, found nothing for it`,
      );
    }
  }
  return listen;
}

function automatic(
  host: string,
  announced: string | null,
  addresses: readonly { readonly ip: string; readonly internal: boolean }[],
  local: boolean,
): string[] {
  const own = (internal: boolean) => addresses.filter((entry) => entry.internal === internal).map(({ ip }) => ip);
  const loopback = ['127.0.0.1', ...own(true).filter((ip) => ip === '::1')];
  if (local) return loopback;
  const outside = own(false);
  if (announced !== null) {
    // A wildcard for each family that has what to announce; a name may stand for both.
    const families = isIP(announced) === 0 ? new Set([4, ...outside.map(isIP)]) : new Set([isIP(announced)]);
    return [...(families.has(4) ? ['0.0.0.0'] : []), ...(families.has(6) ? ['::'] : [])];
  }
  if (isIP(host) !== 0 && !isWildcard(host)) return [host];
  return outside.length > 0 ? [...new Set(outside)] : loopback;
}

/** `entries` as they are written, each with what `announced` says of its family. */
export function announceAll(
  entries: readonly (string | { ip: string; announced?: string })[],
  announced: string | null,
): Listen[] {
  return entries.map((entry) => announce(typeof entry === 'string' ? { ip: entry } : entry, announced));
}

/** An announced IP address says nothing of the other family; a name may. */
function announce({ ip, announced: own }: { ip: string; announced?: string }, announced: string | null): Listen {
  const fits = announced !== null && (isIP(announced) === 0 || isIP(announced) === isIP(ip));
  const told = own ?? (fits ? announced : undefined);
  return told === undefined ? { ip } : { ip, announced: told };
}

/** Whether `ip` stands for every address of its family. */
export function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || /^[0:]+$/u.test(ip);
}
