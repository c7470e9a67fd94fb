/** WHIP: from a section that a client would send to what the room receives, and what is answered. */
import type { MediaKind } from '../rooms/grants.ts';
import type { RtpCapabilities, RtpParameters } from '../rooms/ortc.ts';
import type { AnsweredCodec, AnsweredSection } from './answer.ts';
import { type CodecMatch, matches, repairOf, sharedExtensions, sharedFeedback } from './codecs.ts';
import type { FormatParameters } from './description.ts';
import type { Offer, OfferedCodec, OfferedSection } from './offer.ts';
import { read, type Reading, refuse } from './reading.ts';
import { fromSmallest } from './simulcast-order.ts';

type Encodings = NonNullable<RtpParameters['encodings']>;

/** A track that the client is going to publish. */
export type IngestTrack = { readonly kind: MediaKind; readonly rtpParameters: RtpParameters };
/** What is to be published, and the answer's sections in the offer's order. */
export type Ingest = { readonly tracks: readonly IngestTrack[]; readonly sections: readonly AnsweredSection[] };

const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const RID = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';

/**
 * What an offer publishes in a room of these capabilities. RFC 9725 §4.4.2 and §4.4.3: one track of each kind at most,
 * and no answer that takes only a part of them.
 */
export function ingestOf(offer: Offer, capabilities: RtpCapabilities): Reading<Ingest> {
  const tracks: IngestTrack[] = [];
  const sections: AnsweredSection[] = [];
  for (const section of offer.sections) {
    if (section.kind === undefined) {
      sections.push({ section, state: 'rejected' });
      continue;
    }
    if (section.direction !== 'sendonly' && section.direction !== 'sendrecv') {
      return refuse('invalid-media', `The section ${section.mid} is ${section.direction}: WHIP takes what is sent.`);
    }
    if (tracks.some(({ kind }) => kind === section.kind)) {
      return refuse('invalid-media', `There is more than one section of ${section.kind}.`);
    }
    const track = trackOf(section, section.kind, capabilities);
    if (!track.ok) return track;
    tracks.push(track.value.track);
    sections.push(track.value.answered);
  }
  if (tracks.length === 0) return refuse('invalid-media', 'The offer sends neither audio nor video.');
  return read({ tracks, sections });
}

function trackOf(
  section: OfferedSection,
  kind: MediaKind,
  capabilities: RtpCapabilities,
): Reading<{ track: IngestTrack; answered: AnsweredSection }> {
  // The client's first choice: what it is going to send has to be one codec, known from the start.
  const [match] = matches(section, capabilities);
  if (match === undefined) {
    const names = [...new Set(section.codecs.map(({ name }) => name))].join(', ');
    return refuse(
      'unsupported-codec',
      `The section ${section.mid} offers ${names || 'nothing'}, and none that the room has.`,
    );
  }
  const extensions = sharedExtensions(section, capabilities, 'recvonly').map(({ offered }) => offered);
  const repair = kind === 'video' ? repairOf(section, match.offered) : undefined;
  const rids = extensions.some(({ uri }) => uri === RID) ? fromSmallest(section.rids) : [];
  const encodings = encodingsOf(section, rids, repair !== undefined);
  const found = encodings.some(({ ssrc, rid }) => ssrc !== undefined || rid !== undefined);
  if (!found && !extensions.some(({ uri }) => uri === MID)) {
    return refuse('invalid-media', `The section ${section.mid} has no a=ssrc, and no header extension for its mid.`);
  }
  const rtcpFeedback = sharedFeedback(match, extensions);
  const codecs: AnsweredCodec[] = [
    { codec: match.offered, parameters: answeredParameters(match), rtcpFeedback },
    ...(repair === undefined ? [] : [{ codec: repair, parameters: repair.parameters, rtcpFeedback: [] }]),
  ];
  return read({
    track: { kind, rtpParameters: rtpParameters(section, match, repair, encodings) },
    answered: {
      section,
      state: 'receives',
      codecs,
      extensions,
      // RFC 8853 §5.3.2: in the order of the offer.
      rids: rids.length > 1 ? section.rids.map(({ rid }) => rid) : [],
    },
  });

  function rtpParameters(
    { mid }: OfferedSection,
    { offered }: CodecMatch,
    rtx: OfferedCodec | undefined,
    streams: Encodings,
  ): RtpParameters {
    return {
      mid,
      codecs: [{ ...rtpCodec(kind, offered), rtcpFeedback }, ...(rtx === undefined ? [] : [rtpCodec(kind, rtx)])],
      headerExtensions: extensions.map(({ id, uri }) => ({ id, uri })),
      encodings: streams,
      rtcp: { reducedSize: true },
    };
  }
}

function rtpCodec(kind: MediaKind, { name, payloadType, clockRate, channels, parameters }: OfferedCodec) {
  return {
    mimeType: `${kind}/${name}`,
    payloadType,
    clockRate,
    ...(kind === 'audio' ? { channels } : {}),
    parameters: { ...parameters },
  };
}

/** By RID where the client sends a simulcast so, else by SSRC, else one that its mid alone tells. */
function encodingsOf({ streams }: OfferedSection, rids: readonly string[], repaired: boolean): Encodings {
  if (rids.length > 1) return rids.map((rid) => ({ rid }));
  if (streams.length === 0) return rids.length === 0 ? [{}] : rids.map((rid) => ({ rid }));
  return streams.map(({ ssrc, rtx }) => (repaired && rtx !== undefined ? { ssrc, rtx: { ssrc: rtx } } : { ssrc }));
}

/** RFC 3264 §6.1: what the answer says of a codec is how the client is to send it. */
function answeredParameters({ offered, known }: CodecMatch): FormatParameters {
  const wishes = Object.entries(known.parameters ?? {}).filter(
    (entry): entry is [string, string | number] => typeof entry[1] === 'string' || typeof entry[1] === 'number',
  );
  if (known.kind === 'video') {
    return { ...offered.parameters, ...Object.fromEntries(wishes.filter(([name]) => name.startsWith('x-'))) };
  }
  // RFC 7587 §7.1: who may send stereo does so where the receiver prefers it.
  const stereo = offered.parameters['sprop-stereo'] === 1 || offered.parameters['stereo'] === 1;
  return { ...Object.fromEntries(wishes), ...(stereo ? { stereo: 1 } : {}) };
}
