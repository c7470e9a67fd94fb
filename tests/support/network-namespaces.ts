/**
 * Networks for tests that need more than loopback, made of Linux network namespaces: a client behind a cable of its
 * own, with a firewall on its side, or behind a NAT. It takes root, `ip` and `nft`.
 *
 *     host  .1, .2 ── veth ── .3  client                        198.18.0.0/15 is for tests of networks (RFC 2544), so
 *     host  .1, .2 ── veth ── .3  NAT  .1 ── veth ── .3 client  that no real network is in the way.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where a client lives. */
export type Namespace = {
  readonly name: string;
  /** The client's own address. */
  readonly address: string;
  /** What the host sees it come from: the same, or the NAT's. */
  readonly seenAs: string;
  /** Addresses of the host that the client reaches; two, so that servers can share a port. */
  readonly hosts: readonly [string, string];
  /** A program's command line inside. */
  command(program: string, args?: readonly string[]): [program: string, args: string[]];
  /** Runs it inside and returns what it prints; rejects where it fails or takes longer than `limit` milliseconds. */
  run(program: string, args?: readonly string[], limit?: number): Promise<string>;
  /** A script that runs the program inside, for those who take the path of a program. */
  wrapper(program: string): string;
  /** Replaces the firewall: what may leave and enter the client, in nft's words; loopback always may. */
  firewall(rules: readonly string[]): void;
  /** Gives the client another address, and takes the old one away. */
  move(): string;
};

export type Network = {
  /** A client with its own way to the host. */
  client(): Namespace;
  /**
   * A client behind a NAT that takes a new random port for each destination: address- and port-dependent mapping, the
   * kind that was called symmetric (RFC 4787 §4.1).
   */
  clientBehindNat(): Namespace;
  /** Ends every process inside and removes all of it. */
  remove(): void;
};

/** Firewall rules of a client's side; `host` and `port` are the server's. */
export const FIREWALLS = {
  noUdp: ['meta l4proto udp drop'],
  onlyUdpTo: (host: string) => [`ip daddr ${host} meta l4proto tcp drop`],
  onlyTcpPort: (port: number) => [`tcp dport ${port} accept`, `tcp sport ${port} accept`, 'drop'],
} as const;

const PREFIX = 'sluice-';
const RUN_LIMIT = 30_000;
/** Blocks of 16 addresses in 198.18.0.0/15. */
const BLOCKS = 8192;

/**
 * Why tests with namespaces cannot run here, for `skip`; false where they can. Never a reason in CI: there they have to
 * run, and fail where they cannot.
 */
export function noNamespaces(): string | false {
  if (process.env['CI'] !== undefined) return false;
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces take root';
  const name = `${PREFIX}${process.pid}-probe`;
  const probe = `table inet probe { chain out { type nat hook postrouting priority 100; masquerade fully-random; }; }`;
  try {
    ip('netns', 'add', name);
    try {
      inside(name, 'nft', ['-f', '-'], probe);
      return false;
    } finally {
      ip('netns', 'del', name);
    }
  } catch (error) {
    return `this kernel or its user has no namespaces with nft: ${String(error).split('\n')[0]}`;
  }
}

/** An empty network. Remove it in any case; an end of this process, and the next one's start, do so at the latest. */
export function createNetwork(): Network {
  sweep();
  const names: string[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-netns-'));
  const remove = () => {
    process.off('exit', remove);
    for (const name of names.splice(0).toReversed()) removeNamespace(name);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove);

  const namespace = () => {
    const name = `${PREFIX}${process.pid}-${count()}`;
    ip('netns', 'add', name);
    names.push(name);
    inside(name, 'ip', ['link', 'set', 'lo', 'up']);
    return name;
  };
  return {
    client() {
      const name = namespace();
      const block = connect(undefined, name);
      return client(name, block, block.at(3), folder);
    },
    clientBehindNat() {
      const [nat, name] = [namespace(), namespace()];
      const outer = connect(undefined, nat);
      const inner = connect(nat, name);
      inside(nat, 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
      inside(nat, 'nft', ['-f', '-'], masquerade(outer.interface));
      return client(name, { ...inner, hosts: outer.hosts }, outer.at(3), folder);
    },
    remove,
  };
}

type Block = {
  readonly at: (host: number) => string;
  readonly hosts: readonly [string, string];
  /** The name, inside, of the client's end. */
  readonly interface: string;
};

/** A cable between two namespaces (undefined: the host), whose upper end has .1 and .2, and the lower .3 and its way out. */
function connect(upper: string | undefined, lower: string): Block {
  const index = count();
  const base = (process.pid * 16 + index) % BLOCKS;
  const at = (host: number) => `198.${18 + (base >> 12)}.${(base >> 4) & 255}.${((base & 15) << 4) + host}`;
  // An interface's name has 15 characters at most.
  const [top, bottom] = ['u', 'l'].map((end) => `sl${process.pid.toString(36)}${end}${index.toString(36)}`) as [
    string,
    string,
  ];
  ip('link', 'add', top, 'type', 'veth', 'peer', 'name', bottom, 'netns', lower);
  if (upper !== undefined) ip('link', 'set', top, 'netns', upper);
  const above = (...args: string[]) => (upper === undefined ? ip(...args) : inside(upper, 'ip', args));
  above('addr', 'add', `${at(1)}/28`, 'dev', top);
  above('addr', 'add', `${at(2)}/28`, 'dev', top);
  above('link', 'set', top, 'up');
  inside(lower, 'ip', ['addr', 'add', `${at(3)}/28`, 'dev', bottom]);
  inside(lower, 'ip', ['link', 'set', bottom, 'up']);
  inside(lower, 'ip', ['route', 'add', 'default', 'via', at(1)]);
  return { at, hosts: [at(1), at(2)], interface: bottom };
}

function client(name: string, block: Block, seenAs: string, folder: string): Namespace {
  let host = 3;
  const command: Namespace['command'] = (program, args = []) => [
    'nsenter',
    [`--net=/run/netns/${name}`, '--', program, ...args],
  ];
  return {
    name,
    get address() {
      return block.at(host);
    },
    seenAs,
    hosts: block.hosts,
    command,
    run: (program, args, limit = RUN_LIMIT) => run(command(program, args), limit),
    wrapper(program) {
      const file = path.join(folder, `${name}-${path.basename(program)}`);
      const [enter, args] = command(program);
      writeFileSync(file, `#!/bin/sh\nexec ${[enter, ...args].join(' ')} "$@"\n`, { mode: 0o755 });
      return file;
    },
    firewall: (rules) => void inside(name, 'nft', ['-f', '-'], firewall(rules)),
    move() {
      const before = block.at(host);
      host += 1;
      // In this order: the kernel takes a network's other addresses away together with its first one, and the route too.
      inside(name, 'ip', ['addr', 'del', `${before}/28`, 'dev', block.interface]);
      inside(name, 'ip', ['addr', 'add', `${block.at(host)}/28`, 'dev', block.interface]);
      inside(name, 'ip', ['route', 'replace', 'default', 'via', block.at(1)]);
      return block.at(host);
    },
  };
}

function masquerade(out: string): string {
  return `table ip nat { chain out { type nat hook postrouting priority 100; oifname "${out}" masquerade fully-random; }; }`;
}

function firewall(rules: readonly string[]): string {
  const chain = (hook: string, loopback: string) =>
    `chain ${hook} { type filter hook ${hook} priority 0; policy accept; ${[`${loopback} "lo" accept`, ...rules].join('; ')}; };`;
  // Declared before it is deleted, so that there is one to delete the first time.
  return `table inet client {}\ndelete table inet client\ntable inet client { ${chain('input', 'iifname')} ${chain('output', 'oifname')} }`;
}

let made = 0;
function count(): number {
  made += 1;
  return made;
}

/** Leftovers of processes that are gone. */
function sweep(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(line)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNamespace(line.split(' ')[0]!);
  }
}

function removeNamespace(name: string): void {
  const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout;
  for (const pid of pids.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  // Its interfaces go with it, and with them their other ends.
  spawnSync('ip', ['netns', 'del', name]);
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function inside(name: string, program: string, args: readonly string[], input = ''): string {
  return execFileSync('nsenter', [`--net=/run/netns/${name}`, '--', program, ...args], {
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function run([program, args]: [string, string[]], limit: number): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new Error(`${args.join(' ')} ended with ${signal ?? code}: ${errors}`));
    });
  });
}
