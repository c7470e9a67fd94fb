import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Machine } from '../../src/config/machine.ts';

const MACHINE: Machine = {
  cores: 4,
  addresses: [
    { ip: '127.0.0.1', internal: true },
    { ip: '::1', internal: true },
    { ip: '10.0.0.7', internal: false },
    { ip: '2001:db8::7', internal: false },
  ],
};

/** The configuration that these sources make, on a machine with 4 cores and one address of each family. */
export function load(options: {
  argv?: string[];
  env?: Record<string, string>;
  files?: Record<string, string>;
  machine?: Machine;
}): Config {
  const { argv = [], env = {}, files = {}, machine = MACHINE } = options;
  const readFile = (path: string) => files[path] ?? readFileSync(path, 'utf8');
  const loaded = loadConfig({ argv, env, readFile, machine });
  assert.ok(loaded.action === 'start');
  return loaded.config;
}
