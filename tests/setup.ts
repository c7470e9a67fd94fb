/** Loaded before every test file: the media worker that the bootstrap made ready, unless the environment names another. */
import { installedWorker } from '../src/package.ts';

const worker = installedWorker();
if (worker !== undefined) process.env['MEDIASOUP_WORKER_BIN'] ??= worker;
