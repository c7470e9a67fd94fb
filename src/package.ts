import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package: the nearest one above that has a package.json, from src/ as from a published dist/. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }).version;
}

/** The media worker that the bootstrap made ready, where it did. */
export function installedWorker(): string | undefined {
  const path = join(packageFolder(), 'node_modules/.sluice/mediasoup-worker');
  return existsSync(path) ? path : undefined;
}

/** The addon for UDP that the bootstrap has built, where it could. */
export function installedUdpAddon(): string | undefined {
  const path = join(packageFolder(), 'node_modules/.sluice/udp.node');
  return existsSync(path) ? path : undefined;
}
