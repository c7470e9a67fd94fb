// Adds to package-lock.json what an npm registry without every platform's packages makes npm leave out.
// Run it after each change of dependencies: `node scripts/complete-lock.mjs`.
//
// Tools with native code name one optional package per platform. Where the registry (a partial mirror, say) does not
// serve some of them, `npm install` writes a lock file without them, and `npm ci` then refuses that lock file on every
// machine. An entry that says for which platform the package is makes `npm ci` pass over it. It carries no integrity
// hash, for want of the file: on that other platform npm trusts the registry for it.
import { readFileSync, writeFileSync } from 'node:fs';

import { missingPlatformPackages } from './bootstrap/lock-file.mjs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = missingPlatformPackages(lock);
const packages = Object.entries({ ...lock.packages, ...missing });
// npm's own order, so that its next write changes nothing.
packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, undefined, 2)}\n`);
process.stdout.write(`${Object.keys(missing).length} packages for other platforms added to package-lock.json\n`);
