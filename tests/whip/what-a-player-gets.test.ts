import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parse } from 'sdp-transform';

import type { ConsumerInfo } from '../../src/rooms/events.ts';
import type { ConsumerId, ParticipantId, ProducerId } from '../../src/rooms/ids.ts';
import { answerSection, playerOf } from '../../src/whip/egress.ts';
import { readOffer } from '../../src/whip/offer.ts';
import { assignTracks, type Performer } from '../../src/whip/tracks.ts';
import { answerTo, CAPABILITIES, good, offerText, smallOffer } from './support.ts';

test("a browser's player is sent its own payload types, and no extension under another number", () => {
  const player = good(playerOf(good(readOffer(offerText('chromium-play'))), CAPABILITIES));
  const roomOpus = CAPABILITIES.codecs.find(({ mimeType }) => mimeType === 'audio/opus')?.preferredPayloadType;
  const roomVp8 = CAPABILITIES.codecs.find(({ mimeType }) => mimeType === 'video/VP8')?.preferredPayloadType;
  assert.equal(player.payloadTypes.get(roomOpus ?? -1), 111);
  assert.equal(player.payloadTypes.get(roomVp8 ?? -1), 96);
  assert.deepEqual(
    player.rtpCapabilities.headerExtensions?.filter(({ kind, uri, preferredId }) =>
      CAPABILITIES.headerExtensions?.every(
        (known) => known.kind !== kind || known.uri !== uri || known.preferredId !== preferredId,
      ),
    ),
    [],
  );
  // Repaired on the same stream: a router gives RTX a payload type of its own choice.
  assert.ok(player.rtpCapabilities.codecs.every(({ mimeType }) => !mimeType.endsWith('/rtx')));
});

test('an extension that happens to have the same number is kept', () => {
  const text = offerText('firefox-style').replaceAll('a=sendonly', 'a=recvonly');
  const player = good(playerOf(good(readOffer(text)), CAPABILITIES));
  assert.deepEqual(player.rtpCapabilities.headerExtensions, [
    { kind: 'video', uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', preferredId: 4 },
  ]);
});

test('the answer says what is sent, whose it is, and leaves what is not sent inactive', () => {
  const offer = good(readOffer(offerText('chromium-play')));
  const player = good(playerOf(offer, CAPABILITIES));
  const sections = player.sections.map((section, at) =>
    answerSection(section, at === 1 ? consumer({ payloadType: 96, ssrc: 777 }) : undefined, CAPABILITIES),
  );
  const answer = parse(answerTo(offer, sections));
  assert.deepEqual(
    answer.media.map(({ direction }) => direction),
    ['inactive', 'sendonly', 'inactive'],
  );
  const video = answer.media[1];
  assert.equal(String(video?.payloads), '96');
  assert.deepEqual(
    video?.ssrcs?.map(({ id }) => id),
    [777, 777],
  );
  assert.deepEqual(video?.msid, [{ id: 'participant', appdata: 'producer' }]);
  assert.equal(answer.groups?.[0]?.mids, '0 1 2');
});

test('an offer that only sends plays nothing', () => {
  const reading = playerOf(good(smallOffer()), CAPABILITIES);
  assert.equal(reading.ok ? 'taken' : reading.code, 'invalid-media');
  const foreign = good(smallOffer((text) => text.replaceAll('sendonly', 'recvonly').replace(/opus|VP8/gu, 'G722')));
  const refused = playerOf(foreign, CAPABILITIES);
  assert.equal(refused.ok ? 'taken' : refused.code, 'unsupported-codec');
});

test('one section of each kind gets the active speaker, more of them the others as they came', () => {
  const performers = [performer(0, 100), performer(1, 300), performer(2, 200)];
  const ids = (kinds: ('audio' | 'video' | undefined)[], speaker: number | null) =>
    assignTracks(kinds, performers, speaker).map((track) => track?.id);
  assert.deepEqual(ids(['audio', 'video'], 1), ['microphone-1', 'camera-1']);
  assert.deepEqual(ids(['audio', 'video'], null), ['microphone-0', 'camera-0']);
  assert.deepEqual(ids(['video', 'video', undefined, 'video'], 1), ['camera-1', 'screen-1', undefined, 'camera-0']);
  assert.deepEqual(ids(['audio', 'audio', 'audio', 'audio'], 2), [
    'microphone-2',
    'microphone-0',
    'microphone-1',
    undefined,
  ]);
});

function performer(index: number, joinedAt: number): Performer {
  const track = (source: 'screen' | 'camera' | 'microphone') => ({
    id: `${source}-${index}` as ProducerId,
    kind: source === 'microphone' ? ('audio' as const) : ('video' as const),
    source,
  });
  return { index, joinedAt, tracks: [track('screen'), track('microphone'), track('camera')] };
}

function consumer({ payloadType, ssrc }: { payloadType: number; ssrc: number }): ConsumerInfo {
  return {
    id: 'consumer' as ConsumerId,
    producerId: 'producer' as ProducerId,
    participantId: 'participant' as ParticipantId,
    kind: 'video',
    source: 'camera',
    rtpParameters: {
      codecs: [{ mimeType: 'video/VP8', payloadType, clockRate: 90_000, rtcpFeedback: [{ type: 'nack' }] }],
      encodings: [{ ssrc }],
      rtcp: { cname: 'somebody' },
    },
    paused: false,
    producerPaused: false,
    withheld: null,
  };
}
