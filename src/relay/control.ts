/** What the main thread and a relay thread tell each other. Plain data; packets never. */
import type { PeerPolicyOptions } from '../turn/peer-policy.ts';
import type { EndCause, Usage } from '../turn/events.ts';
import type { Certificate } from './certificate.ts';
import type { Listener } from './listeners.ts';
import type { RelayLimits } from './options.ts';
import type { ListenAddress, RelayPorts } from './uris.ts';
import type { PackedUsage } from './usage-pack.ts';

/** What a thread is started with. */
export type ThreadStart = {
  readonly index: number;
  /** Threads in all. */
  readonly count: number;
  /** Addresses to take clients on. */
  readonly listen: readonly ListenAddress[];
  readonly ports: RelayPorts;
  /** UDP sockets to open, and the descriptors to take them from; none: they are bound. */
  readonly listeners: readonly Listener[];
  readonly descriptors: readonly number[];
  /** Where to relay from; `announced` are addresses by now, not names. */
  readonly relay: readonly ListenAddress[];
  readonly relayPorts: { readonly first: number; readonly last: number };
  /** Ports of that range on which this server listens. */
  readonly ownPorts: readonly number[];
  readonly realm: string;
  readonly secrets: readonly string[];
  readonly users: readonly { readonly username: string; readonly password: string }[];
  /** Milliseconds. */
  readonly grace: number;
  readonly limits: RelayLimits;
  readonly policy: PeerPolicyOptions;
  readonly mobility: boolean;
  readonly tcpRelay: boolean;
  readonly udpAddon: 'auto' | 'on' | 'off';
  readonly addonPath: string | undefined;
  /** The same for all threads, so that one's nonce is fresh at another. */
  readonly nonceKey: Uint8Array;
  /** COUNTER_BYTES long; see counter-board.ts. */
  readonly counters: SharedArrayBuffer;
  /** Who relays from which port; see port-owners.ts. */
  readonly portOwners: SharedArrayBuffer;
  readonly certificate: Certificate | undefined;
  readonly revocations: readonly Revocation[];
};

/** Credentials of `identity` that were issued to last until `issuedUntil` (milliseconds) or less are refused. */
export type Revocation = { readonly identity: string; readonly issuedUntil: number; readonly cause: string };

/** From the main thread. `start` is the first, and comes once. */
export type Order =
  | { readonly type: 'start'; readonly start: ThreadStart }
  | ({ readonly type: 'revoke' } & Revocation)
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'policy'; readonly policy: PeerPolicyOptions }
  | { readonly type: 'close'; readonly cause: string };

/** An allocation that has ended. */
export type EndedAllocation = {
  readonly identity: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly cause: EndCause;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  readonly until: number;
  /** All that it has relayed. */
  readonly usage: Usage;
};

/** What an allocation has relayed since the thread last spoke of it. */
export type UsageShare = { readonly identity: string; readonly usage: Usage; readonly isNew: boolean };

/** From a thread. */
export type Report =
  | {
      readonly type: 'ready';
      readonly udp: 'addon' | 'dgram';
      /** Why it is not the addon. */
      readonly why: string | undefined;
    }
  /** It cannot start; a sentence for the person who wrote the configuration. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }
  /** See usage-pack.ts. */
  | { readonly type: 'usage'; readonly usage: PackedUsage };
