import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { createAudience } from '../../loadtest/bots/audience.ts';
import { cameraClip, voiceClip } from '../../loadtest/bots/clip.ts';
import { releasePeers } from '../../loadtest/bots/peer.ts';
import { createRecorder } from '../../loadtest/report/recorder.ts';
import { fetchToken, startOwnServer } from '../../loadtest/support/own-server.ts';

after(releasePeers);

test('what bots send is real video and sound, cut so that no packet is too long', () => {
  for (const [clip, bitrate] of [
    [voiceClip(), 32_000],
    [cameraClip('vp8'), 1_200_000],
    [cameraClip('h264'), 1_200_000],
  ] as const) {
    const payloads = clip.frames.flatMap((frame) => frame.payloads);
    assert.ok(payloads.every(({ length }) => length > 0 && length <= 1100));
    const bits = payloads.reduce((sum, { length }) => sum + 8 * length, 0);
    const seconds = (clip.frames.length * clip.ticks) / clip.clockRate;
    assert.ok(Math.abs(bits / seconds / bitrate - 1) < 0.1, `${bits / seconds} bit/s`);
  }
  // RFC 6386 §9.1: a key frame's start code, behind its tag of three bytes and the descriptor of one.
  assert.deepEqual([...cameraClip('vp8').frames[0]!.payloads[0]!.subarray(4, 7)], [0x9d, 0x01, 0x2a]);
  // RFC 6184 §1.3: a sequence parameter set comes first.
  assert.equal(cameraClip('h264').frames[0]!.payloads[0]![0]! & 0x1f, 7);
});

for (const video of ['vp8', 'h264'] as const) {
  test(
    `bots join over real ICE, DTLS and SRTP, and hear and see each other in ${video}`,
    { timeout: 60_000 },
    async (t) => {
      const server = await startOwnServer(['--media.workers', '1']);
      t.after(() => server.close());
      const recorder = createRecorder();
      const audience = createAudience(recorder);
      t.after(() => audience.stop());
      const join = async (identity: string) =>
        audience.join({ origin: server.url, token: await fetchToken(server, 'call', identity), publish: { video } });
      const [ada, bob] = [await join('ada'), await join('bob')];
      audience.begin();
      const value = (name: string) => recorder.finish().values.find((it) => it.name === name)?.value ?? 0;
      while (value('received.total') < 600) await new Promise((resolve) => setTimeout(resolve, 100));
      audience.end();

      assert.ok(ada.sent > 100 && bob.sent > 100);
      assert.ok(bob.steps.opened < bob.steps.joined && bob.steps.joined < (bob.steps.connected ?? 0));
      assert.ok((bob.steps.firstPacket ?? 0) > bob.steps.joined);
      assert.equal(value('loss.percent'), 0);
      // Each packet is known again by its payload, but for those that a restart of the clip sends twice.
      assert.ok(value('latency.count') > 0.5 * value('received.total'), `${value('latency.count')}`);
      assert.ok(value('latency.p50') >= 0 && value('latency.p50') < 1000);
      await audience.leave(ada);
      const people = await fetch(`${server.url}/v1/rooms/call/participants`, {
        headers: { authorization: `Bearer ${server.key}` },
      });
      const { participants } = (await people.json()) as { participants: { identity: string }[] };
      assert.deepEqual(
        participants.map(({ identity }) => identity),
        ['bob'],
      );
    },
  );
}
