/**
 * What each npm script needs beside the npm packages and a Node that fits:
 * - `worker`: mediasoup's worker binary
 * - `browser`: a Chromium, with a font so that its screenshots have text
 * - `testTools`: coturn's clients, a C compiler and, for root on Linux, what makes networks and WebRTC clients of others
 * - `udp`: the addon for UDP: `required`, or `wanted` where a line says why there is none
 * - `bundles`: the pages and the SDK, and the server, built into dist/
 */
export const NEEDS = {
  start: { worker: true, udp: 'wanted', browser: false, testTools: false, bundles: true },
  test: { worker: true, udp: 'required', browser: true, testTools: true, bundles: true },
  check: { worker: false, udp: 'no', browser: false, testTools: false, bundles: false },
  build: { worker: false, udp: 'no', browser: false, testTools: false, bundles: true },
};

/** @typedef {keyof typeof NEEDS} Purpose */

/** @param {string} name @returns {name is Purpose} */
export function isPurpose(name) {
  return Object.hasOwn(NEEDS, name);
}
