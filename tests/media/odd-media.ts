/** Media parameters and packets of clients that mean no good: they fit the schema, or look like what they are not. */
import fc from 'fast-check';

import type { MediaRoom } from '../../src/rooms/media-engine.ts';
import type { DtlsParameters, RtpCapabilities, RtpParameters } from '../../src/rooms/ortc.ts';
import {
  AUDIO_LEVEL_EXTENSION,
  opusParameters,
  rtpPacket,
  vp8Parameters,
  VP8_PAYLOAD_TYPE,
} from '../support/rtp-peer.ts';

const oddText = fc.oneof(
  fc.constantFrom('', '1', '96', 'a=b\r\nm=audio', '\u0000', '🙂'.repeat(60)),
  fc.string({ maxLength: 20 }),
);
const mime = fc.constantFrom(
  'audio/opus',
  'audio/OPUS',
  'audio/red',
  'audio/rtx',
  'audio/CN',
  'audio/multiopus',
  'audio/telephone-event',
  'video/VP8',
  'video/VP9',
  'video/H264',
  'video/AV1',
  'video/rtx',
  'video/ulpfec',
  'video/flexfec-03',
  'video/opus',
);
const payloadType = fc.constantFrom(0, 13, 96, 97, 98, 111, 127);
const parameterValue = fc.oneof(
  oddText,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const parameters = fc.dictionary(
  fc.constantFrom('apt', 'profile-id', 'packetization-mode', 'profile-level-id', 'useinbandfec', '__proto__', 'x'),
  fc.oneof(payloadType, parameterValue),
  { maxKeys: 4 },
);
const feedback = fc.array(
  fc.record({
    type: fc.constantFrom('nack', 'ccm', 'goog-remb', 'transport-cc', 'x'),
    parameter: fc.constantFrom('', 'pli', 'fir', '\n'),
  }),
  { maxLength: 4 },
);
const codec = fc.record(
  {
    mimeType: mime,
    payloadType,
    clockRate: fc.constantFrom(1, 8000, 48_000, 90_000, 192_000),
    channels: fc.integer({ min: 1, max: 8 }),
    parameters,
    rtcpFeedback: feedback,
  },
  { requiredKeys: ['mimeType', 'payloadType', 'clockRate'] },
);
const uri = fc.constantFrom(
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:unknown',
);
const extension = fc.record(
  { uri, id: fc.integer({ min: 1, max: 14 }), encrypt: fc.boolean(), parameters },
  { requiredKeys: ['uri', 'id'] },
);
const ssrc = fc.constantFrom(1, 2, 3, 4, 0xff_ff_ff_ff);
const encoding = fc.record(
  {
    ssrc,
    rid: fc.constantFrom('a', 'b', 'c', 'q1'),
    codecPayloadType: payloadType,
    rtx: fc.record({ ssrc }),
    dtx: fc.boolean(),
    scalabilityMode: fc.constantFrom(
      'L1T1',
      'L1T3',
      'L3T3',
      'L3T3_KEY',
      'S3T3',
      'L4T4',
      'L99T99',
      'L2T1h',
      'L2T2_KEY_SHIFT',
    ),
    maxBitrate: fc.constantFrom(1, 100_000, 1_000_000_000),
  },
  { requiredKeys: [] },
);
const odd = fc.record(
  {
    mid: fc.constantFrom('0', 'audio', '~'.repeat(32)),
    msid: oddText,
    codecs: fc.array(codec, { minLength: 1, maxLength: 4 }),
    headerExtensions: fc.array(extension, { maxLength: 5 }),
    encodings: fc.array(encoding, { maxLength: 5 }),
    rtcp: fc.record({ cname: oddText, reducedSize: fc.boolean(), mux: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['codecs'] },
);
/** Parameters of a real client with one part of them exchanged: these come furthest. */
const nearlyRight = (base: fc.Arbitrary<RtpParameters>) =>
  fc
    .tuple(
      base,
      odd,
      fc.subarray(['mid', 'msid', 'codecs', 'headerExtensions', 'encodings', 'rtcp'] as const, { maxLength: 2 }),
    )
    .map(([right, wrong, keys]): RtpParameters => {
      const changed: Record<string, unknown> = { ...right };
      for (const key of keys) if (wrong[key] !== undefined) changed[key] = wrong[key];
      return changed as RtpParameters;
    });
const goodVideo = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('VP8', 'VP9', 'H264', 'AV1'),
  )
  .map(([ssrcs, name]): RtpParameters => {
    const base = vp8Parameters(ssrcs, `v${ssrcs.join('-')}`.slice(0, 32));
    const h264 = { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 };
    return {
      ...base,
      codecs: base.codecs.map((it) =>
        it.mimeType === 'video/VP8'
          ? { ...it, mimeType: `video/${name}`, ...(name === 'H264' ? { parameters: h264 } : {}) }
          : it,
      ),
    };
  });
const goodAudio = fc.integer({ min: 1, max: 50 }).map((number) => opusParameters(number, `a${number}`));
/** What a client could ask to send: odd throughout, or right but for one or two parts. */
export const anyProduce = fc.record({
  kind: fc.constantFrom('audio' as const, 'video' as const),
  rtpParameters: fc.oneof(odd as fc.Arbitrary<RtpParameters>, nearlyRight(goodVideo), nearlyRight(goodAudio)),
});

/** What a receiver could say of itself in `room`. */
export function anyCapabilities(room: MediaRoom): fc.Arbitrary<RtpCapabilities> {
  const { codecs, headerExtensions = [] } = room.rtpCapabilities;
  const kind = fc.constantFrom('audio' as const, 'video' as const);
  const oddCodec = fc.record(
    {
      kind,
      mimeType: mime,
      clockRate: fc.constantFrom(8000, 48_000, 90_000),
      channels: fc.integer({ min: 1, max: 8 }),
      preferredPayloadType: payloadType,
      parameters,
      rtcpFeedback: feedback,
    },
    { requiredKeys: ['kind', 'mimeType', 'clockRate'] },
  ) as fc.Arbitrary<RtpCapabilities['codecs'][number]>;
  const oddExtension = fc.record({ kind, uri, preferredId: fc.integer({ min: 1, max: 14 }) });
  return fc.oneof(
    fc.constant(room.rtpCapabilities),
    fc.record({
      codecs: fc.tuple(fc.subarray(codecs), fc.array(oddCodec, { maxLength: 2 })).map((both) => both.flat()),
      headerExtensions: fc
        .tuple(fc.subarray(headerExtensions), fc.array(oddExtension, { maxLength: 2 }))
        .map((both) => both.flat()),
    }),
  );
}

/** Fingerprints with the right and with the wrong number of bytes. */
export const anyDtls: fc.Arbitrary<DtlsParameters> = fc.record(
  {
    role: fc.constantFrom('auto' as const, 'client' as const, 'server' as const),
    fingerprints: fc.array(
      fc.record({
        algorithm: fc.constantFrom(
          'sha-1' as const,
          'sha-224' as const,
          'sha-256' as const,
          'sha-384' as const,
          'sha-512' as const,
        ),
        value: fc.constantFrom(20, 28, 32, 48, 64, 33).map((bytes) => Array(bytes).fill('aB').join(':')),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['fingerprints'] },
);

/** Bytes that begin like STUN, DTLS, RTP or RTCP (RFC 7983), some with the user name of a real transport. */
export function anyPacket(usernameFragment: string): fc.Arbitrary<Buffer> {
  const user = Buffer.from(`${usernameFragment}:x`);
  const attribute = Buffer.concat([Buffer.of(0, 6, 0, user.length), user, Buffer.alloc(-user.length & 3)]);
  return fc
    .tuple(
      fc.constantFrom('stun', 'dtls', 'rtp', 'none'),
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      fc.nat(0xffff),
    )
    .map(([like, bytes, named, number]) => {
      const rest = Buffer.from(bytes);
      if (like === 'dtls')
        return Buffer.concat([Buffer.of(20 + (number % 6), 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number & 7), rest]);
      if (like === 'rtp') return Buffer.concat([Buffer.of(0x80 | (number & 0x3f), number >> 8), rest]);
      if (like === 'none') return rest;
      const body = named ? Buffer.concat([attribute, rest]) : rest;
      const header = Buffer.alloc(20, number & 0xff);
      header.writeUInt16BE(number & 3 ? 0x0001 : number & 0x3fff, 0);
      header.writeUInt16BE(number % 5 === 0 ? number : body.length & 0xfffc, 2);
      header.writeUInt32BE(0x2112a442, 4);
      return Buffer.concat([header, body]);
    });
}

/** Packets that are filled in with their sequence number. */
export function anyRtp(ssrcs: readonly number[]): fc.Arbitrary<(sequence: number) => Buffer> {
  const bytes = fc.uint8Array({ maxLength: 120 }).map((array) => Buffer.from(array));
  const value = fc.uint8Array({ minLength: 1, maxLength: 16 }).map((array) => Buffer.from(array));
  const fields = fc.record({
    payloadType: fc.constantFrom(VP8_PAYLOAD_TYPE, 97, 0, 127),
    ssrc: fc.constantFrom(...ssrcs, 1234, 0),
    timestamp: fc.nat(0xffff_ffff),
    marker: fc.boolean(),
    extensions: fc.record({ 1: value, 2: value, 3: value, [AUDIO_LEVEL_EXTENSION]: value }, { requiredKeys: [] }),
    payload: bytes,
  });
  const rtp = fields.map((it) => (sequence: number) => rtpPacket({ ...it, sequence }));
  // Any octet of the header but the sequence number and SSRC, which SRTP itself looks at.
  const spoiled = fc
    .tuple(rtp, fc.constantFrom(0, 1, 4, 12, 13, 14, 15, 16, 17), fc.nat(255))
    .map(([packetAt, at, octet]) => (sequence: number) => {
      const packet = packetAt(sequence);
      if (at < packet.length) packet[at] = octet;
      return packet;
    });
  // RTCP types: sender and receiver reports, SDES, BYE, feedback, extended reports.
  const rtcp = fc
    .tuple(fc.constantFrom(200, 201, 202, 203, 205, 206, 207), fc.nat(31), fc.constantFrom(...ssrcs), bytes)
    .map(([type, count, source, body]) => () => {
      const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
      const header = Buffer.of(0x80 | count, type, 0, padded.length / 4 + 1, 0, 0, 0, source);
      return Buffer.concat([header, padded]);
    });
  return fc.oneof(rtp, spoiled, rtcp);
}
