import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parse } from 'sdp-transform';

import { ingestOf } from '../../src/whip/ingest.ts';
import { readOffer } from '../../src/whip/offer.ts';
import { answerTo, CAPABILITIES, good, smallOffer } from './support.ts';

const REFUSED: readonly (readonly [string, string, (text: string) => string])[] = [
  ['malformed-sdp', 'nothing', () => ''],
  ['malformed-sdp', 'JSON', () => '{"sdp": "v=0"}'],
  ['malformed-sdp', 'no section', (text) => text.slice(0, text.indexOf('m='))],
  ['malformed-sdp', 'a line that is none', (text) => text.replace('c=IN', 'what is this')],
  ['malformed-sdp', 'too long a line', (text) => text.replace('s=-', `s=${'x'.repeat(3000)}`)],
  ['malformed-sdp', 'too many lines', (text) => text + 'a=x\r\n'.repeat(9000)],
  ['malformed-sdp', 'too many sections', (text) => text + 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(200)],
  ['invalid-media', 'no ICE credentials', (text) => text.replace('a=ice-pwd:password\r\n', '')],
  ['invalid-media', 'no fingerprint', (text) => text.replace(/a=fingerprint.*\r\n/u, '')],
  ['invalid-media', 'a fingerprint of no known hash', (text) => text.replace('sha-256', 'md5')],
  ['invalid-media', 'no role in DTLS', (text) => text.replace('actpass', 'holdconn')],
  ['invalid-media', 'RTCP on a port of its own', (text) => text.replace('a=rtcp-mux\r\n', '')],
  ['invalid-media', 'a section outside the bundle', (text) => text.replace('BUNDLE 0 1', 'BUNDLE 0')],
  ['invalid-media', 'a mid twice', (text) => text.replace('a=mid:1', 'a=mid:0')],
  ['invalid-media', 'no mid', (text) => text.replace('a=mid:1\r\n', '')],
  ['invalid-media', 'a section that receives', (text) => text.replace('a=sendonly', 'a=recvonly')],
  ['invalid-media', 'a section that does nothing', (text) => text.replace('a=sendonly', 'a=inactive')],
  ['invalid-media', 'two of a kind', (text) => text.replace('m=video', 'm=audio').replace('VP8/90000', 'opus/48000/2')],
  ['invalid-media', 'streams that nothing tells apart', (text) => text.replace('a=ssrc:11 cname:x\r\n', '')],
  ['unsupported-codec', 'a codec that the room has not', (text) => text.replace('VP8', 'H265')],
  ['unsupported-codec', 'Opus at another rate', (text) => text.replace('opus/48000/2', 'opus/16000/2')],
  [
    'unsupported-codec',
    'H.264 in a profile that the room has not',
    (text) => text.replace('VP8', 'H264').replace('a=fmtp:97', 'a=fmtp:96 profile-level-id=4d001f\r\na=fmtp:97'),
  ],
];

for (const [code, what, change] of REFUSED) {
  test(`${what} is refused as ${code}`, () => {
    const offer = smallOffer(change);
    const reading = offer.ok ? ingestOf(offer.value, CAPABILITIES) : offer;
    assert.equal(reading.ok ? 'taken' : reading.code, code);
  });
}

test('the small offer itself is taken, with its retransmissions and its feedback', () => {
  const { tracks } = good(ingestOf(good(smallOffer()), CAPABILITIES));
  assert.deepEqual(tracks[1]?.rtpParameters.encodings, [{ ssrc: 21, rtx: { ssrc: 22 } }]);
  assert.deepEqual(tracks[1]?.rtpParameters.codecs[0]?.rtcpFeedback, [{ type: 'nack', parameter: 'pli' }]);
});

test('a section that is no media is rejected with port 0, and stays out of the bundle', () => {
  const channel = [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:2',
    'a=sctp-port:5000',
  ];
  const offer = good(smallOffer((text) => `${text.replace('BUNDLE 0 1', 'BUNDLE 0 1 2')}${channel.join('\r\n')}\r\n`));
  const { sections } = good(ingestOf(offer, CAPABILITIES));
  const answer = parse(answerTo(offer, sections));
  assert.equal(answer.groups?.[0]?.mids, '0 1');
  assert.equal(answer.media[2]?.port, 0);
  assert.equal(answer.media[2]?.payloads, 'webrtc-datachannel');
});

test('the client begins DTLS unless it waits for it', () => {
  const roles = ['actpass', 'active', 'passive'].map((setup) => {
    const offer = good(smallOffer((text) => text.replace('actpass', setup)));
    return [offer.dtls.role, parse(answerTo(offer, good(ingestOf(offer, CAPABILITIES)).sections)).media[0]?.setup];
  });
  assert.deepEqual(roles, [
    ['client', 'passive'],
    ['client', 'passive'],
    ['server', 'active'],
  ]);
});

test('a sender of stereo is asked for it, and others are not', () => {
  const fmtp = (config: string) => {
    const offer = good(smallOffer((text) => text.replace('a=ssrc:11', `a=fmtp:111 ${config}\r\na=ssrc:11`)));
    return parse(answerTo(offer, good(ingestOf(offer, CAPABILITIES)).sections)).media[0]?.fmtp[0]?.config;
  };
  assert.match(fmtp('minptime=10;sprop-stereo=1') ?? '', /(?:^|;)stereo=1(?:;|$)/u);
  assert.doesNotMatch(fmtp('minptime=10') ?? '', /stereo/u);
});

test('text that is a number is kept as text', () => {
  const lines = [
    'v=0',
    's=-',
    'a=ice-ufrag:1234',
    'a=ice-pwd:00123456789',
    `a=fingerprint:sha-256 ${Array(32).fill('CD').join(':')}`,
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:7',
    'a=rtcp-mux',
    'a=sendonly',
    'a=rtpmap:111 opus/48000/2',
  ];
  const offer = good(readOffer(lines.join('\n')));
  assert.deepEqual(offer.ice, { usernameFragment: '1234', password: '00123456789' });
  assert.equal(offer.sections[0]?.mid, '7');
});
