/** `run` of src/run.ts, from the bundle's program `server`, with threads that start while it is loaded. */
import * as uWS from 'uWebSockets.js';

import { spawnEarlyThreads } from '../early-threads.ts';
import type * as Server from '../run.ts';
import { launch } from './launch.ts';

const threads = spawnEarlyThreads();
// Its package is a module alone, which the `require` of a script does not load.
const server = launch('server', { 'uWebSockets.js': uWS }) as typeof Server;

export const run = (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => server.run(argv, env, threads);
