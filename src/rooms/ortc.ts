/**
 * The media parameters that clients send, in ORTC's terms as mediasoup has them, each with bounds.
 *
 * A value that fits these schemas is safe to hand to a media worker as far as shape and size go;
 * whether it means anything together (payload types that match, SSRCs that do not collide) is checked where it is used.
 */
import { type Static, Type } from 'typebox';

const strict = { additionalProperties: false } as const;
const token = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[\\x21-\\x7e]+$' });

const mimeType = Type.String({ maxLength: 64, pattern: '^(audio|video)/[A-Za-z0-9.+-]{1,48}$' });
const payloadType = Type.Integer({ minimum: 0, maximum: 127 });
const ssrc = Type.Integer({ minimum: 1, maximum: 0xff_ff_ff_ff });
/** RFC 8285 §4.2: one-byte header extension ids are 1 to 14. */
const extensionId = Type.Integer({ minimum: 1, maximum: 14 });
const codecParameters = Type.Record(
  Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_.-]{1,64}$' }),
  Type.Union([Type.String({ maxLength: 256 }), Type.Number(), Type.Boolean(), Type.Null()]),
  { maxProperties: 32 },
);
const rtcpFeedback = Type.Array(
  Type.Object({ type: token(32), parameter: Type.Optional(Type.String({ maxLength: 32 })) }, strict),
  { maxItems: 16 },
);

export const MediaKindSchema = Type.Union([Type.Literal('audio'), Type.Literal('video')]);

/** What a receiver or router can handle. */
export const RtpCapabilitiesSchema = Type.Object(
  {
    codecs: Type.Array(
      Type.Object(
        {
          kind: MediaKindSchema,
          mimeType,
          preferredPayloadType: Type.Optional(payloadType),
          clockRate: Type.Integer({ minimum: 1, maximum: 192_000 }),
          channels: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
          parameters: Type.Optional(codecParameters),
          rtcpFeedback: Type.Optional(rtcpFeedback),
        },
        strict,
      ),
      { maxItems: 64 },
    ),
    headerExtensions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            kind: MediaKindSchema,
            uri: token(128),
            preferredId: extensionId,
            preferredEncrypt: Type.Optional(Type.Boolean()),
            direction: Type.Optional(
              Type.Union([
                Type.Literal('sendrecv'),
                Type.Literal('sendonly'),
                Type.Literal('recvonly'),
                Type.Literal('inactive'),
              ]),
            ),
          },
          strict,
        ),
        { maxItems: 64 },
      ),
    ),
  },
  strict,
);
export type RtpCapabilities = Static<typeof RtpCapabilitiesSchema>;

/** One sender's or receiver's RTP stream set. */
export const RtpParametersSchema = Type.Object(
  {
    mid: Type.Optional(token(32)),
    msid: Type.Optional(Type.String({ maxLength: 256 })),
    codecs: Type.Array(
      Type.Object(
        {
          mimeType,
          payloadType,
          clockRate: Type.Integer({ minimum: 1, maximum: 192_000 }),
          channels: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
          parameters: Type.Optional(codecParameters),
          rtcpFeedback: Type.Optional(rtcpFeedback),
        },
        strict,
      ),
      { minItems: 1, maxItems: 32 },
    ),
    headerExtensions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            uri: token(128),
            id: extensionId,
            encrypt: Type.Optional(Type.Boolean()),
            parameters: Type.Optional(codecParameters),
          },
          strict,
        ),
        { maxItems: 32 },
      ),
    ),
    encodings: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ssrc: Type.Optional(ssrc),
            rid: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9]{1,16}$' })),
            codecPayloadType: Type.Optional(payloadType),
            rtx: Type.Optional(Type.Object({ ssrc }, strict)),
            dtx: Type.Optional(Type.Boolean()),
            scalabilityMode: Type.Optional(Type.String({ pattern: '^[LS][1-9][0-9]?T[1-9][0-9]?(_KEY)?(_SHIFT)?h?$' })),
            scaleResolutionDownBy: Type.Optional(Type.Number({ minimum: 1, maximum: 64 })),
            maxBitrate: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
            maxFramerate: Type.Optional(Type.Number({ minimum: 0, maximum: 1000 })),
            active: Type.Optional(Type.Boolean()),
            adaptivePtime: Type.Optional(Type.Boolean()),
            priority: Type.Optional(token(16)),
            networkPriority: Type.Optional(token(16)),
          },
          strict,
        ),
        { maxItems: 8 },
      ),
    ),
    rtcp: Type.Optional(
      Type.Object(
        {
          cname: Type.Optional(Type.String({ maxLength: 256 })),
          reducedSize: Type.Optional(Type.Boolean()),
          mux: Type.Optional(Type.Boolean()),
        },
        strict,
      ),
    ),
  },
  strict,
);
export type RtpParameters = Static<typeof RtpParametersSchema>;

/** RFC 8122 fingerprints: pairs of hex digits; the longest (SHA-512) has 64 of them. */
const fingerprint = Type.Object(
  {
    algorithm: Type.Union([
      Type.Literal('sha-1'),
      Type.Literal('sha-224'),
      Type.Literal('sha-256'),
      Type.Literal('sha-384'),
      Type.Literal('sha-512'),
    ]),
    value: Type.String({ pattern: '^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$' }),
  },
  strict,
);
export const DtlsParametersSchema = Type.Object(
  {
    role: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('client'), Type.Literal('server')])),
    fingerprints: Type.Array(fingerprint, { minItems: 1, maxItems: 8 }),
  },
  strict,
);
export type DtlsParameters = Static<typeof DtlsParametersSchema>;

/** The server's half of ICE (RFC 8445; the server is ICE lite). */
export type IceParameters = { usernameFragment: string; password: string; iceLite?: boolean };
export type IceCandidate = {
  foundation: string;
  priority: number;
  ip: string;
  address: string;
  protocol: 'udp' | 'tcp';
  port: number;
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  tcpType?: 'passive';
};
