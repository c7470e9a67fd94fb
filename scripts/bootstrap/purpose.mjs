/**
 * What each npm script needs beside the npm packages and a Node that fits:
 * - `worker`: mediasoup's worker binary
 * - `browser`: a Chromium, with a font so that its screenshots have text
 * - `bundles`: the pages and the SDK, and the server, built into dist/
 */
export const NEEDS = {
  start: { worker: true, browser: false, bundles: true },
  test: { worker: true, browser: true, bundles: true },
  check: { worker: false, browser: false, bundles: false },
  build: { worker: false, browser: false, bundles: true },
};

/** @typedef {keyof typeof NEEDS} Purpose */

/** @param {string} name @returns {name is Purpose} */
export function isPurpose(name) {
  return Object.hasOwn(NEEDS, name);
}
