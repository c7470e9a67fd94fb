/** Starts a program of the bundle: a script beside this file, with what V8 has made of it in the build. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

import { mapStacks } from './stack-map.ts';

/** Set by scripts/code-cache.mjs, for a server that is only there to be compiled. */
const MAKES_CACHE = 'MAKE_CODE_CACHE';

type Program = (
  exports: Record<string, unknown>,
  require: (id: string) => unknown,
  filename: string,
  dirname: string,
) => void;

/**
 * Runs `NAME.cjs` and returns what it exports.
 *
 * `NAME.cjs.cache` beside it holds the bytecode of all that a start runs (V8's code cache, taken after a start): half of
 * a start without it is V8 reading and compiling libraries. The compile cache of Node.js does not do: it is taken
 * before the first function has run, and holds none that is compiled when it is called, as each CommonJS module is. V8
 * refuses what another version of it has made, or one with other flags, and compiles as ever.
 *
 * @param given Modules that the program asks for, and that `require` cannot load.
 * @param beside URL of a file in its folder.
 */
export function launch(
  name: string,
  given: Readonly<Record<string, unknown>> = {},
  beside: string = import.meta.url,
): unknown {
  const file = fileURLToPath(new URL(`./${name}.cjs`, beside));
  const cachedData = readCache(file);
  const script = new Script(`(function (exports, require, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  mapStacks(file);
  if (process.env[MAKES_CACHE] !== undefined) process.once('exit', () => writeCache(file, script));
  const exports = {};
  const load = createRequire(file);
  const program = script.runInThisContext() as Program;
  program(exports, (id) => given[id] ?? load(id), file, dirname(file));
  return exports;
}

/** V8 knows a script of another length, and no other change: what is older than its script is of another one. */
function readCache(file: string): Buffer | undefined {
  try {
    if (statSync(`${file}.cache`).mtimeMs < statSync(file).mtimeMs) return undefined;
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}

function writeCache(file: string, script: Script): void {
  writeFileSync(`${file}.cache.new`, script.createCachedData());
  renameSync(`${file}.cache.new`, `${file}.cache`);
}
