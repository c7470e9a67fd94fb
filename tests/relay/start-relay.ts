import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { selfSignedTls } from '../../src/http/self-signed.ts';
import { installedUdpAddon } from '../../src/package.ts';
import type { RelayLimits, RelayOptions } from '../../src/relay/options.ts';
import { createRelay, type Relay } from '../../src/relay/relay.ts';
import { openTurnClient, timeLimited, type TurnClient } from '../support/turn-client.ts';

export const SECRET = 'a-secret-of-these-tests';

export type TestRelay = Relay & {
  /** A client on loopback with a time-limited credential of `identity`. */
  client(
    transport: 'udp' | 'tcp' | 'tls',
    options?: { host?: string; identity?: string; seconds?: number; timeout?: number },
  ): Promise<TurnClient>;
  /** What was logged. */
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[];
  /** Allocations that have ended. */
  readonly ended: Parameters<NonNullable<RelayOptions['onEnded']>>[0][];
};

const LIMITS: RelayLimits = {
  allocations: 1000,
  allocationsPerUser: 1000,
  allocationsPerAddress: 1000,
  permissions: 1000,
  permissionsPerAddress: 1000,
  permissionsTotal: 1000,
  channels: 1000,
  channelsPerAddress: 1000,
  channelsTotal: 1000,
  connections: 1000,
  connectionsPerAddress: 1000,
  unauthenticated: 100,
  authenticateWithin: 10_000,
  answers: 1000,
  bandwidth: null,
  bandwidthPerUser: null,
  bandwidthPerAddress: null,
  bandwidthTotal: null,
};

/**
 * A relay on free ports of both loopback addresses that relays to anything on loopback. Stopped, with the clients that
 * were opened by `client`, when the test ends.
 */
export async function startRelay(
  t: TestContext,
  options: Partial<Omit<RelayOptions, 'limits'>> & { limits?: Partial<RelayLimits> } = {},
): Promise<TestRelay> {
  const lines: TestRelay['lines'] = [];
  const ended: TestRelay['ended'] = [];
  const clients: TurnClient[] = [];
  /** One user has one credential, though a second passes between two of its clients. */
  const credentials = new Map<string, ReturnType<typeof timeLimited>>();
  const relay = await createRelay({
    threads: 1,
    listen: [{ ip: '127.0.0.1' }, { ip: '::1' }],
    port: 0,
    tlsPort: 0,
    transports: ['udp', 'tcp', 'tls'],
    relay: [{ ip: '127.0.0.1' }, { ip: '::1' }],
    relayPorts: { first: 49_152, last: 65_535 },
    realm: 'sluice',
    secrets: [SECRET],
    users: [],
    grace: 0,
    peers: 'public',
    media: [],
    allow: ['127.0.0.0/8', '::1'],
    deny: [],
    ownPorts: [],
    mobility: true,
    tcpRelay: true,
    udpAddon: 'auto',
    addonPath: installedUdpAddon(),
    log: (level, message, fields = {}) => lines.push({ level, message, fields }),
    onEnded: (allocation) => ended.push(allocation),
    ...options,
    limits: { ...LIMITS, ...options.limits },
  });
  t.after(async () => {
    for (const client of clients) client.close();
    await relay.close();
  });
  return Object.assign(relay, {
    lines,
    ended,
    async client(
      transport: 'udp' | 'tcp' | 'tls',
      { host = '127.0.0.1', identity = 'lab/ada', seconds = 3600, timeout = 5000 } = {},
    ) {
      const port = relay.ports[transport];
      if (port === undefined) throw new Error(`this relay does not offer ${transport}`);
      const name = `${seconds}:${identity}`;
      const credential = credentials.get(name) ?? timeLimited(SECRET, identity, seconds);
      credentials.set(name, credential);
      const client = await openTurnClient({ host, port, transport, timeout, ...credential });
      clients.push(client);
      return client;
    },
  });
}

/** A certificate for loopback, in a folder that goes when the test ends. */
export async function certificate(t: TestContext): Promise<{ cert: string; key: string }> {
  return selfSignedTls(scratch(t), ['localhost', '127.0.0.1', '::1'], new Date());
}

export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-relay-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Waits for `condition`, 5 seconds at most. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let left = 500; !condition(); left -= 1) {
    if (left === 0) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
