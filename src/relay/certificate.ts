import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Certificate chain and private key as PEM text. */
export type Certificate = { readonly cert: string; readonly key: string };

/** Each as PEM text or as the name of a file that holds it. */
export type CertificateSource = { readonly cert: string; readonly key: string };

/** Reads a certificate and tries it out. Throws an `Error` that says what is wrong. */
export function readCertificate({ cert, key }: CertificateSource): Certificate {
  const read = { cert: readPem(cert, 'certificate'), key: readPem(key, 'private key') };
  try {
    createSecureContext(read);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`turn.tls: the certificate and key cannot be used: ${why}`, { cause: error });
  }
  return read;
}

/**
 * Calls `changed` when a file of the certificate has changed; the files are looked at every `interval` milliseconds,
 * since they are often links that are set anew. Returns what ends it.
 */
export function watchCertificate({ cert, key }: CertificateSource, interval: number, changed: () => void): () => void {
  const files = [cert, key].filter((source) => !isPem(source));
  for (const file of files) watchFile(file, { interval, persistent: false }, changed);
  return () => {
    for (const file of files) unwatchFile(file, changed);
  };
}

function readPem(source: string, what: string): string {
  if (isPem(source)) return source;
  try {
    return readFileSync(source, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`turn.tls: the ${what} ${source} cannot be read: ${why}`, { cause: error });
  }
}

function isPem(source: string): boolean {
  return source.includes('-----BEGIN ');
}
