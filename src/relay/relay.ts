/** The STUN and TURN server: its threads, seen from the main thread, which decides and never carries a packet. */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import type { Millis } from '../kernel/clock.ts';
import type { PeerPolicyOptions } from '../turn/peer-policy.ts';
import { type Certificate, readCertificate, watchCertificate } from './certificate.ts';
import type { Report, Revocation, ThreadStart } from './control.ts';
import { type CounterValues, sumOfBoards } from './counter-board.ts';
import { findListenPorts } from './listen-ports.ts';
import { bindListeners, findAddon, udpListeners } from './listeners.ts';
import type { MediaAddress, RelayLog, RelayOptions, ThreadState } from './options.ts';
import { peerPolicyOptions } from './policy.ts';
import { newPortOwners, portOwners } from './port-owners.ts';
import { shareOfPorts } from './port-pool.ts';
import { ThreadSlot } from './thread-slot.ts';
import type { ListenAddress, RelayPorts } from './uris.ts';
import { unpackUsage } from './usage-pack.ts';
import { createUsageTally, type UsageTally } from './usage-tally.ts';

/** How often the names that media is announced by are looked up again. */
const LOOK_UP_EVERY_MS = 60_000;
const CERTIFICATE_CHECK_MS = 60_000;
/** Revocations that are remembered for threads that start later; the oldest go first. */
const MAX_REVOCATIONS = 100_000;

/** A relay that runs. */
export type Relay = {
  /** The ports that clients come to. */
  readonly ports: RelayPorts;
  /** How UDP is done. */
  readonly udp: 'addon' | 'dgram';
  /**
   * Ends the allocations of `identity`, at once, and refuses those of its credentials that expire at `issuedUntil` or
   * before. `cause` is for the log.
   */
  revoke(identity: string, issuedUntil: Millis, cause: string): void;
  /** Media is here from now on, in place of where it was. */
  setMedia(media: readonly MediaAddress[]): Promise<void>;
  /** Reads the certificate's files again, for connections from now on. Throws where they cannot be used. */
  reloadCertificate(): void;
  /** What all threads have counted. */
  counters(): CounterValues;
  threads(): ThreadState[];
  /** What was relayed for whom, as of half a minute ago at most. */
  readonly usage: UsageTally;
  /** Ends one thread as a fault would; it is replaced. */
  killThread(index: number): Promise<void>;
  /** Ends every allocation, then the threads. Idempotent. */
  close(): Promise<void>;
};

/**
 * Starts all threads and resolves when each listens. Rejects, with nothing left running, with an `Error` whose message
 * names the key of the configuration and what is wrong with it.
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const log = options.log ?? (() => undefined);
  const { certificate: source } = options;
  let { media } = options;
  let certificate: Certificate | undefined = source && readCertificate(source);
  const relay = await withAddresses(options);
  const plan = { ...options, relay };
  const ports = await findListenPorts({
    listen: options.listen,
    port: options.port,
    tlsPort: options.tlsPort,
    udp: options.transports.includes('udp'),
    tcp: options.transports.includes('tcp'),
    tls: options.transports.includes('tls') && certificate !== undefined,
  });
  const addon = findAddon(options.udpAddon, options.addonPath);
  const count = threadsFor(options, addon !== undefined, log);
  const listeners = udpListeners(options.listen, ports, options.secondAddress);
  let policy: PeerPolicyOptions = await peerPolicyOptions(plan, ports, lookUp);
  const shared = addon && bindListeners(addon, listeners, count);
  const revocations = new Map<string, Revocation>();
  const nonceKey = randomBytes(32);
  const owners = newPortOwners();
  const usage = createUsageTally();

  const start = (index: number): Omit<ThreadStart, 'index' | 'counters'> => ({
    ...fixedParts(options),
    ...{ count, ports, relay, listeners, policy, nonceKey, certificate, portOwners: owners },
    descriptors: shared?.of(index) ?? [],
    ownPorts: [...policy.own.ports, ...media.map(({ port }) => port)],
    revocations: [...revocations.values()].filter(({ issuedUntil }) => issuedUntil > Date.now()),
  });
  const onUsage = (report: Extract<Report, { type: 'usage' }>) => {
    for (const { identity, usage: share, isNew, ended } of unpackUsage(report.usage)) {
      usage.add(identity, share, isNew);
      options.onRelayed?.(identity, share.bytesUp + share.bytesDown);
      if (ended !== undefined) options.onEnded?.(ended);
    }
  };
  const slots = Array.from(
    { length: count },
    (_, index) =>
      new ThreadSlot({
        ...{ index, start, log, onUsage },
        spawned: index === 0 ? options.thread : undefined,
        onGone: () => portOwners(owners).forget(index),
      }),
  );
  try {
    await startAll(slots);
  } catch (error) {
    shared?.close();
    throw error;
  }

  function reloadCertificate(): void {
    if (source === undefined) return;
    certificate = readCertificate(source);
    for (const slot of slots) slot.send({ type: 'certificate', certificate });
    log('info', 'TURN uses another certificate from now on');
  }

  function setPolicy(next: PeerPolicyOptions): void {
    policy = next;
    for (const slot of slots) slot.send({ type: 'policy', policy });
  }

  async function lookUpAgain(): Promise<void> {
    const next = await peerPolicyOptions({ ...plan, media }, ports, lookUp);
    // Fewer: a name is not found for the moment.
    if (JSON.stringify(next.media) === JSON.stringify(policy.media) || next.media.length < policy.media.length) return;
    setPolicy(next);
    log('info', 'the address of media has changed, and with it what TURN relays to');
  }

  const stopWatching =
    source &&
    watchCertificate(source, options.certificateCheck ?? CERTIFICATE_CHECK_MS, () => {
      try {
        reloadCertificate();
      } catch (error) {
        // The files may be half written: the next look finds them whole.
        log('error', 'the new certificate of TURN is not used', { reason: String(error) });
      }
    });
  const isNamed = () => media.some(({ announced }) => announced !== undefined && isIP(announced) === 0);
  const looking = setInterval(() => isNamed() && void lookUpAgain(), LOOK_UP_EVERY_MS).unref();
  let closing: Promise<void> | undefined;

  return {
    ports,
    usage,
    get udp() {
      return slots[0]?.udp ?? 'dgram';
    },
    revoke(identity, issuedUntil, cause) {
      const revocation = { identity, issuedUntil, cause };
      revocations.delete(identity);
      if (revocations.size >= MAX_REVOCATIONS) revocations.delete(revocations.keys().next().value!);
      revocations.set(identity, revocation);
      for (const slot of slots) slot.send({ type: 'revoke', ...revocation });
    },
    async setMedia(next) {
      media = next;
      setPolicy(await peerPolicyOptions({ ...plan, media }, ports, lookUp));
    },
    reloadCertificate,
    counters: () => sumOfBoards(slots.map(({ board }) => board)),
    threads: () => slots.map(({ state }) => state),
    killThread: async (index) => slots[index]?.kill(),
    close() {
      closing ??= (async () => {
        stopWatching?.();
        clearInterval(looking);
        await Promise.all(slots.map((slot) => slot.close('server-closed')));
        shared?.close();
      })();
      return closing;
    },
  };
}

/** What of the options a thread is told as it is. */
function fixedParts(options: RelayOptions) {
  const { listen, relayPorts, realm, secrets, users, grace, limits, mobility, tcpRelay, udpAddon, addonPath } = options;
  return { listen, relayPorts, realm, secrets, users, grace, limits, mobility, tcpRelay, udpAddon, addonPath };
}

async function startAll(slots: readonly ThreadSlot[]): Promise<void> {
  const started = await Promise.allSettled(slots.map((slot) => slot.start()));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed === undefined) return;
  await Promise.all(slots.map((slot) => slot.close('server-closed')));
  throw failed.reason;
}

/** As many as were asked for; there are ports for each to relay from, and clients stay with their thread. */
function threadsFor({ threads, relayPorts }: RelayOptions, withAddon: boolean, log: RelayLog): number {
  if (threads > 1 && !withAddon) {
    // Sockets of Node.js cannot outlive their thread, and the kernel deals clients out anew when one of them goes.
    log('warn', 'TURN runs in one thread: several need the UDP addon', { asked: threads });
    return 1;
  }
  const last = shareOfPorts(relayPorts, threads - 1, threads);
  if (threads > 1 && last.last - last.first < 1) {
    throw new Error(`turn.threads: expected at most one for each two relay ports, found ${threads}`);
  }
  return threads;
}

/**
 * The relay addresses with what they are announced as, names looked up. Clients put it into their candidates; where only
 * media is relayed to nobody sends there, and a name without an address is no reason not to start.
 */
async function withAddresses({ relay, peers }: RelayOptions): Promise<ListenAddress[]> {
  const found: ListenAddress[] = [];
  for (const { ip, announced } of relay) {
    const addresses = announced === undefined ? [] : await lookUp(announced);
    const address = addresses.find((one) => isIP(one) === isIP(ip));
    if (announced !== undefined && address === undefined && peers === 'public') {
      throw new Error(`turn.relay: ${announced} has no IPv${isIP(ip)} address to announce for ${ip}`);
    }
    found.push(address === undefined ? { ip } : { ip, announced: address });
  }
  return found;
}

async function lookUp(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
