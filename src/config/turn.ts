import { isIP } from 'node:net';

import { opaqueString } from '../stun/opaque-string.ts';
import type { Config } from './config.ts';
import { announceAll, isWildcard, type Listen } from './listen.ts';
import type { Machine } from './machine.ts';
import type { ReportKey } from './problems.ts';
import type { Settings } from './schema.ts';

type Turn = Settings['turn'];

/** What of the rest of the configuration the relay follows. */
export type TurnContext = {
  readonly mode: Config['mode'];
  /** Media's addresses, as they have been resolved. */
  readonly mediaListen: readonly Listen[];
  /** The first and the last media port; undefined where they are any that are free. */
  readonly mediaPorts: readonly [number, number] | undefined;
  readonly machine: Machine;
  /** The certificate of `turn.tls`, checked and with absolute paths. */
  readonly certificate: Config['turn']['tls'];
  readonly report: ReportKey;
};

/** Cores for which one more thread is worth its memory: one thread relays what a network card of 4 Gbit/s carries. */
const CORES_PER_THREAD = 8;
const MOST_AUTOMATIC_THREADS = 16;

/** The relay's configuration, held against the rest. Problems are reported, unless it is off. */
export function resolveTurn(settings: Settings, context: TurnContext): Config['turn'] {
  const { turn } = settings;
  const report: ReportKey = turn.enabled ? context.report : () => undefined;
  const threads = threadsOf(turn, context.machine.cores, report);
  const listen = listenOf(turn, context, report);
  const { announced: _, ...rest } = turn;

  checkPorts(settings, listen, context.mediaPorts, report);
  const users = usersOf(turn, report);
  checkUsers({ ...turn, users }, context.mode, report);
  checkSecondAddress(turn, listen, report);
  return {
    ...rest,
    tls: context.certificate,
    threads,
    listen,
    users,
    relay: relayOf(turn, listen, context.machine, report),
    mobility: turn.mobility === 'auto' ? threads === 1 : turn.mobility,
    tcpRelay: turn.tcpRelay === 'auto' ? threads === 1 && turn.peers === 'public' : turn.tcpRelay,
  };
}

/** A client that comes from a new address may reach another thread than the one that knows it. */
function threadsOf({ threads, mobility, tcpRelay }: Turn, cores: number, report: ReportKey): number {
  const bound = (
    [
      ['mobility', mobility],
      ['tcpRelay', tcpRelay],
    ] as const
  ).filter(([, value]) => value === true);
  if (threads === 'auto') {
    const many = Math.min(MOST_AUTOMATIC_THREADS, Math.floor(cores / CORES_PER_THREAD));
    return bound.length > 0 ? 1 : Math.max(1, many);
  }
  if (threads > 1) {
    for (const [key] of bound) report(`turn.${key}`, `expected false or auto with ${threads} turn.threads, found true`);
  }
  return threads;
}

function listenOf(turn: Turn, { mediaListen, machine }: TurnContext, report: ReportKey): Listen[] {
  if (turn.listen !== 'auto' && turn.listen.length === 0) {
    report('turn.listen', 'expected an address, or auto; found an empty list');
  }
  const entries =
    turn.listen !== 'auto'
      ? turn.listen
      : mediaListen.map(({ ip, announced }) =>
          announced === undefined || turn.announced !== null ? ip : { ip, announced },
        );
  return spellOut(announceAll(entries, turn.announced), machine);
}

/**
 * Each wildcard as the machine's addresses, those that others reach first: a socket for each address answers from the
 * address that was asked, where one for all answers from whichever the routing table likes.
 */
function spellOut(listen: readonly Listen[], machine: Machine): Listen[] {
  const spelled = listen.flatMap((entry) => {
    if (!isWildcard(entry.ip)) return [entry];
    const own = machine.addresses
      .filter(({ ip }) => isIP(ip) === isIP(entry.ip))
      .toSorted((one, other) => Number(one.internal) - Number(other.internal));
    return own.length === 0 ? [entry] : own.map(({ ip }) => ({ ...entry, ip }));
  });
  return [...new Map(spelled.map((entry) => [entry.ip, entry])).values()];
}

function relayOf(turn: Turn, listen: readonly Listen[], machine: Machine, report: ReportKey): Listen[] {
  if (turn.relay === 'auto') return firstOfEachFamily(listen);
  const relay = announceAll(turn.relay, turn.announced);
  if (relay.length === 0) report('turn.relay', 'expected an address, or auto; found an empty list');
  if (firstOfEachFamily(relay).length < relay.length) {
    report('turn.relay', 'expected at most one address of each family, found several');
  }
  return firstOfEachFamily(spellOut(relay, machine));
}

function firstOfEachFamily(addresses: readonly Listen[]): Listen[] {
  return [4, 6].flatMap((family) => addresses.find(({ ip }) => isIP(ip) === family) ?? []);
}

function checkPorts(
  settings: Settings,
  listen: readonly Listen[],
  media: TurnContext['mediaPorts'],
  report: ReportKey,
): void {
  const { minPort, maxPort, port, tlsPort, transports } = settings.turn;
  if (minPort > maxPort) {
    report('turn.maxPort', `expected a port that is not below turn.minPort, found ${maxPort} below ${minPort}`);
    return;
  }
  if (media !== undefined && media[0] <= maxPort && media[1] >= minPort) {
    report(
      'turn.minPort',
      `expected ports apart from the media ports ${media[0]} to ${media[1]}, found ${minPort} to ${maxPort}`,
    );
  }
  const stream = transports.includes('tcp') || transports.includes('tls');
  // Two addresses can both have port 443, the only one that some networks let through.
  const { host } = settings;
  const apart = isIP(host) !== 0 && !isWildcard(host) && listen.every(({ ip }) => ip !== host && !isWildcard(ip));
  for (const [key, candidate] of [
    ['turn.port', port],
    ['turn.tlsPort', tlsPort],
  ] as const) {
    if (candidate === 0) continue;
    if (media !== undefined && candidate >= media[0] && candidate <= media[1]) {
      report(key, `expected a port apart from the media ports ${media[0]} to ${media[1]}, found ${candidate}`);
    }
    if (stream && !apart && candidate === settings.port)
      report(key, `expected another port than that of HTTP, found ${candidate}`);
  }
  if (port !== 0 && port === tlsPort) report('turn.tlsPort', `expected another port than turn.port, found ${tlsPort}`);
}

/** RFC 8489 §9.2.2: names and passwords as clients prepare them, too, before they make keys of them. */
function usersOf({ users }: Turn, report: ReportKey): Turn['users'] {
  return users.map(({ username, password }, index) => {
    const prepared = { username: opaqueString(username), password: opaqueString(password) };
    for (const part of ['username', 'password'] as const) {
      if (prepared[part] !== undefined) continue;
      report('turn.users', `expected a ${part} of visible characters and spaces for item ${index}, found others`);
    }
    return { username: prepared.username ?? username, password: prepared.password ?? password };
  });
}

function checkUsers({ secrets, users }: Turn, mode: Config['mode'], report: ReportKey): void {
  // One that is made for a run serves one process alone, and nobody who makes credentials elsewhere.
  if (mode === 'production' && secrets.length === 0) {
    report('turn.secrets', 'expected a secret, because mode is production; found none');
  }
  const seen = new Set<string>();
  for (const [index, { username }] of users.entries()) {
    // RFC 8489 §14.3: fewer than 509 bytes.
    if (Buffer.byteLength(username) > 508) {
      report('turn.users', `expected a username of at most 508 bytes for item ${index}, found a longer one`);
    }
    if (/^\d+(:|$)/u.test(username)) {
      report('turn.users', `expected a username without a time in front for item ${index}: that is a time-limited one`);
    }
    if (seen.has(username)) report('turn.users', `expected different usernames, found that of item ${index} before`);
    seen.add(username);
  }
}

function checkSecondAddress({ secondAddress, port }: Turn, listen: readonly Listen[], report: ReportKey): void {
  if (secondAddress === null) return;
  if (listen.some(({ ip }) => ip === secondAddress)) {
    report('turn.secondAddress', `expected an address that is not in turn.listen, found ${secondAddress}`);
  } else if (!listen.some(({ ip }) => isIP(ip) === isIP(secondAddress))) {
    report('turn.secondAddress', 'expected an address of a family that turn.listen has, found another one');
  }
  if (port === 0 || port === 65_535) {
    report('turn.port', `expected a port with one after it for turn.secondAddress, found ${port}`);
  }
}
