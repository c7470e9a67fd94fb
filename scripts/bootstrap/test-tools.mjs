import { existsSync } from 'node:fs';
import path from 'node:path';

import { findCommand } from './commands.mjs';

/**
 * Something that tests run, the packages that bring it (Debian's names), and who can make use of it. It is there where
 * its command is; without a command, where dpkg says that its packages are.
 * @typedef {{ command?: string, packages: string[], only?: 'linux root' | 'debian root' }} TestTool
 */

/**
 * coturn's clients measure our TURN server against an implementation of other hands; nft and ip make the networks of
 * tests/relay-network, which takes Linux and root; cc builds the addon that the tests hold against its fallback. aiortc
 * and GStreamer's webrtcbin are WebRTC clients of other hands, for tests/interop, which passes over them elsewhere.
 * @type {readonly TestTool[]}
 */
const TEST_TOOLS = [
  { command: 'turnutils_uclient', packages: ['coturn'] },
  { command: 'cc', packages: ['gcc', 'libc6-dev'] },
  { command: 'nft', packages: ['nftables'], only: 'linux root' },
  { command: 'ip', packages: ['iproute2'], only: 'linux root' },
  {
    packages: [
      'python3-aiortc',
      'python3-gi',
      'gir1.2-gst-plugins-bad-1.0',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-nice',
    ],
    only: 'debian root',
  },
];

/** What dpkg knows of the packages that are installed: NAME.list, or NAME:ARCHITECTURE.list. */
const DPKG_INFO = '/var/lib/dpkg/info';
/** @type {Partial<Record<string, string>>} */
const DEBIAN_ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/**
 * The packages of those test tools that are of use to whoever asks and are not there.
 * @param {{ env: NodeJS.ProcessEnv, platform: NodeJS.Platform, isRoot: boolean, dpkg: string }} who
 *   `dpkg`: the folder of dpkg's lists, which is missing elsewhere
 * @returns {string[]} Debian's names
 */
export function missingTestTools({ env, platform, isRoot, dpkg }) {
  const linuxRoot = platform === 'linux' && isRoot;
  const able = { 'linux root': linuxRoot, 'debian root': linuxRoot && existsSync(dpkg) };
  return TEST_TOOLS.filter(({ only }) => only === undefined || able[only]).flatMap(({ command, packages }) => {
    if (command !== undefined) return findCommand(command, env) ? [] : packages;
    return packages.filter((name) => !isInstalled(dpkg, name));
  });
}

/** The same for this process. @param {NodeJS.ProcessEnv} env */
export function missingTestToolsHere(env) {
  return missingTestTools({ env, platform: process.platform, isRoot: process.getuid?.() === 0, dpkg: DPKG_INFO });
}

/** @param {string} dpkg @param {string} name */
function isInstalled(dpkg, name) {
  const architecture = DEBIAN_ARCHITECTURES[process.arch] ?? process.arch;
  return [`${name}.list`, `${name}:${architecture}.list`].some((file) => existsSync(path.join(dpkg, file)));
}
