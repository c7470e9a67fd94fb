import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { CODEC_NAMES, routerCapabilities, routerCodecs } from '../../src/media/codecs.ts';
import {
  boundLayers,
  checkDtlsParameters,
  checkRtpCapabilities,
  checkRtpParameters,
  layerCounts,
  withRoomExtensions,
} from '../../src/media/validate.ts';
import type { MediaKind } from '../../src/rooms/grants.ts';
import type { RtpParameters } from '../../src/rooms/ortc.ts';
import { opusParameters, vp8Parameters } from '../support/rtp-peer.ts';

const room = routerCapabilities(routerCodecs(CODEC_NAMES));
const opus = opusParameters(1);
const vp8 = vp8Parameters([1, 2, 3]);
const [opusCodec] = opus.codecs;
const [vp8Codec, rtxCodec] = vp8.codecs;
assert.ok(opusCodec && vp8Codec && rtxCodec);
const vp9 = svc('video/VP9', 'L3T3_KEY');
const mid = 'urn:ietf:params:rtp-hdrext:sdes:mid';

test('what browsers send passes, without their CNAME', () => {
  assert.deepEqual(checkRtpParameters('audio', opus, room), { ...opus, rtcp: { reducedSize: true } });
  const { codecs, encodings } = checkRtpParameters('video', vp8, room);
  assert.deepEqual({ codecs, encodings }, { codecs: vp8.codecs, encodings: vp8.encodings });
  checkRtpParameters('video', vp9, room);
  const byRid = ['q', 'h', 'f'].map((rid) => ({ rid, scalabilityMode: 'L1T3', maxBitrate: 100_000 }));
  checkRtpParameters('video', { ...vp8, encodings: byRid }, room);
  checkRtpParameters('audio', { ...opus, encodings: [] }, room);
});

describe('each of these is refused', () => {
  const refused: [why: RegExp, kind: MediaKind, base: RtpParameters, change: Partial<RtpParameters>, code?: string][] =
    [
      [/payload type 96 is used twice/, 'video', vp8, { codecs: [vp8Codec, { ...rtxCodec, payloadType: 96 }] }],
      [/kind audio/, 'audio', vp8, {}],
      [/kind video/, 'video', opus, {}],
      [/no media codec/, 'video', vp8, { codecs: [rtxCodec] }],
      [/more than one media codec/, 'video', vp8, { codecs: [vp8Codec, { ...vp8Codec, payloadType: 99 }] }],
      [/more than one RTX/, 'video', vp8, { codecs: [...vp8.codecs, { ...rtxCodec, payloadType: 99 }] }],
      [/belongs to no codec/, 'video', vp8, { codecs: [vp8Codec, { ...rtxCodec, parameters: { apt: 98 } }] }],
      [/belongs to no codec/, 'video', vp8, { codecs: [vp8Codec, { ...rtxCodec, parameters: { apt: '96' } }] }],
      [/belongs to no codec/, 'video', vp8, { codecs: [vp8Codec, { ...rtxCodec, parameters: {} }] }],
      [/differ in clock rate/, 'video', vp8, { codecs: [vp8Codec, { ...rtxCodec, clockRate: 8000 }] }],
      [/not one of/, 'video', vp8, { codecs: [{ ...vp8Codec, mimeType: 'video/ulpfec' }] }, 'unsupported-codec'],
      [/not one of/, 'audio', opus, { codecs: [{ ...opusCodec, channels: 6 }] }, 'unsupported-codec'],
      [/do not belong into SDP/, 'audio', opus, { codecs: [{ ...opusCodec, parameters: { x: '1\r\na=b' } }] }],
      [/neither text nor a number/, 'audio', opus, { codecs: [{ ...opusCodec, parameters: { x: null } }] }],
      [/do not belong into SDP/, 'audio', opus, { msid: 'a b\n' }],
      [/id 1 is used twice/, 'audio', opus, { headerExtensions: ['urn:a', 'urn:b'].map((uri) => ({ uri, id: 1 })) }],
      [/is used twice/, 'audio', opus, { headerExtensions: [1, 2].map((id) => ({ uri: mid, id })) }],
      [/not offered/, 'audio', opus, { headerExtensions: [{ uri: 'urn:3gpp:video-orientation', id: 1 }] }],
      [/RFC 6904/, 'audio', opus, { headerExtensions: [{ uri: mid, id: 1, encrypt: true }] }],
      [/SSRC 7 is used twice/, 'video', vp8, { encodings: [{ ssrc: 7 }, { ssrc: 7 }] }],
      [/SSRC 7 is used twice/, 'video', vp8, { encodings: [{ ssrc: 7, rtx: { ssrc: 7 } }] }],
      [/SSRC 8 is used twice/, 'video', vp8, { encodings: [{ ssrc: 7, rtx: { ssrc: 8 } }, { ssrc: 8 }] }],
      [/RID a is used twice/, 'video', vp8, { encodings: [{ rid: 'a' }, { rid: 'a' }] }],
      [/all encodings have/, 'video', vp8, { encodings: [{ ssrc: 1 }, { rid: 'a' }] }],
      [/all encodings have/, 'video', vp8, { encodings: [{ ssrc: 1 }, {}] }],
      [/without the SSRC/, 'video', vp8, { encodings: [{ rtx: { ssrc: 1 } }] }],
      [/cannot be sent as simulcast/, 'audio', opus, { encodings: [{ ssrc: 1 }, { ssrc: 2 }] }],
      [/cannot be sent as simulcast/, 'video', vp9, { encodings: [{ ssrc: 1 }, { ssrc: 2 }] }],
      [/more than 4 encodings/, 'video', vp8, { encodings: [1, 2, 3, 4, 5].map((ssrc) => ({ ssrc })) }],
      [/more layers than 4 by 4/, 'video', vp9, { encodings: [{ ssrc: 1, scalabilityMode: 'L99T99' }] }],
      [/does not fit/, 'video', vp8, { encodings: [{ ssrc: 1, scalabilityMode: 'L2T1' }] }],
      [
        /does not fit simulcast/,
        'video',
        vp8,
        { encodings: [1, 2].map((ssrc) => ({ ssrc, scalabilityMode: 'L3T3' })) },
      ],
      [/no layers/, 'audio', opus, { encodings: [{ ssrc: 1, scalabilityMode: 'L1T3' }] }],
      [/differ in temporal/, 'video', vp8, { encodings: [{ ssrc: 1, scalabilityMode: 'L1T3' }, { ssrc: 2 }] }],
      [/not a scalability mode/, 'video', vp9, { encodings: [{ ssrc: 1, scalabilityMode: 'L3T3_KEY_SHIFTh' }] }],
      [/is not the codec's/, 'video', vp8, { encodings: [{ ssrc: 1, codecPayloadType: 97 }] }],
      [/not an integer/, 'video', vp8, { encodings: [{ ssrc: 1, maxBitrate: 1.5 }] }],
    ];
  for (const [why, kind, base, change, code = 'invalid-media'] of refused) {
    test(`${kind} with ${JSON.stringify(change).slice(0, 90)}`, () => {
      assert.throws(() => checkRtpParameters(kind, { ...base, ...change }, room), { code, message: why });
    });
  }

  test('a track that no packet can be told to belong to', () => {
    const { mid: _, ...anonymous } = opus;
    assert.throws(() => checkRtpParameters('audio', { ...anonymous, encodings: [] }, room), /no MID, SSRC or RID/);
  });
});

test('layers are counted from encodings, or from the scalability mode', () => {
  assert.deepEqual(layerCounts(opus), { spatial: 1, temporal: 1 });
  assert.deepEqual(layerCounts(vp8), { spatial: 3, temporal: 1 });
  const temporal = [1, 2].map((ssrc) => ({ ssrc, scalabilityMode: 'L1T3' }));
  assert.deepEqual(layerCounts({ ...vp8, encodings: temporal }), { spatial: 2, temporal: 3 });
  assert.deepEqual(layerCounts(vp9), { spatial: 3, temporal: 3 });
  assert.deepEqual(layerCounts({ codecs: vp8.codecs }), { spatial: 1, temporal: 1 });
});

test('layers that are asked for are kept within what there is', () => {
  const counts = { spatial: 3, temporal: 2 };
  assert.deepEqual(boundLayers({ spatialLayer: 1 }, counts), { spatialLayer: 1 });
  assert.deepEqual(boundLayers({ spatialLayer: 9, temporalLayer: 9 }, counts), { spatialLayer: 2, temporalLayer: 1 });
  assert.deepEqual(boundLayers({ spatialLayer: -1, temporalLayer: 0 }, counts), { spatialLayer: 0, temporalLayer: 0 });
});

test('DTLS: the strongest fingerprint counts, in upper case, with as many bytes as its hash has', () => {
  const print = (algorithm: 'sha-1' | 'sha-256' | 'sha-512', bytes: number) => ({
    algorithm,
    value: Array(bytes).fill('aB').join(':'),
  });
  assert.deepEqual(checkDtlsParameters({ role: 'client', fingerprints: [print('sha-1', 20), print('sha-256', 32)] }), {
    role: 'client',
    fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
  });
  const short = { fingerprints: [print('sha-512', 64), print('sha-256', 20)] };
  assert.throws(() => checkDtlsParameters(short), {
    code: 'invalid-media',
    message: /sha-256 fingerprint has 32 bytes, not 20/,
  });
  assert.throws(() => checkDtlsParameters({ fingerprints: [] }), { code: 'invalid-media' });
});

test('capabilities: the kind of a codec is that of its MIME type, and its parameters are plain', () => {
  checkRtpCapabilities(room);
  const codec = { kind: 'audio' as const, mimeType: 'audio/opus', clockRate: 48_000, channels: 2 };
  assert.throws(() => checkRtpCapabilities({ codecs: [{ ...codec, kind: 'video' }] }), { code: 'invalid-media' });
  assert.throws(() => checkRtpCapabilities({ codecs: [{ ...codec, parameters: { x: '\n' } }] }), {
    code: 'invalid-media',
  });
});

test('a receiver that numbers header extensions in its own way gets them under the numbers of the room', () => {
  const known = room.headerExtensions ?? [];
  assert.ok(known.some(({ kind, uri }) => kind === 'video' && uri.endsWith('transport-wide-cc-extensions-01')));
  const own = known.map((extension, index) => ({ ...extension, preferredId: 100 + index }));
  const unknown = { kind: 'video' as const, uri: 'urn:example:unknown', preferredId: 99 };
  const { headerExtensions } = withRoomExtensions({ ...room, headerExtensions: [...own, unknown] }, room);
  assert.deepEqual(headerExtensions, known);
  assert.deepEqual(withRoomExtensions({ codecs: [] }, room), { codecs: [], headerExtensions: [] });
});

test('the room offers what calls need: FEC and DTX, repair of losses, and estimates of bandwidth', () => {
  const offered = (mimeType: string) => room.codecs.filter((codec) => codec.mimeType === mimeType);
  assert.deepEqual(offered('audio/opus')[0]?.parameters, { minptime: 10, useinbandfec: 1, usedtx: 1 });
  assert.equal(offered('audio/opus')[0]?.channels, 2);
  const profiles = offered('video/H264').map(({ parameters }) => parameters?.['profile-level-id']);
  assert.deepEqual(profiles, ['42e01f', '640032']);
  for (const mimeType of ['video/VP8', 'video/VP9', 'video/H264', 'video/AV1']) {
    const feedback = offered(mimeType)[0]?.rtcpFeedback?.map(({ type, parameter = '' }) =>
      `${type} ${parameter}`.trim(),
    );
    assert.deepEqual(feedback, ['nack', 'nack pli', 'ccm fir', 'goog-remb', 'transport-cc']);
  }
  assert.equal(offered('video/rtx').length, 5);
  assert.deepEqual(
    routerCapabilities(routerCodecs(['opus', 'vp8'])).codecs.map(({ mimeType }) => mimeType),
    ['audio/opus', 'video/VP8', 'video/rtx'],
  );
});

function svc(mimeType: string, scalabilityMode: string): RtpParameters {
  return {
    mid: 'v',
    codecs: [{ mimeType, payloadType: 98, clockRate: 90_000 }],
    encodings: [{ ssrc: 1, scalabilityMode }],
  };
}
