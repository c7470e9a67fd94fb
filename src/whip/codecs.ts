/** Which of the room's codecs an offered one is. */
import { isSameProfile } from 'h264-profile-level-id';

import type { MediaKind } from '../rooms/grants.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import type { OfferedCodec, OfferedSection } from './offer.ts';

export type KnownCodec = RtpCapabilities['codecs'][number];
/** An offered codec, and the room's codec that it is. */
export type CodecMatch = { readonly offered: OfferedCodec; readonly known: KnownCodec };
export type Extension = OfferedSection['extensions'][number];
export type Feedback = { type: string; parameter?: string };

const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

/** What of the section's codecs the room has too, in the client's order; retransmissions left out. */
export function matches({ kind, codecs }: OfferedSection, { codecs: known }: RtpCapabilities): CodecMatch[] {
  return codecs.flatMap((offered) => {
    const same = known.find((one) => one.kind === kind && isSameCodec(offered, one));
    return same === undefined ? [] : [{ offered, known: same }];
  });
}

/** The RTX (RFC 4588) that repairs `codec` in this section. */
export function repairOf({ codecs }: OfferedSection, codec: OfferedCodec): OfferedCodec | undefined {
  return codecs.find(({ name, parameters }) => name === 'rtx' && parameters['apt'] === codec.payloadType);
}

/** The feedback that both ends know. With transport-wide congestion control there is no need for REMB too. */
export function sharedFeedback({ offered, known }: CodecMatch, extensions: readonly Extension[]): Feedback[] {
  const wideCc = extensions.some(({ uri }) => uri === TRANSPORT_CC);
  const unused = wideCc ? 'goog-remb' : 'transport-cc';
  return (known.rtcpFeedback ?? []).flatMap(({ type, parameter = '' }) => {
    const both = offered.feedback.some((line) => line.type === type && line.parameter === parameter);
    return both && type !== unused ? [parameter === '' ? { type } : { type, parameter }] : [];
  });
}

/** The header extensions that both ends know, where the room takes part in this direction. */
export function sharedExtensions(
  { kind, extensions }: OfferedSection,
  { headerExtensions = [] }: RtpCapabilities,
  direction: 'sendonly' | 'recvonly',
): { readonly offered: Extension; readonly preferredId: number; readonly kind: MediaKind }[] {
  return extensions.flatMap((offered) => {
    const known = headerExtensions.find((one) => one.kind === kind && one.uri === offered.uri);
    if (known === undefined) return [];
    const { direction: able = 'sendrecv', preferredId } = known;
    return able === 'sendrecv' || able === direction ? [{ offered, preferredId, kind: known.kind }] : [];
  });
}

function isSameCodec(offered: OfferedCodec, known: KnownCodec): boolean {
  if (known.mimeType.toLowerCase() !== `${known.kind}/${offered.name}` || offered.name === 'rtx') return false;
  if (offered.clockRate !== known.clockRate) return false;
  if (known.kind === 'audio' && offered.channels !== (known.channels ?? 1)) return false;
  const value = (name: string) => [offered.parameters[name] ?? 0, known.parameters?.[name] ?? 0];
  const same = ([one, other]: readonly unknown[]) => one === other;
  switch (offered.name) {
    case 'h264':
      // RFC 6184 §8.2.2: packetization mode and profile are symmetric; levels need not be the same.
      return same(value('packetization-mode')) && isSameProfile(offered.parameters, known.parameters ?? {});
    case 'vp9':
      return same(value('profile-id'));
    case 'av1':
      return same(value('profile'));
    default:
      return true;
  }
}
