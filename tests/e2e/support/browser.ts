import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { type Browser, chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  // Ten frames a second of the fake camera are enough to see it move, and leave the CPU to what is tested.
  '--use-fake-device-for-media-stream=fps=10,display-media-type=monitor',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const COMMANDS = ['chromium', 'google-chrome', 'chromium-browser'];

/**
 * Starts the Chromium that CHROMIUM names, else the one on the PATH, with fake devices and permission for them.
 * @param wrap makes another program of it, which runs it in its own way
 */
export function launchBrowser(
  flags: readonly string[] = [],
  wrap: (program: string) => string = (program) => program,
): Promise<Browser> {
  return chromium.launch({ executablePath: wrap(findChromium()), args: [...FLAGS, ...flags] });
}

function findChromium(): string {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM) return CHROMIUM;
  const folders = PATH.split(delimiter);
  const found = COMMANDS.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) =>
    existsSync(path),
  );
  if (found === undefined) throw new Error('There is no Chromium on the PATH; set CHROMIUM to its path.');
  return found;
}
