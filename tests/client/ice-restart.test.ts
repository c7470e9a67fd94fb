/** A restart of a transport that answers: candidates come after the answer. tests/e2e/relay-credentials-end has it with a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Restartable, restartOnTheMove, takeCandidates } from '../../client/sdk/ice-restart.ts';

const UDP = 'candidate:udpcandidate 1 udp 1076558079 192.0.2.1 44444 typ host';
const TCP = 'candidate:tcpcandidate 1 tcp 1076276479 192.0.2.1 44444 typ host tcptype passive';
const section = (kind: string, mid: string) => [
  `m=${kind} 7 UDP/TLS/RTP/SAVPF 100`,
  `a=mid:${mid}`,
  'a=ice-ufrag:new',
  `a=${UDP}`,
  `a=${TCP}`,
  'a=end-of-candidates',
  'a=recvonly',
  '',
];
const OFFER = ['v=0', 'a=group:BUNDLE data 1', ...section('application', 'data'), ...section('video', '1')].join(
  '\r\n',
);
const BARE = OFFER.split('\r\n')
  .filter((line) => !line.includes('candidate'))
  .join('\r\n');

test('an offer’s candidates are taken out, those of a bundle once', () => {
  const candidates = [UDP, TCP].map((candidate) => ({ candidate, sdpMid: 'data' }));
  assert.deepEqual(takeCandidates(OFFER), { sdp: BARE, candidates });
  assert.deepEqual(takeCandidates(OFFER.replaceAll('\r\n', '\n')), { sdp: BARE.replaceAll('\r\n', '\n'), candidates });
  assert.deepEqual(takeCandidates(BARE), { sdp: BARE, candidates: [] });
  assert.deepEqual(takeCandidates(''), { sdp: '', candidates: [] });
});

test('candidates come when the answer is set, and later offers are set as they are', async () => {
  const { pc, seen } = aConnection();
  await restartOnTheMove(pc, async () => {
    await pc.setRemoteDescription({ type: 'offer', sdp: OFFER });
    seen.push('answered');
  });
  assert.deepEqual(seen, [`offer ${BARE}`, 'answered', UDP, TCP]);
  await pc.setRemoteDescription({ type: 'offer', sdp: OFFER });
  assert.equal(seen.at(-1), `offer ${OFFER}`);
});

test('what fails half-way fails, and the connection has what was withheld', async () => {
  const { pc, seen } = aConnection();
  const broken = new Error('no answer');
  const restarting = restartOnTheMove(pc, async () => {
    await pc.setRemoteDescription({ type: 'offer', sdp: OFFER });
    throw broken;
  });
  await assert.rejects(restarting, broken);
  assert.deepEqual(seen, [`offer ${BARE}`, UDP, TCP]);
});

function aConnection() {
  const seen: string[] = [];
  const pc: Restartable = {
    setRemoteDescription: async ({ type, sdp }) => void seen.push(`${type} ${sdp}`),
    addIceCandidate: async (candidate) => void seen.push(candidate.candidate ?? ''),
  };
  return { pc, seen };
}
