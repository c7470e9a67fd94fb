/** Which certificate the server has. */
import { homedir, networkInterfaces } from 'node:os';
import { join } from 'node:path';

import type { Config } from './config/config.ts';
import type { TlsOptions } from './http/tls.ts';

/** What HTTPS and TURN over TLS are to use; undefined where there is no TLS. A self-signed certificate is good for this machine's names. */
export async function tlsOptions({ tls, host, publicUrl: announced }: Config): Promise<TlsOptions | undefined> {
  if (tls === 'off') return undefined;
  if (tls !== 'self-signed') return tls;
  // Loaded where it is wanted: the library behind it is large, and most servers have a certificate or a proxy.
  const { selfSignedTls } = await import('./http/self-signed.ts');
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries?.map(({ address }) => address) ?? []);
  const hosts = new Set(['localhost', host, ...(announced === null ? [] : [new URL(announced).hostname]), ...own]);
  const names = [...hosts].filter((name) => name !== '0.0.0.0' && name !== '::' && !name.includes('%'));
  return selfSignedTls(cacheFolder(), names, new Date());
}

/** What is set to nothing is not set (XDG Base Directory Specification). */
function cacheFolder(): string {
  const { SLUICE_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  return SLUICE_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice');
}
