import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parse } from 'sdp-transform';

import { checkRtpParameters, layerCounts } from '../../src/media/validate.ts';
import { ingestOf } from '../../src/whip/ingest.ts';
import { readOffer } from '../../src/whip/offer.ts';
import { answerTo, CAPABILITIES, good, OFFERS, offerText } from './support.ts';

/** What each client is going to send: codecs by payload type, and how its streams are told apart. */
const EXPECTED = {
  aiortc: { audio: 'opus 96', video: 'VP8 97, rtx 98', streams: 'ssrc 1895305783 rtx 1950192907' },
  'chromium-publish': { audio: 'opus 111', video: 'VP8 96, rtx 97', streams: 'ssrc rtx' },
  'chromium-simulcast': { audio: 'opus 111', video: 'VP8 96, rtx 97', streams: 'rid l, rid m, rid h' },
  ffmpeg: { audio: 'opus 111', video: 'H264 106', streams: 'ssrc 107169110' },
  'firefox-style': { audio: 'opus 109', video: 'VP8 120, rtx 124', streams: 'ssrc 2718281828 rtx 2718281829' },
  gstreamer: { audio: 'opus 97', video: 'VP8 96', streams: 'ssrc 4268499544' },
  libdatachannel: { audio: 'opus 111', video: 'H264 96', streams: 'ssrc 43' },
  'obs-simulcast': { audio: 'opus 111', video: 'H264 96', streams: 'rid 2, rid 1, rid 0' },
  wrtc: { audio: 'opus 111', video: 'VP8 96, rtx 97', streams: 'ssrc rtx' },
} as const satisfies Record<(typeof OFFERS)[number], { audio: string; video: string; streams: string }>;

for (const name of OFFERS) {
  test(`the offer of ${name} becomes parameters that the media engine takes`, () => {
    const offer = good(readOffer(offerText(name)));
    const { tracks } = good(ingestOf(offer, CAPABILITIES));
    const checked = tracks.map(({ kind, rtpParameters }) => {
      const parameters = checkRtpParameters(kind, rtpParameters, CAPABILITIES);
      assert.ok(offer.sections.some(({ mid }) => mid === parameters.mid));
      return { kind, parameters };
    });
    const { audio, video, streams } = EXPECTED[name];
    const [sound, picture] = (['audio', 'video'] as const).map(
      (kind) => checked.find((one) => one.kind === kind)!.parameters,
    );
    const named = (of: typeof sound) =>
      of!.codecs.map(({ mimeType, payloadType }) => `${mimeType.split('/')[1]} ${payloadType}`).join(', ');
    assert.equal(named(sound).toLowerCase(), audio.toLowerCase());
    assert.equal(named(picture).toLowerCase(), video.toLowerCase());
    const found = picture!.encodings!.map(({ ssrc, rid, rtx }) =>
      rid === undefined ? `ssrc ${ssrc}${rtx === undefined ? '' : ` rtx ${rtx.ssrc}`}` : `rid ${rid}`,
    );
    // A browser's SSRCs are whatever they were that day.
    if (streams === 'ssrc rtx') assert.match(found.join(', '), /^ssrc \d+ rtx \d+$/u);
    else assert.equal(found.join(', '), streams);
    assert.equal(layerCounts(picture!).spatial, found.length);
  });

  test(`the offer of ${name} is answered section by section, as an ICE-lite receiver`, () => {
    const offer = good(readOffer(offerText(name)));
    const { sections } = good(ingestOf(offer, CAPABILITIES));
    const text = answerTo(offer, sections);
    // RFC 9725 §4.4.1.
    assert.equal(text.match(/^a=rtcp-mux-only\r$/gmu)?.length, 2);
    const answer = parse(text);
    assert.equal(answer.icelite, 'ice-lite');
    assert.deepEqual(
      answer.media.map(({ mid, type }) => [String(mid), type]),
      offer.sections.map(({ mid, type }) => [mid, type]),
    );
    assert.equal(String(answer.groups?.[0]?.mids), offer.sections.map(({ mid }) => mid).join(' '));
    for (const media of answer.media) {
      assert.deepEqual([media.direction, media.port, media.rtcpMux], ['recvonly', 9, 'rtcp-mux']);
      assert.equal(media.setup, name === 'ffmpeg' ? 'active' : 'passive');
      assert.equal(String(media.iceUfrag), 'serverufrag');
      // RFC 3264 §6: nothing but what was offered.
      const offered = offer.sections.find(({ mid }) => mid === String(media.mid))!;
      for (const { payload } of media.rtp) assert.ok(offered.codecs.some(({ payloadType }) => payloadType === payload));
      for (const { value, uri } of media.ext ?? []) {
        assert.ok(offered.extensions.some((extension) => extension.id === value && extension.uri === uri));
      }
    }
    assert.equal(answer.media[0]?.candidates?.length, 1);
  });
}

test('a simulcast is answered by the same RIDs in the same order', () => {
  const offer = good(readOffer(offerText('chromium-simulcast')));
  const { sections } = good(ingestOf(offer, CAPABILITIES));
  const video = parse(answerTo(offer, sections)).media[1];
  assert.deepEqual(video?.simulcast, { dir1: 'recv', list1: 'h;m;l' });
  assert.deepEqual(video?.rids, [
    { id: 'h', direction: 'recv' },
    { id: 'm', direction: 'recv' },
    { id: 'l', direction: 'recv' },
  ]);
});
