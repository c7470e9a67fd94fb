/** The SFU: mediasoup behind the `MediaEngine` port that rooms know. Nothing outside this folder imports mediasoup. */
import { networkInterfaces } from 'node:os';

import { SluiceError } from '../kernel/errors.ts';
import type { MediaEngine, MediaRoom, MediaRoomListener } from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import { findFreePort, spellOutWildcards } from './addresses.ts';
import { CODEC_NAMES, routerCapabilities, routerCodecs } from './codecs.ts';
import { followLibraryLog } from './library-log.ts';
import { leastLoaded } from './load.ts';
import type { MediaAddress, MediaEngineOptions, WorkerStats } from './options.ts';
import { toRefusal } from './refusal.ts';
import { openSfuRoom } from './room.ts';
import type { RoomSettings } from './room.ts';
import type { WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

const SAMPLE_EVERY_MS = 2000;
/** Leaves a worker what its rooms' people need when they switch their cameras on. */
const FULL_AT = 0.7;
/** How long a room waits for a worker when there is none: some times what a replacement takes. */
const WAIT_FOR_WORKER_MS = 5000;
/** Enough for a handful of low simulcast layers at once; the bandwidth estimate takes over from there. */
const INITIAL_OUTGOING_BITRATE = 1_000_000;

/** The media engine with what the shell needs to run it. */
export type RunningMediaEngine = MediaEngine & {
  /** What every room can receive and forward. */
  readonly rtpCapabilities: RtpCapabilities;
  /** One entry for each worker. Reads the last sample: costs nothing, may be called at any rate. */
  workers(): WorkerStats[];
  /** How many rooms are on how many workers. */
  spread(): Map<number, number>;
  /** Where media is received, and what clients are told instead. The same for as long as the engine runs. */
  addresses(): MediaAddress[];
  /** Measures the tracks and transports whose turn it is. Whether there are any: then call it 20 times a second. */
  sample(): boolean;
  /** Resolves when all is told that was carried by transports which are closed by now. */
  counted(): Promise<void>;
  /** Ends all workers; resolves once their processes are gone. Tells no listener. Idempotent. */
  close(): Promise<void>;
};

/**
 * Starts all workers in parallel and resolves when each listens on its port.
 *
 * Rejects with an `Error` whose message a person can act on: a port in use (names the port and `media.port`),
 * an address that is not this machine's (`media.listen`), a worker binary that does not run (`media.workerBin`).
 * A worker that dies later is replaced; its rooms are told by `listener.lost()`.
 */
export async function createMediaEngine(options: MediaEngineOptions): Promise<RunningMediaEngine> {
  const log = options.log ?? (() => undefined);
  const unfollow = followLibraryLog(log);
  const waiting = new Set<() => void>();
  const ready = () => {
    for (const wake of waiting) wake();
  };
  let slots: WorkerSlot[];
  try {
    slots = await startSlots(options, { log, ready });
  } catch (error) {
    unfollow();
    throw error;
  }
  const sampling = setInterval(() => {
    for (const slot of slots) void slot.process?.sample();
  }, SAMPLE_EVERY_MS);
  let closing: Promise<void> | undefined;
  const pool: Pool = { slots, waiting, settings: roomSettings(options), closed: () => closing !== undefined };

  return {
    rtpCapabilities: pool.settings.capabilities,
    openRoom: (listener) => openRoom(pool, listener),
    workers: () => slots.map((slot) => slot.stats()),
    spread: () => spread(runningIn(slots)),
    addresses: () => slots.flatMap((slot) => slot.addresses()),
    sample() {
      let measuring = false;
      for (const { process } of slots) {
        process?.sampler.tick();
        measuring ||= (process?.sampler.size ?? 0) > 0;
      }
      return measuring;
    },
    async counted() {
      await Promise.all(runningIn(slots).flatMap(({ readings }) => [...readings]));
    },
    close() {
      closing ??= (async () => {
        clearInterval(sampling);
        ready();
        await Promise.all(slots.map((slot) => slot.close()));
        unfollow();
      })();
      return closing;
    },
  };
}

type SlotContext = Pick<ConstructorParameters<typeof WorkerSlot>[0], 'log' | 'ready'>;

async function startSlots(options: MediaEngineOptions, context: SlotContext): Promise<WorkerSlot[]> {
  const { workers, port, workerBin, logLevel = 'warn', fullAt = FULL_AT } = options;
  if (!Number.isInteger(workers) || workers < 1) throw new Error('media.workers: expected 1 or more');
  const listen = spellOutWildcards(options.listen, networkInterfaces());
  if (listen.length === 0) throw new Error('media.listen: there is no address to listen on');
  const slots: WorkerSlot[] = [];
  for (let index = 0; index < workers; index += 1) {
    const own = port === 0 ? await findFreePort(listen) : port + index;
    slots.push(new WorkerSlot({ ...context, index, port: own, listen, workerBin, logLevel, fullAt }));
  }
  const started = await Promise.allSettled(slots.map((slot) => slot.start()));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(slots.map((slot) => slot.close()));
    throw failed.reason;
  }
  return slots;
}

function roomSettings({
  codecs = CODEC_NAMES,
  initialOutgoingBitrate,
  maxIncomingBitrate,
}: MediaEngineOptions): RoomSettings {
  const offered = routerCodecs(codecs);
  return {
    codecs: offered,
    capabilities: routerCapabilities(offered),
    usable: new WeakMap(),
    initialOutgoingBitrate: initialOutgoingBitrate ?? INITIAL_OUTGOING_BITRATE,
    maxIncomingBitrate,
  };
}

type Pool = { slots: readonly WorkerSlot[]; waiting: Set<() => void>; settings: RoomSettings; closed(): boolean };

async function openRoom(pool: Pool, listener: MediaRoomListener): Promise<MediaRoom> {
  const deadline = performance.now() + WAIT_FOR_WORKER_MS;
  for (;;) {
    if (pool.closed()) throw new SluiceError('media-unavailable');
    const host = leastLoaded(runningIn(pool.slots));
    if (host === undefined) {
      await workerReady(pool, deadline);
      continue;
    }
    try {
      return await openSfuRoom(host, pool.settings, () => runningIn(pool.slots), listener);
    } catch (error) {
      // It died while it was asked: the next one, unless time is up.
      if (!host.worker.closed || performance.now() > deadline) throw toRefusal(error);
    }
  }
}

function runningIn(slots: readonly WorkerSlot[]): WorkerProcess[] {
  return slots.flatMap(({ process: host }) => (host === undefined || host.worker.closed ? [] : [host]));
}

function spread(hosts: readonly WorkerProcess[]): Map<number, number> {
  const rooms = new Set(hosts.flatMap((host) => [...host.rooms]));
  const found = new Map<number, number>();
  for (const { workers } of rooms) found.set(workers, (found.get(workers) ?? 0) + 1);
  return found;
}

/** Resolves when a worker is there (or the engine closes), rejects with `media-unavailable` at `deadline`. */
function workerReady({ waiting }: Pool, deadline: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      waiting.delete(done);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.delete(done);
      reject(new SluiceError('media-unavailable', { retryAfter: 5, detail: 'No media worker is running.' }));
    }, deadline - performance.now());
    waiting.add(done);
  });
}
