import { installedUdpAddon } from '../../src/package.ts';
import { loadUdpAddon, sha1Instructions } from '../../src/relay/datagram-addon.ts';
import type { Sha1Instructions } from '../../src/stun/instructed-hmac-sha1.ts';

/**
 * The instructions by which a thread of the relay signs on this machine; undefined where it does so in TypeScript.
 * @param slab Where messages lie.
 */
export function relayInstructions(slab: Uint8Array<ArrayBuffer>): Sha1Instructions | undefined {
  const path = installedUdpAddon();
  return path === undefined ? undefined : sha1Instructions(loadUdpAddon(path), slab);
}
