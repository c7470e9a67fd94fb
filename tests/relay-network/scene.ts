/** A server at addresses of a small network, a guest inside it, and one beside the server. */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import { launchBrowser } from '../e2e/support/browser.ts';
import { Guest } from '../e2e/support/guest.ts';
import { installKit } from '../e2e/support/kit.ts';
import { createNetwork, type Namespace, type Network } from '../support/network-namespaces.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { writeCertificate } from '../support/turn-server.ts';

/** HTTP at the first of the host's addresses and TURN over TLS at the second: one open port lets both through. */
export const ONLY_PORT = 443;
const TURN_PORT = 3478;

export type Scene = {
  readonly server: TestServer;
  readonly client: Namespace;
  /** A page of a browser inside the client's namespace, or of one on the host. */
  readonly open: (where: Namespace | 'host') => Promise<Page>;
  readonly guest: (identity: string, where: Namespace | 'host') => Promise<Guest>;
};

/** All of it ends with the test. `flags` are the server's, beside those of the addresses. */
export async function startScene(
  t: TestContext,
  makeClient: (network: Network) => Namespace = (network) => network.client(),
  flags: readonly string[] = [],
): Promise<Scene> {
  // What was started last ends first: browsers, then the server, then the network.
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const network = createNetwork();
  ends.push(() => network.remove());
  const client = makeClient(network);
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-scene-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const { certFile, keyFile } = await writeCertificate(folder);
  const [http, turn] = client.hosts;
  const server = await startServer([
    ...['--host', http, '--port', String(ONLY_PORT)],
    ...['--turn.listen', turn, '--turn.port', String(TURN_PORT), '--turn.tlsPort', String(ONLY_PORT)],
    ...['--turn.tls', JSON.stringify({ cert: certFile, key: keyFile })],
    ...flags,
  ]);
  ends.push(() => server.close());

  const open = async (where: Namespace | 'host') => {
    const browserFlags = [
      // Browsers give cameras to secure origins alone.
      `--unsafely-treat-insecure-origin-as-secure=${server.url}`,
      `--ignore-certificate-errors-spki-list=${publicKeyHash(certFile)}`,
    ];
    const wrap = where === 'host' ? undefined : (program: string) => where.wrapper(program);
    const browser = await launchBrowser(browserFlags, wrap);
    ends.push(() => browser.close());
    const context = await browser.newContext();
    await context.addInitScript(installKit);
    const page = await context.newPage();
    await page.goto(`${server.url}/v1/health`);
    return page;
  };
  return { server, client, open, guest: async (identity, where) => new Guest(identity, await open(where)) };
}

function publicKeyHash(certFile: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certFile));
  const der = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  return createHash('sha256').update(der).digest('base64');
}
