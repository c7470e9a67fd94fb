/** The machine itself: Node, the worker, where things are stored, how many files may be open. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { probeWorker } from '../../../scripts/bootstrap/worker-probe.mjs';
import type { Config } from '../../config/config.ts';
import { storeFolder } from '../../store-folder.ts';
import { type Finding, ok, problem, reasonOf, skipped, warning } from './finding.ts';

const GIB = 2 ** 30;
/** A socket for each client, a handful for each worker, relayed addresses for each TURN client. */
const ENOUGH_FILES = 65_536;
const FEW_FILES = 4096;

/** uWebSockets.js has binaries for some majors only, and the store needs `node:sqlite` as this one has it. */
export function nodeVersion(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 22 && minor >= 18) return ok('Node.js', version);
  return problem(
    'Node.js',
    version,
    'Run the server with Node 22.18 or a later 22: `npx -p node@22 node …`, or `npm start`.',
  );
}

/** Whether the media worker starts and answers as mediasoup's. */
export async function worker(binary: string | undefined, version: string): Promise<Finding> {
  if (binary === undefined) {
    return problem('media worker', 'none', 'Run `npm start` once, which finds or builds one, or set media.workerBin.');
  }
  const verdict = await probeWorker(binary, { version });
  if (verdict.ok) return ok('media worker', binary);
  const change = `Set media.workerBin to a worker of mediasoup ${version} for this machine, or unset it to have one found.`;
  return problem('media worker', `${binary} ${verdict.why}`, change);
}

/** Whether the store can be written, and for how long. */
export function store(config: Pick<Config, 'store'>): Finding[] {
  const folder = storeFolder(config);
  if (folder === undefined) {
    return [
      warning('store', 'in memory', 'Events, usage and quality end with the process: set store.folder to keep them.'),
    ];
  }
  const there = nearest(folder);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch (error) {
    const change = `Let the server's user write to ${there}, or set store.folder to a folder where it may.`;
    return [problem('store', `${folder} cannot be written (${reasonOf(error)})`, change)];
  }
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free in ${there}`;
  const change = 'Make room, or shorten events.retention and qoe.retention: a full disk stops joins in the end.';
  const space = free < GIB / 10 ? problem : free < GIB ? warning : undefined;
  return [ok('store', folder), space === undefined ? ok('disk', found) : space('disk', found, change)];
}

/** How many files and sockets the process may have open. */
export function openFiles(limits: string | undefined = readLimits()): Finding {
  const limit = /^Max open files\s+(\S+)/mu.exec(limits ?? '')?.[1];
  if (limit === undefined) return skipped('open files', 'this system does not say');
  if (limit === 'unlimited' || Number(limit) >= ENOUGH_FILES) return ok('open files', `${limit} at most`);
  const judge = Number(limit) < FEW_FILES ? problem : warning;
  return judge(
    'open files',
    `${limit} at most`,
    `Each client takes one or more: raise it to ${ENOUGH_FILES}, with \`ulimit -n\`, LimitNOFILE= of systemd, or --ulimit of Docker.`,
  );
}

function readLimits(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
}

/** The folder itself, or the nearest above it that is there. */
function nearest(folder: string): string {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}
