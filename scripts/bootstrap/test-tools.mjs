import { findCommand } from './commands.mjs';

/**
 * A command that tests run, the packages that bring it (Debian's names), and who can make use of it.
 * @typedef {{ command: string, packages: string[], only?: 'linux root' }} TestTool
 */

/**
 * coturn's clients measure our TURN server against an implementation of other hands; nft and ip make the networks of
 * tests/relay-network, which takes Linux and root; cc builds the addon that the tests hold against its fallback.
 * @type {readonly TestTool[]}
 */
const TEST_TOOLS = [
  { command: 'turnutils_uclient', packages: ['coturn'] },
  { command: 'cc', packages: ['gcc', 'libc6-dev'] },
  { command: 'nft', packages: ['nftables'], only: 'linux root' },
  { command: 'ip', packages: ['iproute2'], only: 'linux root' },
];

/**
 * The packages of those test tools that are of use to whoever asks and are not there.
 * @param {{ env: NodeJS.ProcessEnv, platform: NodeJS.Platform, isRoot: boolean }} who
 * @returns {string[]} Debian's names
 */
export function missingTestTools({ env, platform, isRoot }) {
  return TEST_TOOLS.filter(({ only }) => only === undefined || (platform === 'linux' && isRoot))
    .filter(({ command }) => !findCommand(command, env))
    .flatMap(({ packages }) => packages);
}

/** The same for this process. @param {NodeJS.ProcessEnv} env */
export function missingTestToolsHere(env) {
  return missingTestTools({ env, platform: process.platform, isRoot: process.getuid?.() === 0 });
}
