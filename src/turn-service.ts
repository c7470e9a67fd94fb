/** The relay as a part of this server: from the configuration to ICE servers, credentials, readiness and metrics. */
import { randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';

import type { TurnDesk } from './api/turn-routes.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './kernel/clock.ts';
import type { Log } from './observability/log.ts';
import { installedUdpAddon } from './package.ts';
import { createCredentialDesk } from './relay/credential-desk.ts';
import { turnIdentity } from './relay/identity.ts';
import type { MediaAddress } from './relay/options.ts';
import { createRelay, type Relay } from './relay/relay.ts';
import { type MetricFamily, relayMetrics } from './relay/report.ts';
import { turnUris } from './relay/uris.ts';
import type { IceServer } from './rooms/events.ts';
import type { Grants } from './rooms/grants.ts';
import type { Identity, ParticipantId, RoomName } from './rooms/ids.ts';
import { createEndLog } from './turn-end-log.ts';

/** STUN and TURN, as the rest of the server sees it. */
export type TurnService = {
  /** TURN URIs (RFC 7065), the preferred first. */
  readonly uris: readonly string[];
  readonly desk: TurnDesk;
  readonly relay: Relay;
  /** What a participant is told; none where it may neither send nor receive media. */
  iceServers(room: RoomName, participant: RelayedParticipant, presence?: ParticipantId): IceServer[];
  /** Ends what is relayed for an identity, or for the one `presence` of it that has its own; takes the credentials back. */
  revoke(room: RoomName, identity: Identity, cause: string, presence?: ParticipantId): void;
  /** Why it cannot serve, if it cannot. */
  unready(): string | undefined;
  metrics(): MetricFamily[];
  close(): Promise<void>;
};

type RelayedParticipant = { readonly identity: Identity; readonly grants: Grants; readonly keyId: string };

export type TurnServiceOptions = {
  readonly config: Config;
  /** The certificate of HTTP, as file names or PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly media: readonly MediaAddress[];
  readonly clock: Clock;
  readonly log: Log;
  /** The relay's first thread, where it was spawned before. */
  readonly thread: Worker | undefined;
  /** So many bytes were relayed, both ways, for a participant of `room`, or for an application's own client. */
  readonly onRelayed: (owner: RelayOwner, bytes: number) => void;
};

/** On whose account something is relayed. */
export type RelayOwner = { readonly room?: RoomName; readonly keyId: string };

/** Starts the relay. Rejects with a sentence that names the key of the configuration. */
export async function startTurn({
  config,
  tls,
  media,
  clock,
  log,
  thread,
  onRelayed,
}: TurnServiceOptions): Promise<TurnService> {
  const { turn } = config;
  const secrets = turn.secrets.length > 0 ? turn.secrets : [randomBytes(32).toString('base64url')];
  const owners = createOwners();
  const relay = await createRelay({
    ...turn,
    ...{ secrets, media, thread },
    certificate: turn.tls === 'server' ? tls : turn.tls === 'off' ? undefined : turn.tls,
    relayPorts: { first: turn.minPort, last: turn.maxPort },
    ownPorts: config.port === 0 ? [] : [config.port],
    secondAddress: turn.secondAddress ?? undefined,
    addonPath: installedUdpAddon(),
    limits: turn.limits,
    log: (level, message, fields) => log[level](fields ?? {}, message),
    onRelayed(identity, bytes) {
      const owner = owners.of(identity);
      if (owner !== undefined) onRelayed(owner, bytes);
    },
    onEnded: createEndLog(log, clock),
  });
  const name = config.publicUrl === null ? undefined : new URL(config.publicUrl).hostname;
  const uris = turnUris(turn.listen, relay.ports, name);
  const desk = createCredentialDesk({
    secrets,
    maxTtl: Math.floor(turn.credentialTtl / 1000),
    clock,
    uris: () => uris,
  });

  return {
    ...{ uris, relay },
    desk: {
      participant: (room, { identity, keyId }, ttl) =>
        desk.issue(owners.note(turnIdentity(room, identity), { room, keyId }), ttl),
      application(keyId, identity, ttl) {
        if (identity !== undefined) return desk.issue(owners.note(turnIdentity(identity), { keyId }), ttl);
        const credentials = desk.issueNameless(turnIdentity(keyId), ttl);
        owners.note(identityOf(credentials.username), { keyId });
        return credentials;
      },
    },
    iceServers(room, { identity, grants, keyId }, presence) {
      if (!grants.subscribe && grants.publish.length === 0) return [];
      const whole = owners.note(relayName(room, identity, presence), { room, keyId });
      const { username, password, ttl } = desk.issue(whole);
      return [{ urls: [...uris], username, credential: password, ttl }];
    },
    revoke(room, identity, cause, presence) {
      const whole = relayName(room, identity, presence);
      relay.revoke(whole, desk.takeBack(whole), cause);
    },
    unready: () => (relay.threads().some(({ running }) => running) ? undefined : 'no relay thread runs'),
    metrics: () => relayMetrics(relay.counters(), relay.threads()),
    close: () => relay.close(),
  };
}

function relayName(room: RoomName, identity: Identity, presence: ParticipantId | undefined): string {
  return turnIdentity(room, identity, ...(presence === undefined ? [] : [presence]));
}

/** Who was given credentials, by their identity; the oldest are forgotten first. */
function createOwners(limit = 100_000) {
  const known = new Map<string, RelayOwner>();
  return {
    /** Returns `identity`. */
    note(identity: string, owner: RelayOwner): string {
      known.delete(identity);
      if (known.size >= limit) known.delete(known.keys().next().value!);
      known.set(identity, owner);
      return identity;
    },
    of: (identity: string) => known.get(identity),
  };
}

/** `expiry:identity` (draft-uberti-behave-turn-rest-00 §2.2). */
function identityOf(username: string): string {
  return username.slice(username.indexOf(':') + 1);
}
