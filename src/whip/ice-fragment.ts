/** Trickled candidates and ICE restarts: `application/trickle-ice-sdpfrag` (RFC 8840 §9). */
import { write } from 'sdp-transform';

import type { IceCandidate, IceParameters } from '../rooms/ortc.ts';
import { candidateLines } from './answer.ts';
import { parseFragment } from './description.ts';
import { type IceCredentials, type Offer, readIce } from './offer.ts';
import { read, type Reading } from './reading.ts';

/**
 * The credentials that the fragment is about; undefined where it names none. Its candidates do not matter to a server
 * that is ICE lite: it never begins a check (RFC 8445 §2.5), and learns a client's addresses from those that come.
 */
export function readFragment(text: string): Reading<IceCredentials | undefined> {
  const parsed = parseFragment(text);
  return parsed.ok ? read(readIce(parsed.value, parsed.value.media)) : parsed;
}

/** The answer to an ICE restart: the server's new credentials, and its candidates, on the bundle's first section. */
export function writeFragment(
  offer: Offer,
  iceParameters: IceParameters,
  iceCandidates: readonly IceCandidate[],
): string {
  const [first] = offer.sections.filter(({ kind }) => kind !== undefined);
  const mids = offer.sections.filter(({ kind }) => kind !== undefined).map(({ mid }) => mid);
  const fragment = {
    version: 0,
    origin: { username: '-', sessionId: 0, sessionVersion: 0, netType: 'IN', ipVer: 4, address: '0.0.0.0' },
    name: '-',
    timing: { start: 0, stop: 0 },
    icelite: 'ice-lite',
    iceOptions: 'trickle ice2',
    groups: [{ type: 'BUNDLE', mids: mids.join(' ') }],
    media:
      first === undefined
        ? []
        : [
            {
              type: first.type,
              port: 9,
              protocol: first.protocol,
              payloads: first.formats,
              mid: first.mid,
              iceUfrag: iceParameters.usernameFragment,
              icePwd: iceParameters.password,
              ...candidateLines(iceCandidates),
              rtp: [],
              fmtp: [],
            },
          ],
  } as const;
  const WRITTEN = { outerOrder: ['a'], innerOrder: ['a'] };
  return writeOnly(fragment, WRITTEN);
}

/** The library's second argument, which its types do not name: which types of lines to write, in their order. */
const writeOnly = write as (description: unknown, order: { outerOrder: string[]; innerOrder: string[] }) => string;
