/** WHEP: what a player can be sent, and what is answered. */
import type { ConsumerInfo } from '../rooms/events.ts';
import type { MediaKind } from '../rooms/grants.ts';
import type { PayloadTypes } from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import type { AnsweredCodec, AnsweredSection } from './answer.ts';
import { type CodecMatch, matches, sharedExtensions, sharedFeedback } from './codecs.ts';
import type { Offer, OfferedSection } from './offer.ts';
import { read, type Reading, refuse } from './reading.ts';

/** What a player can be sent, in the room's terms. */
export type Player = {
  readonly payloadTypes: PayloadTypes;
  readonly rtpCapabilities: RtpCapabilities;
  /** One for each section of the offer, in its order. */
  readonly sections: readonly PlayerSection[];
};
/** A section with what it can be sent; none: it cannot be answered. */
export type PlayerSection = { readonly section: OfferedSection; readonly codecs: readonly CodecMatch[] };

const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** What `offer` can play of a room of these capabilities. */
export function playerOf(offer: Offer, capabilities: RtpCapabilities): Reading<Player> {
  const chosen = new Map<number, CodecMatch>();
  const sections = offer.sections.map((section): PlayerSection => {
    const receives = section.direction === 'recvonly' || section.direction === 'sendrecv';
    if (section.kind === undefined || !receives) return { section, codecs: [] };
    // RFC 9143 §7.1: within a bundle a payload type means one thing, and a codec keeps the one that it had first.
    const codecs = firstOfEach(matches(section, capabilities)).filter((match) => {
      const before = chosen.get(roomPayloadType(match));
      if (before === undefined) chosen.set(roomPayloadType(match), match);
      return before === undefined || before.offered.payloadType === match.offered.payloadType;
    });
    return { section, codecs };
  });
  const media = sections.filter(({ section }) => section.kind !== undefined);
  if (media.length === 0) return refuse('invalid-media', 'The offer receives neither audio nor video.');
  if (media.every(({ section }) => section.direction !== 'recvonly' && section.direction !== 'sendrecv')) {
    return refuse('invalid-media', 'No section of the offer receives.');
  }
  if (chosen.size === 0) return refuse('unsupported-codec', 'The offer has none of the codecs of this room.');
  return read({
    payloadTypes: new Map([...chosen].map(([known, { offered }]) => [known, offered.payloadType])),
    rtpCapabilities: receiverCapabilities(media, [...chosen.values()], capabilities),
    sections,
  });
}

/** The section's answer: with what it is sent, or, where there is nothing for it, with its codecs and without media. */
export function answerSection(
  { section, codecs }: PlayerSection,
  consumer: ConsumerInfo | undefined,
  capabilities: RtpCapabilities,
): AnsweredSection {
  if (codecs.length === 0) return { section, state: 'rejected' };
  const [codec] = consumer?.rtpParameters.codecs ?? [];
  const match = codecs.find(({ offered }) => offered.payloadType === codec?.payloadType);
  const ssrc = consumer?.rtpParameters.encodings?.[0]?.ssrc;
  if (consumer === undefined || match === undefined || ssrc === undefined) {
    return { section, state: 'inactive', codecs: codecs.map((one) => answeredCodec(one, [])) };
  }
  const carried = new Set(consumer.rtpParameters.headerExtensions?.map(({ id }) => id));
  return {
    section,
    state: 'sends',
    codecs: [answeredCodec(match, codec?.rtcpFeedback ?? [])],
    extensions: carriedExtensions(section, capabilities).filter(({ id }) => carried.has(id)),
    stream: {
      ssrc,
      cname: consumer.rtpParameters.rtcp?.cname ?? consumer.participantId,
      streamId: consumer.participantId,
      trackId: consumer.producerId,
    },
  };
}

function receiverCapabilities(
  sections: readonly PlayerSection[],
  chosen: readonly CodecMatch[],
  capabilities: RtpCapabilities,
): RtpCapabilities {
  const kinds: readonly MediaKind[] = ['audio', 'video'];
  const headerExtensions = kinds.flatMap((kind) => {
    const [first, ...others] = sections.filter(({ section }) => section.kind === kind).map(({ section }) => section);
    if (first === undefined) return [];
    return carriedExtensions(first, capabilities)
      .filter(({ id, uri }) => others.every((one) => one.extensions.some((own) => own.id === id && own.uri === uri)))
      .map(({ id, uri }) => ({ kind, uri, preferredId: id }));
  });
  const codecs = chosen.map((match) => ({
    ...match.known,
    preferredPayloadType: match.offered.payloadType,
    parameters: { ...match.known.parameters, ...match.offered.parameters },
    rtcpFeedback: sharedFeedback(
      match,
      headerExtensions.map(({ uri, preferredId }) => ({ id: preferredId, uri })),
    ),
  }));
  return { codecs, headerExtensions };
}

/**
 * Packets leave with the room's ids, so an extension can be told only where the player has given it the same one (RFC
 * 8285 §7: the answer keeps the offer's). Streams are told by their SSRC: the MID is left out, as it could not be right
 * for all receivers of one packet.
 */
function carriedExtensions(section: OfferedSection, capabilities: RtpCapabilities) {
  return sharedExtensions(section, capabilities, 'sendonly')
    .filter(({ offered, preferredId }) => offered.id === preferredId && offered.uri !== MID)
    .map(({ offered }) => offered);
}

function answeredCodec({ offered }: CodecMatch, rtcpFeedback: AnsweredCodec['rtcpFeedback']): AnsweredCodec {
  return { codec: offered, parameters: offered.parameters, rtcpFeedback };
}

function firstOfEach(found: readonly CodecMatch[]): CodecMatch[] {
  const seen = new Set<number>();
  return found.filter((match) => {
    const known = roomPayloadType(match);
    if (seen.has(known)) return false;
    seen.add(known);
    return true;
  });
}

function roomPayloadType({ known }: CodecMatch): number {
  return known.preferredPayloadType ?? -1;
}
