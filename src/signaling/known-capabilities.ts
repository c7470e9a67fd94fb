import { deepFreeze } from '../kernel/freeze.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import type { JoinHello } from './wire.ts';

/** Builds of browsers that join at about the same time. */
const MOST = 32;
/** Characters of JSON: twice what a browser sends. */
const LONGEST = 16_384;
/** Stands for capabilities that are known to fit. */
const FITTING: RtpCapabilities = { codecs: [] };

/**
 * Receiving capabilities as they were sent with joins. Everybody with the same browser sends the same some 8 kB: they are
 * checked once, held once, and whoever works something out from them can find that again by the object.
 */
export type KnownCapabilities = {
  /** What `check` makes of `auth`, with known capabilities in the place of equal ones. Throws what `check` throws. */
  parse(auth: unknown, check: (auth: unknown) => JoinHello): JoinHello;
};

/** Remembers those that were used last, and nothing at first. `auth` must have been bounded: it is written as JSON. */
export function createKnownCapabilities(most = MOST): KnownCapabilities {
  // A Map iterates in insertion order; re-inserting on use keeps the idlest first.
  const known = new Map<string, RtpCapabilities>();

  function remember(text: string, capabilities: RtpCapabilities): void {
    if (known.size >= most) known.delete(known.keys().next().value!);
    known.set(text, capabilities);
  }

  return {
    parse(auth, check) {
      const text = capabilitiesText(auth);
      if (text === undefined || text.length > LONGEST) return check(auth);
      const same = known.get(text);
      if (same === undefined) {
        const hello = check(auth);
        if (hello.rtpCapabilities !== undefined) remember(text, deepFreeze(hello.rtpCapabilities));
        return hello;
      }
      const hello = check({ ...(auth as object), rtpCapabilities: FITTING });
      known.delete(text);
      known.set(text, same);
      return { ...hello, rtpCapabilities: same };
    },
  };
}

function capabilitiesText(auth: unknown): string | undefined {
  if (typeof auth !== 'object' || auth === null || !('rtpCapabilities' in auth)) return undefined;
  return typeof auth.rtpCapabilities === 'object' ? JSON.stringify(auth.rtpCapabilities) : undefined;
}
