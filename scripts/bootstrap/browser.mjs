import { findCommand, isExecutable } from './commands.mjs';
import { Failure } from './failure.mjs';

const COMMANDS = ['chromium', 'google-chrome', 'chromium-browser'];

/**
 * The browser that the tests drive: the one that CHROMIUM names, else one on the PATH.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 * @throws {Failure} where CHROMIUM names no program
 */
export function findBrowser(env) {
  const chosen = env['CHROMIUM'];
  if (!chosen) return COMMANDS.map((name) => findCommand(name, env)).find(Boolean);
  if (isExecutable(chosen)) return chosen;
  throw new Failure(`CHROMIUM is ${chosen}, which is not a program.`, {
    advice: 'Set CHROMIUM to the path of a Chromium, or unset it.',
  });
}
