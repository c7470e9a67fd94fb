// Makes ready what an npm script needs on a bare machine: `node scripts/bootstrap.mjs --for start|test|check|build`.
// It runs on any Node from 20 on and imports nothing from node_modules, which may not be there yet.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { findBrowser } from './bootstrap/browser.mjs';
import { buildBundle, bundleIsReady, PAGES, SERVER } from './bootstrap/bundles.mjs';
import { Failure } from './bootstrap/failure.mjs';
import { withLock } from './bootstrap/lock.mjs';
import { requireBootstrapNode } from './bootstrap/node-version.mjs';
import { installPackages, packagesAreReady } from './bootstrap/packages.mjs';
import { isPurpose, NEEDS } from './bootstrap/purpose.mjs';
import { reporter } from './bootstrap/report.mjs';
import { BROWSER_PACKAGES, requireSystemPackages, WORKER_BUILD_PACKAGES } from './bootstrap/system-packages.mjs';
import { missingTestToolsHere } from './bootstrap/test-tools.mjs';
import { makeUdpAddon, packagesForUdpAddon, udpAddonIsReady } from './bootstrap/udp-addon.mjs';
import { buildWorker, findWorker, noteWorker, workerIsReady } from './bootstrap/worker.mjs';

/** @typedef {import('./bootstrap/context.ts').Context} Context */
/** @typedef {(typeof NEEDS)[keyof typeof NEEDS]} Needs */

/** @param {string[]} argv @returns {Promise<number>} the exit status */
async function main(argv) {
  const report = reporter(process.stderr);
  try {
    const { purpose, verbose } = parse(argv);
    requireBootstrapNode(process.versions.node);
    const context = { root: fileURLToPath(new URL('..', import.meta.url)), env: process.env, verbose, report };
    const needs = NEEDS[purpose];
    if (isReady(context, needs)) return 0;
    await withLock(`checkout ${path.resolve(context.root)}`, () => makeReady(context, needs), {
      onWait: () => report.say('waiting for another bootstrap of this checkout'),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.output) process.stderr.write(`${error.output}\n\n`);
    report.say(`${error.message}\n\n    ${error.advice}\n`);
    return 1;
  }
}

/** @param {Context} context @param {Needs} needs */
function isReady(context, needs) {
  return (
    packagesAreReady(context.root) &&
    (!needs.worker || workerIsReady(context)) &&
    (needs.udp === 'no' || udpAddonIsReady(context, { required: needs.udp === 'required' })) &&
    (!needs.browser || findBrowser(context.env) !== undefined) &&
    (!needs.testTools || missingTestToolsHere(context.env).length === 0) &&
    (!needs.bundles || [PAGES, SERVER].every((bundle) => bundleIsReady(context.root, bundle)))
  );
}

/**
 * Each step does nothing where its result is there. The first two find out what the machine lacks, so that a person
 * who must install something is told before anything has changed.
 * @param {Context} context
 * @param {Needs} needs
 */
async function makeReady(context, needs) {
  // `npm ci` forgets which worker was found, together with everything else in node_modules.
  const findsWorker = needs.worker && !(packagesAreReady(context.root) && workerIsReady(context));
  const worker = findsWorker ? await findWorker(context) : undefined;
  const browserMissing = needs.browser && findBrowser(context.env) === undefined;
  await requireSystemPackages(context, [
    ...(findsWorker && !worker ? WORKER_BUILD_PACKAGES : []),
    ...(needs.udp === 'required' ? packagesForUdpAddon(context) : []),
    ...(browserMissing ? BROWSER_PACKAGES : []),
    ...(needs.testTools ? missingTestToolsHere(context.env) : []),
  ]);
  await installPackages(context);
  if (findsWorker) noteWorker(context, worker ?? (await buildWorker(context)));
  if (needs.udp !== 'no') await makeUdpAddon(context, { required: needs.udp === 'required' });
  if (!needs.bundles) return;
  for (const bundle of [PAGES, SERVER]) await buildBundle(context, bundle);
}

/** @param {string[]} argv */
function parse(argv) {
  const usage = `Use: node scripts/bootstrap.mjs --for ${Object.keys(NEEDS).join('|')} [--verbose]`;
  try {
    const { values } = parseArgs({
      args: argv,
      options: { for: { type: 'string' }, verbose: { type: 'boolean', default: false } },
    });
    if (values.for !== undefined && isPurpose(values.for)) return { purpose: values.for, verbose: values.verbose };
  } catch {
    // An unknown flag: the same sentence answers it.
  }
  throw new Failure('The bootstrap was not told what for.', { advice: usage });
}

process.exitCode = await main(process.argv.slice(2));
