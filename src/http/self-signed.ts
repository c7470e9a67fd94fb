import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

import type { TlsOptions } from './tls.ts';

/** Days that a certificate is good for; Apple's browsers accept at most 398. */
const VALID_DAYS = 365;
/** Days before its end at which it is made anew. */
const RENEW_DAYS = 30;
const DAY = 24 * 3600 * 1000;

/**
 * A self-signed certificate for `hosts` (names and addresses), with its key, as PEM. It is kept in `folder` and used
 * again while it lasts, so that a browser which was told once to accept it need not be told again.
 */
export async function selfSignedTls(folder: string, hosts: readonly string[], now: Date): Promise<TlsOptions> {
  const file = join(folder, 'self-signed.json');
  const kept = await readKept(file);
  if (kept !== undefined && covers(kept.cert, hosts, now)) return kept;

  // A fifth of a second of modules, for what happens once in a year.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'Sluice, self-signed' }], {
    keyType: 'ec',
    notBeforeDate: new Date(now.getTime() - DAY),
    notAfterDate: new Date(now.getTime() + VALID_DAYS * DAY),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host })),
      },
    ],
  });
  const tls = { cert: made.cert, key: made.private };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(tls), { mode: 0o600 });
  await rename(unfinished, file);
  return tls;
}

async function readKept(file: string): Promise<TlsOptions | undefined> {
  try {
    const { cert, key } = JSON.parse(await readFile(file, 'utf8')) as Partial<TlsOptions>;
    return typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
  } catch {
    // None yet, or one that a crash left half written: both are mended by making one.
    return undefined;
  }
}

function covers(pem: string, hosts: readonly string[], now: Date): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const lasts = new Date(certificate.validTo).getTime() - RENEW_DAYS * DAY > now.getTime();
    const matches = (host: string) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host));
    return lasts && hosts.every((host) => matches(host) !== undefined);
  } catch {
    return false;
  }
}
