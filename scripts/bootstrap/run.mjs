import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';

/** A command's error stands at either end: npm's before its usage text, a compiler's last. */
const FIRST_LINES = 15;
const LAST_LINES = 40;

/** @type {Set<number>} process groups to end if this process is told to end */
const running = new Set();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    for (const group of running) killGroup(group, signal);
    process.kill(process.pid, signal);
  });
}

/**
 * Runs a command to its end without a shell and without stdin. What it prints is kept for an error message, and shown
 * only where `verbose`.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, verbose?: boolean, onLine?: (line: string) => void }} options
 * @returns {Promise<{ ok: boolean, output: string }>} `output`: its first and last lines, or why it did not start
 */
export async function run(command, args, { cwd, env = process.env, verbose = false, onLine }) {
  // A group of its own, so that ninja's compilers end together with their script.
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid) running.add(child.pid);
  /** @type {string[]} */
  const lines = [];
  let omitted = 0;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (coloured) => {
      // Some tools colour whatever they are told; what a failed one printed may end in a log file.
      const line = stripVTControlCharacters(coloured);
      lines.push(line);
      if (lines.length > FIRST_LINES + LAST_LINES) {
        lines.splice(FIRST_LINES, 1);
        omitted += 1;
      }
      if (verbose) process.stderr.write(`${line}\n`);
      onLine?.(line);
    });
  }
  try {
    const ok = await new Promise((resolve) => {
      child.once('error', (error) => {
        lines.push(error.message);
        resolve(false);
      });
      child.once('close', (status, signal) => {
        if (signal) lines.push(`ended by ${signal}`);
        resolve(status === 0);
      });
    });
    if (omitted > 0) lines.splice(FIRST_LINES, 0, `[${omitted} lines]`);
    return { ok, output: lines.join('\n') };
  } finally {
    if (child.pid) running.delete(child.pid);
  }
}

/**
 * The environment for npm and apt: without the project's own commands on the PATH, because `npm ci` deletes the pinned
 * node among them while it runs.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root
 */
export function withoutProjectCommands(env, root) {
  const own = path.join(root, 'node_modules');
  const dirs = (env['PATH'] ?? '').split(path.delimiter).filter((dir) => !dir.startsWith(own));
  return { ...env, PATH: dirs.join(path.delimiter) };
}

/** @param {number} group @param {NodeJS.Signals} signal */
function killGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended by itself.
  }
}
