import { availableParallelism, networkInterfaces } from 'node:os';

/** What the configuration needs to know of the machine. */
export type Machine = {
  /** Cores that this process may use. */
  readonly cores: number;
  /** Its addresses that others can be told: no link-local ones. `internal`: loopback. */
  readonly addresses: readonly { readonly ip: string; readonly internal: boolean }[];
};

/** The machine that this runs on. */
export function thisMachine(): Machine {
  const addresses = Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    .filter(({ address }) => !/^(fe80:|169\.254\.)/iu.test(address))
    .map(({ address, internal }) => ({ ip: address, internal }));
  return { cores: availableParallelism(), addresses };
}
