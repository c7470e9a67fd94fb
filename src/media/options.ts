/** What the media engine is told when it starts, and what it tells while it runs. */
import type { CodecName } from './codecs.ts';

/** One address that every worker listens on, with UDP and TCP. */
export type ListenAddress = {
  /** IPv4 or IPv6 address of this machine. The wildcards `0.0.0.0` and `::` need `announced`, or are spelled out first. */
  ip: string;
  /** What clients are told instead of `ip`: the public address or name where it differs (1:1 NAT, DNS). */
  announced?: string;
};

/** A port that takes media, UDP and TCP. */
export type MediaAddress = ListenAddress & { port: number };

/** Something worth a log line. `fields` never hold a secret. */
export type MediaLog = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

export type WorkerLogLevel = 'none' | 'error' | 'warn' | 'debug';

export type MediaEngineOptions = {
  /** Worker processes, 1 or more; each keeps at most one core busy. */
  workers: number;
  /** At least one. The first ones are preferred by clients. */
  listen: readonly ListenAddress[];
  /** Worker `i` uses `port + i`, for UDP and for TCP. 0: any ports that are free. */
  port: number;
  /** What rooms can carry, in order of preference. Default: all that the engine knows. */
  codecs?: readonly CodecName[];
  /** Bits per second in which a new transport may start to send. Default 1,000,000. */
  initialOutgoingBitrate?: number;
  /** Upper bound in bits per second for what one transport may send to the server (REMB, transport-cc). Default: none. */
  maxIncomingBitrate?: number;
  /**
   * Share of a core from which on a worker is full: who comes to one of its rooms then is put on another worker, and what
   * is watched there is piped to it. Default 0.7.
   */
  fullAt?: number;
  /** Path of the `mediasoup-worker` binary. Default: `MEDIASOUP_WORKER_BIN`, else the one in mediasoup's package. */
  workerBin?: string;
  /** What workers tell `log`, at a bounded rate. Default: warn. */
  logLevel?: WorkerLogLevel;
  log?: MediaLog;
};

/** One worker, as it was when it was last sampled. */
export type WorkerStats = {
  /** 0, 1, … in the order of the ports. */
  index: number;
  port: number;
  /** Undefined while the worker is being (re)started. */
  pid: number | undefined;
  /** Times that the worker was started again after it died. */
  restarts: number;
  /** User and system time since the process started. */
  cpuSeconds: number;
  /** Share of one core over the last sampling interval, 0 to 1. */
  cpuLoad: number;
  /** Resident set. 0 where the system does not tell. */
  rssBytes: number;
  /** Whether newcomers go elsewhere, if anywhere there is room. */
  full: boolean;
  /** Rooms that are on it, wholly or in part. */
  rooms: number;
  transports: number;
  /** Tracks that come in from clients, and that go out to them. */
  producers: number;
  consumers: number;
  /** Tracks that come from another worker, or go on under other payload types. */
  pipes: number;
};
