/**
 * What browsers answer to `getStats()`, two moments two seconds apart, in a call that sends and receives one voice and
 * one picture. Chromium's was taken from Chromium 156; Firefox's has the members that Firefox 128's RTCStatsReport.webidl
 * names, Safari's some of the specification's, from memory: no Safari was asked. Both have the same numbers.
 */
import type { Stats } from '../../client/sdk/qoe/stats.ts';

export type Reports = { recv: Stats[]; send: Stats[] };

/** At the second 0 or later. Numbers grow as in the call that was taken: 50 packets of voice a second, 10 frames. */
export function chromium(second: number): Reports {
  const timestamp = 1_795_399_316_411.045 + second * 1000;
  const inbound = { timestamp, type: 'inbound-rtp', transportId: 'T01', packetsLost: second };
  const outbound = { timestamp, type: 'outbound-rtp', transportId: 'T01', active: true };
  const picture = { ...outbound, kind: 'video', mid: '0', mediaSourceId: 'SV1', qualityLimitationReason: 'none' };
  const heard = { timestamp: timestamp - 63, type: 'remote-inbound-rtp', roundTripTime: 0.021, jitter: 0.002 };
  return {
    recv: [
      { ...inbound, id: 'IT01A105908826', kind: 'audio', ssrc: 105_908_826, mid: '1', ...voiceIn(second) },
      {
        ...{ ...inbound, id: 'IT01V562798296', kind: 'video', ssrc: 562_798_296, mid: '0', ...pictureIn(second) },
        ...{ freezeCount: second, totalFreezesDuration: second * 0.3 },
      },
      { id: 'IT01V1234', timestamp, type: 'inbound-rtp', kind: 'video', mid: 'probator', ssrc: 1234 },
      ...path(timestamp, { availableOutgoingBitrate: 300_000, currentRoundTripTime: 0.02 }),
      transport(timestamp),
    ],
    send: [
      {
        ...{ ...outbound, id: 'OT01A1319745313', kind: 'audio', mid: '1', ssrc: 1_319_745_313, mediaSourceId: 'SA2' },
        ...{ targetBitrate: 40_000, ...voiceOut(second) },
      },
      {
        ...{ ...picture, id: 'OT01V2593116470', ssrc: 2_593_116_470, rid: 'r0', frameWidth: 320, frameHeight: 180 },
        ...{ targetBitrate: 300_000, ...layerOut(second, 1), qpSum: 90 * second },
      },
      {
        ...{ ...picture, id: 'OT01V2836013422', ssrc: 2_836_013_422, rid: 'r1', frameWidth: 640, frameHeight: 360 },
        ...{ targetBitrate: 1_500_000, ...layerOut(second, 3), qualityLimitationReason: 'bandwidth' },
      },
      { ...heard, id: 'RIA1319745313', localId: 'OT01A1319745313', ssrc: 1_319_745_313, packetsLost: 0 },
      { ...heard, id: 'RIV2593116470', localId: 'OT01V2593116470', ssrc: 2_593_116_470, packetsLost: second },
      { ...heard, id: 'RIV2836013422', localId: 'OT01V2836013422', ssrc: 2_836_013_422, packetsLost: 2 * second },
      { id: 'SA2', timestamp, type: 'media-source', kind: 'audio', trackIdentifier: 'mic' },
      {
        ...{ id: 'SV1', timestamp, type: 'media-source', kind: 'video', trackIdentifier: 'cam' },
        ...{ framesPerSecond: 10, width: 640, height: 360 },
      },
      ...path(timestamp, { availableOutgoingBitrate: 3_878_400, currentRoundTripTime: 0.021 }),
      transport(timestamp),
    ],
  };
}

/** No transport, no limitation, no target bitrate; which source a layer encodes is told by neither. */
export function firefox(second: number): Reports {
  const timestamp = 1_795_399_316_411 + second * 1000;
  const inbound = { timestamp, type: 'inbound-rtp', packetsLost: second, discardedPackets: 0 };
  const outbound = { timestamp, type: 'outbound-rtp' };
  const heard = { timestamp: timestamp - 400, type: 'remote-inbound-rtp', roundTripTime: 0.021, jitter: 0.002 };
  const pair = { type: 'candidate-pair', timestamp, nominated: true, state: 'succeeded', localCandidateId: 'c0' };
  const candidates = [
    { ...pair, id: 'p0', selected: false, localCandidateId: 'c1' },
    { ...pair, id: 'p1', selected: true },
    { id: 'c0', type: 'local-candidate', timestamp, candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' },
    { id: 'c1', type: 'local-candidate', timestamp, candidateType: 'host', protocol: 'udp' },
  ];
  return {
    recv: [
      { ...inbound, id: '9a', kind: 'audio', ssrc: 105_908_826, mid: '1', ...voiceIn(second) },
      { ...inbound, id: '9b', kind: 'video', ssrc: 562_798_296, mid: '0', ...pictureIn(second) },
      ...candidates,
    ],
    send: [
      { ...outbound, id: '7a', kind: 'audio', mid: '1', ssrc: 1_319_745_313, ...voiceOut(second) },
      {
        ...{ ...outbound, id: '7b', kind: 'video', mid: '0', rid: 'r1', ssrc: 2_836_013_422 },
        ...{ frameWidth: 640, frameHeight: 360, ...layerOut(second, 3) },
      },
      { ...heard, id: '8a', localId: '7a', ssrc: 1_319_745_313, packetsLost: 0 },
      { ...heard, id: '8b', localId: '7b', ssrc: 2_836_013_422, packetsLost: 2 * second },
      {
        ...{ id: '6', timestamp, type: 'media-source', kind: 'video', trackIdentifier: 'cam' },
        ...{ framesPerSecond: 10, width: 640, height: 360 },
      },
      ...candidates,
    ],
  };
}

/** As old ones give it: no media sections, no sizes of what is sent, no share of silence in what was made up. */
export function safari(second: number): Reports {
  const timestamp = 1_795_399_316_411 + second * 1000;
  const { silentConcealedSamples: _, ...voice } = voiceIn(second);
  return {
    recv: [
      { timestamp, type: 'inbound-rtp', id: 'ia', kind: 'audio', ssrc: 105_908_826, packetsLost: second, ...voice },
      {
        ...{ timestamp, type: 'inbound-rtp', id: 'iv', kind: 'video', ssrc: 562_798_296, packetsLost: second },
        ...pictureIn(second),
      },
      ...path(timestamp, { currentRoundTripTime: 0.02 }),
      transport(timestamp),
    ],
    send: [
      { timestamp, type: 'outbound-rtp', id: 'oa', kind: 'audio', ssrc: 1_319_745_313, ...voiceOut(second) },
      { timestamp, type: 'outbound-rtp', id: 'ov', kind: 'video', ssrc: 2_836_013_422, ...layerOut(second, 3) },
      ...path(timestamp, { currentRoundTripTime: 0.021 }),
      transport(timestamp),
    ],
  };
}

function voiceIn(second: number) {
  return {
    ...{ packetsReceived: 50 * second, bytesReceived: 4000 * second, jitter: 0.002, packetsDiscarded: second },
    ...{ totalSamplesReceived: 48_000 * second, concealedSamples: 960 * second, silentConcealedSamples: 480 * second },
    ...{ jitterBufferDelay: 48_000 * 0.04 * second, jitterBufferEmittedCount: 48_000 * second },
  };
}

function pictureIn(second: number) {
  return {
    ...{ packetsReceived: 20 * second, bytesReceived: 16_500 * second, jitter: 0.0025 },
    ...{ framesDecoded: 10 * second, frameWidth: 640, frameHeight: 360, qpSum: 60 * second },
    ...{ totalDecodeTime: 0.0082 * second, jitterBufferDelay: 0.06 * second, jitterBufferEmittedCount: 10 * second },
  };
}

function voiceOut(second: number) {
  return { packetsSent: 50 * second, bytesSent: 3600 * second };
}

function layerOut(second: number, size: number) {
  return {
    ...{ packetsSent: 10 * size * second, bytesSent: 5000 * size * second, framesEncoded: 10 * second },
    ...{ qpSum: 130 * second, totalEncodeTime: 0.041 * second },
  };
}

function transport(timestamp: number): Stats {
  return { id: 'T01', timestamp, type: 'transport', selectedCandidatePairId: 'CP1' };
}

function path(timestamp: number, more: Partial<Stats>): Stats[] {
  const pair = { timestamp, type: 'candidate-pair', nominated: false, state: 'succeeded' };
  return [
    { ...pair, id: 'CP0', localCandidateId: 'I0', currentRoundTripTime: 0.5 },
    { ...pair, id: 'CP1', localCandidateId: 'I1', nominated: true, ...more },
    { id: 'I0', timestamp, type: 'local-candidate', candidateType: 'srflx', protocol: 'tcp' },
    { id: 'I1', timestamp, type: 'local-candidate', candidateType: 'host', protocol: 'udp' },
  ];
}
