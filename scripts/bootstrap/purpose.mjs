/**
 * What each npm script needs beside the npm packages and a Node that fits:
 * - `worker`: mediasoup's worker binary
 * - `browser`: a Chromium, with a font so that its screenshots have text
 * - `pages`: the meeting page and the SDK, built into dist/client
 */
export const NEEDS = {
  start: { worker: true, browser: false, pages: true },
  test: { worker: true, browser: true, pages: true },
  check: { worker: false, browser: false, pages: false },
  build: { worker: false, browser: false, pages: true },
};

/** @typedef {keyof typeof NEEDS} Purpose */

/** @param {string} name @returns {name is Purpose} */
export function isPurpose(name) {
  return Object.hasOwn(NEEDS, name);
}
