/** Whether the addresses that clients are told lead here. */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

import { isLocal, type Config } from '../../config/config.ts';
import { type Finding, ok, problem, reasonOf, skipped, warning } from './finding.ts';
import { bind } from './stun-client.ts';

type Listen = { readonly ip: string; readonly announced?: string };

/** For each address of media and TURN that clients are told. `running`: the server of this configuration. */
export async function announcedAddresses(config: Config, running: boolean): Promise<Finding[]> {
  const { media, turn } = config;
  const findings: Finding[] = [];
  for (const listen of media.listen) {
    const way = `${toldOf(listen)}:${media.port}`;
    const check = `media address ${toldOf(listen)}`;
    const test = running ? () => reachTcp(toldOf(listen), media.port) : () => reachOwn(listen, media.port);
    findings.push(await judged(check, 'media', listen, config, media.port === 0 ? undefined : test, way));
  }
  if (!turn.enabled || !turn.transports.includes('udp')) return findings;
  for (const listen of turn.listen) {
    const host = toldOf(listen);
    const test = running
      ? () => bind({ host, port: turn.port, transport: 'udp' }).then(() => undefined)
      : () => reachOwn(listen, turn.port);
    const check = `TURN address ${host}`;
    findings.push(
      await judged(check, 'turn', listen, config, turn.port === 0 ? undefined : test, `${host}:${turn.port}`),
    );
  }
  return findings;
}

async function judged(
  check: string,
  part: 'media' | 'turn',
  listen: Listen,
  config: Config,
  test: (() => Promise<void>) | undefined,
  way: string,
): Promise<Finding> {
  const told = toldOf(listen);
  const change = `Set ${part}.announced to the address or name at which clients reach this machine.`;
  let ip = told;
  try {
    if (isIP(told) === 0) ip = (await lookup(told)).address;
  } catch (error) {
    return problem(check, `the name is unknown (${reasonOf(error)})`, change);
  }
  const reach = reachOf(ip);
  if (reach === 'loopback') {
    if (isLocal(config)) return ok(check, 'this machine only, as HTTP');
    return problem(check, 'leads clients to themselves', change);
  }
  try {
    if (test === undefined) return skipped(check, 'the port is any that is free');
    await test();
  } catch (error) {
    return warning(
      check,
      `${way} cannot be reached from here (${reasonOf(error)})`,
      own().has(ip)
        ? 'Let a firewall on this machine pass the port, UDP and TCP.'
        : 'Forward the port, UDP and TCP, to this machine. Some routers do not lead back from inside: then try from outside.',
    );
  }
  if (reach === 'private') {
    return warning(check, `${way} answers, in this network only`, `Clients elsewhere do not reach it. ${change}`);
  }
  return ok(check, `${way} leads here`);
}

/** What clients are told. */
function toldOf({ ip, announced }: Listen): string {
  return announced ?? ip;
}

function own(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((entries) => entries?.map((entry) => entry.address) ?? []));
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291. */
function reachOf(ip: string): 'loopback' | 'private' | 'public' {
  if (/^127\.|^::1$/u.test(ip)) return 'loopback';
  const shared = /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/u;
  return shared.test(ip) || /^(f[cd]|fe[89ab])/iu.test(ip) ? 'private' : 'public';
}

const PATIENCE = 2000;

function reachTcp(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: PATIENCE });
    socket.once('timeout', () => socket.destroy(new Error(`no connection within ${PATIENCE / 1000} s`)));
    socket.once('error', reject).once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Listens where the server would, and sends itself a datagram over the announced address. */
async function reachOwn({ ip, announced = ip }: Listen, port: number): Promise<void> {
  const type = isIPv6(ip) ? 'udp6' : 'udp4';
  const receiver = await bound(createSocket(type), ip, port);
  const sender = createSocket(type);
  const secret = randomBytes(16);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      receiver.on('message', (message) => message.equals(secret) && resolve());
      sender.on('error', reject);
      sender.send(secret, port, announced, (error) => error && reject(error));
      timer = setTimeout(() => reject(new Error('a datagram to it does not arrive')), PATIENCE);
    });
  } finally {
    clearTimeout(timer);
    receiver.close();
    sender.close();
  }
}

function bound(socket: Socket, address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => resolve(socket));
  });
}
