/** The TURN server that the conformance tables run against. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { selfSignedTls } from '../../src/http/self-signed.ts';
import { startCoturn, type TurnEndpoint } from './coturn.ts';
import { freePort } from './free-port.ts';
import { startServer } from './server.ts';

/** Whether TURN_UNDER_TEST asks for coturn's server instead of ours, to tell what is the client's own doing. */
export const againstCoturn = process.env['TURN_UNDER_TEST'] === 'coturn';

/** Starts ours, as the product runs it and open to loopback, or coturn's. */
export async function startTurnServer(): Promise<TurnEndpoint> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-turn-'));
  const certificate = await writeCertificate(folder);
  const server = await (againstCoturn ? startCoturn({ certificate }) : startOurs(certificate));
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startOurs({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<TurnEndpoint> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const secret = 'a-secret-of-these-tests-alone';
  const server = await startServer([
    ...['--turn.listen', '127.0.0.1,::1', '--turn.relay', '127.0.0.1,::1'],
    ...['--turn.port', String(port), '--turn.tlsPort', String(tlsPort)],
    ...['--turn.tls', JSON.stringify({ cert: certFile, key: keyFile }), '--turn.secrets', secret],
    ...['--turn.peers', 'public', '--turn.allow', '127.0.0.0/8,::1/128'],
  ]);
  return { port, tlsPort, secret, stop: () => server.close() };
}

/** A certificate for localhost in two files of the folder. */
export async function writeCertificate(folder: string): Promise<{ certFile: string; keyFile: string }> {
  const [certFile, keyFile] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const { cert, key } = await selfSignedTls(folder, ['localhost'], new Date());
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { certFile, keyFile };
}
