import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import * as uWS from 'uWebSockets.js';

/** Certificate chain and private key, each as a file name or as PEM text. */
export type TlsOptions = { cert: string; key: string };

/**
 * A µWS app that speaks TLS. µWS takes file names only and reads them here and now, so PEM text passes through files
 * that only this user can read and that are gone when this returns. Throws where key and certificate are unusable or
 * do not belong together.
 */
export function createTlsApp(options: TlsOptions): uWS.TemplatedApp {
  const cert = readPem(options.cert, 'certificate');
  const key = readPem(options.key, 'private key');
  try {
    // µWS says no more than "App construction failed", and nothing of a key that does not fit: OpenSSL says what it is.
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`The TLS certificate and key cannot be used: ${(error as Error).message}`, { cause: error });
  }
  const directory = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  try {
    const certFile = join(directory, 'cert.pem');
    const keyFile = join(directory, 'key.pem');
    writeFileSync(certFile, cert, { mode: 0o600 });
    writeFileSync(keyFile, key, { mode: 0o600 });
    return uWS.SSLApp({ cert_file_name: certFile, key_file_name: keyFile });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readPem(source: string, what: string): string {
  if (source.includes('-----BEGIN ')) return source;
  try {
    return readFileSync(source, 'utf8');
  } catch (error) {
    throw new Error(`The TLS ${what} ${source} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
