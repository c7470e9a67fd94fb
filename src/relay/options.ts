/** What a relay is told when it starts, and what it tells while it runs. Times in milliseconds. */
import type { Worker } from 'node:worker_threads';

import type { CertificateSource } from './certificate.ts';
import type { EndedAllocation } from './control.ts';
import type { ListenAddress } from './uris.ts';

/** Something worth a log line. `fields` never hold a secret. */
export type RelayLog = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** Where this server's own media is: what clients are told of it, and where it listens. */
export type MediaAddress = ListenAddress & { readonly port: number };

export type RelayLimits = {
  /** Allocations at once: in all, of one user, of one client address. Each thread holds its part of the first. */
  readonly allocations: number;
  readonly allocationsPerUser: number;
  readonly allocationsPerAddress: number;
  /** Of one user, of one client address, in all; each thread holds its part of the last. */
  readonly permissions: number;
  readonly permissionsPerAddress: number;
  readonly permissionsTotal: number;
  readonly channels: number;
  readonly channelsPerAddress: number;
  readonly channelsTotal: number;
  /** TCP and TLS connections: in all, of one address, of those who have not authenticated. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly unauthenticated: number;
  /** For which a connection may be one of these. */
  readonly authenticateWithin: number;
  /** Answers a second to one address that has shown no credentials. */
  readonly answers: number;
  /** Bits per second, both ways together: of one allocation, of one user, of one client address, in all. */
  readonly bandwidth: number | null;
  readonly bandwidthPerUser: number | null;
  readonly bandwidthPerAddress: number | null;
  readonly bandwidthTotal: number | null;
};

export type RelayOptions = {
  /** 1 or more. */
  readonly threads: number;
  /** Addresses of this machine, no wildcards. */
  readonly listen: readonly ListenAddress[];
  /** For UDP and TCP; 0 for any. */
  readonly port: number;
  /** For TLS; 0 for any. */
  readonly tlsPort: number;
  /** TLS is offered where there is a certificate too. */
  readonly transports: readonly ('udp' | 'tcp' | 'tls')[];
  readonly certificate?: CertificateSource | undefined;
  /** How often the certificate's files are looked at. Default a minute. */
  readonly certificateCheck?: number;
  /** At most one of each family. */
  readonly relay: readonly ListenAddress[];
  readonly relayPorts: { readonly first: number; readonly last: number };
  readonly realm: string;
  /** Of time-limited credentials; all are accepted. */
  readonly secrets: readonly string[];
  readonly users: readonly { readonly username: string; readonly password: string }[];
  /** How long allocations may outlive their credential. */
  readonly grace: number;
  readonly peers: 'media' | 'public';
  readonly media: readonly MediaAddress[];
  /** Addresses and CIDR ranges. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Ports on which something else of this server listens. */
  readonly ownPorts: readonly number[];
  readonly mobility: boolean;
  readonly tcpRelay: boolean;
  readonly secondAddress?: string | undefined;
  readonly udpAddon: 'auto' | 'on' | 'off';
  /** Where native/udp was built, if it was. */
  readonly addonPath?: string | undefined;
  readonly limits: RelayLimits;
  /** The first thread, where it was spawned before (spawn.ts). */
  readonly thread?: Worker | undefined;
  readonly log?: RelayLog;
  /** So many bytes more were relayed for `identity`, both ways. */
  readonly onRelayed?: (identity: string, bytes: number) => void;
  /** An allocation has ended. */
  readonly onEnded?: (allocation: EndedAllocation) => void;
};

/** One thread, as it is now. */
export type ThreadState = {
  readonly index: number;
  readonly running: boolean;
  /** Times that it was started again. */
  readonly restarts: number;
  /** Delay of its event loop over the last second, in milliseconds. */
  readonly delay: { readonly mean: number; readonly p99: number; readonly max: number };
  /** Share of the last second in which it was busy, 0 to 1. */
  readonly busy: number;
};
