import { createAddonIo, loadUdpAddon, type UdpAddon } from './datagram-addon.ts';
import { createDgramIo } from './datagram-dgram.ts';
import type { DatagramHandlers, DatagramIo } from './datagram-io.ts';
import type { SlabSizes } from './datagram-slab.ts';

export type DatagramIoOptions = SlabSizes & {
  /** `on`: nothing else will do; `off`: `node:dgram`; `auto`: the addon where it can be had. */
  readonly addon: 'auto' | 'on' | 'off';
  /** Where the addon is, if the bootstrap has built it. */
  readonly addonPath: string | undefined;
  readonly handlers: DatagramHandlers;
};

/**
 * UDP for one thread. `why` says why it is not the addon.
 * @throws {Error} where the addon must be used and cannot
 * @throws {RangeError} where a size is out of its range
 */
export function createDatagramIo(options: DatagramIoOptions): { io: DatagramIo; why?: string } {
  const { addon: wish, addonPath, handlers, ...sizes } = options;
  const found = wish === 'off' ? 'it is switched off' : find(addonPath);
  if (typeof found !== 'string') return { io: createAddonIo(found, handlers, sizes) };
  if (wish === 'on') throw new Error(`the UDP addon cannot be used: ${found}`);
  return { io: createDgramIo(handlers, sizes), why: found };
}

function find(path: string | undefined): UdpAddon | string {
  if (path === undefined) return 'it has not been built';
  try {
    return loadUdpAddon(path);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
