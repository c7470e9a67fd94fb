import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { CODEC_NAMES, routerCapabilities, routerCodecs } from '../../src/media/codecs.ts';
import type { AnsweredSection } from '../../src/whip/answer.ts';
import { writeAnswer } from '../../src/whip/answer.ts';
import { type Offer, readOffer } from '../../src/whip/offer.ts';
import type { Reading } from '../../src/whip/reading.ts';

/** Files of tests/whip/offers. */
export const OFFERS = [
  'aiortc',
  'chromium-publish',
  'chromium-simulcast',
  'ffmpeg',
  'firefox-style',
  'gstreamer',
  'libdatachannel',
  'obs-simulcast',
  'wrtc',
] as const;

/** What every room of the default configuration has. */
export const CAPABILITIES = routerCapabilities(routerCodecs(CODEC_NAMES));

export function offerText(name: string): string {
  return readFileSync(new URL(`offers/${name}.sdp`, import.meta.url), 'utf8');
}

/** Fails where `reading` is a refusal. */
export function good<Value>(reading: Reading<Value>): Value {
  assert.ok(reading.ok, reading.ok ? '' : `${reading.code}: ${reading.why}`);
  return reading.value;
}

/** An answer with these sections, from a transport of no room in particular. */
export function answerTo(offer: Offer, sections: readonly AnsweredSection[]): string {
  return writeAnswer({
    sessionId: '1',
    extmapAllowMixed: offer.extmapAllowMixed,
    sections,
    transport: {
      iceParameters: { usernameFragment: 'serverufrag', password: 'serverpassword', iceLite: true },
      iceCandidates: [
        {
          foundation: 'udpcandidate',
          priority: 1,
          ip: '192.0.2.1',
          address: '192.0.2.1',
          protocol: 'udp',
          port: 40000,
          type: 'host',
        },
      ],
      fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
      setup: offer.dtls.role === 'server' ? 'active' : 'passive',
    },
  });
}

/** A small offer of one section of each kind; `change` edits its text. */
export function smallOffer(change: (text: string) => string = (text) => text): Reading<Offer> {
  return readOffer(change(SMALL.join('\r\n') + '\r\n'));
}

const SMALL = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'a=ice-ufrag:ufrag',
  'a=ice-pwd:password',
  `a=fingerprint:sha-256 ${Array(32).fill('CD').join(':')}`,
  'a=setup:actpass',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=mid:0',
  'a=sendonly',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=ssrc:11 cname:x',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'c=IN IP4 0.0.0.0',
  'a=mid:1',
  'a=sendonly',
  'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:* nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=ssrc-group:FID 21 22',
  'a=ssrc:21 cname:x',
  'a=ssrc:22 cname:x',
];
