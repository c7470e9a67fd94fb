import { FAMILY, type Family, familyOfWords } from '../stun/address.ts';
import type { PeerPolicy } from '../turn/peer-policy.ts';

/** Which UDP ports of the relay addresses are relay sockets, and of which thread: in memory that all threads share. */
export type PortOwners = {
  has(family: Family, port: number): boolean;
  /** @param thread Whose it is from now on; undefined: nobody's. */
  set(family: Family, port: number, thread: number | undefined): void;
  /** Nothing is this thread's any more. */
  forget(thread: number): void;
};

const PORTS = 65_536;

export function newPortOwners(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * PORTS);
}

/** A port is written by the one thread that has it in its share, and read by all. */
export function portOwners(memory: SharedArrayBuffer): PortOwners {
  const owners = new Uint8Array(memory);
  const at = (family: Family, port: number) => (family === FAMILY.IPV4 ? port : PORTS + port);
  return {
    has: (family, port) => owners[at(family, port)] !== 0,
    set(family, port, thread) {
      owners[at(family, port)] = thread === undefined ? 0 : thread + 1;
    },
    forget(thread) {
      for (const [index, owner] of owners.entries()) if (owner === thread + 1) owners[index] = 0;
    },
  };
}

/**
 * A policy knows the range that relay sockets may be in; here it is known which of them are. A client on this very
 * machine may have a port of that range, and is no relay of ours.
 */
export function exactPolicy(policy: PeerPolicy, owners: PortOwners): PeerPolicy {
  return {
    check: (...address) => policy.check(...address),
    route: (a, b, c, d, port, into) => policy.route(a, b, c, d, port, into),
    arrived: (a, b, c, d, port, into) => policy.arrived(a, b, c, d, port, into),
    isOwnRelay: (a, b, c, d, port) => owners.has(familyOfWords(a, b, c), port) && policy.isOwnRelay(a, b, c, d, port),
    configure: (options) => policy.configure(options),
    get version() {
      return policy.version;
    },
  };
}
