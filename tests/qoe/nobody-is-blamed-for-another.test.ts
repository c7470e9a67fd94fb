import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Millis } from '../../src/kernel/clock.ts';
import { CAUSES, describeCause, placeOf } from '../../src/qoe/causes.ts';
import { QoeSession } from '../../src/qoe/session.ts';
import type { LinkView } from '../../src/qoe/server-view.ts';
import type { Quality } from '../../src/qoe/tally.ts';

test('a clean call: everybody is excellent, and there is nothing to tell', () => {
  const call = twoInACall();
  call.run(10, {});
  for (const each of [call.ann.quality.up, call.ann.quality.both, call.bob.quality.down, call.bob.quality.both]) {
    assert.ok(each.score >= 4, String(each.score));
    assert.equal(each.level, 'excellent');
    assert.equal(each.cause, -1);
  }
  assert.ok(call.bob.quality.experience >= 4);
  assert.ok(Number.isNaN(call.ann.quality.down.score), 'she receives nothing');
});

test("loss on Ann's way up is hers, though it is Bob who hears it", () => {
  const call = twoInACall();
  call.run(10, {});
  call.run(4, { lossUp: 0.08 });
  assert.equal(call.ann.quality.up.level, 'poor', 'within 4 s');
  assert.equal(idOf(call.ann.quality.up), 'loss-up');
  assert.match(describeCause(call.ann.quality.up.cause, call.ann.quality.up.amount), /^loss [78] % up$/u);
  assert.equal(call.ann.quality.down.level, 'excellent');
  assert.equal(call.bob.quality.down.level, 'excellent', "Bob's downlink has done nothing");
  assert.equal(call.bob.quality.up.level, 'excellent');
  assert.ok(call.bob.quality.experience < 3.3, String(call.bob.quality.experience));
});

test("loss on Bob's way down is his, and Ann does not hear of it", () => {
  const call = twoInACall();
  call.run(10, {});
  call.run(4, { lossDown: 0.12 });
  assert.equal(call.bob.quality.down.level, 'poor');
  assert.equal(idOf(call.bob.quality.down), 'loss-down');
  assert.equal(placeOf(call.bob.quality.down.cause), 'downlink');
  assert.equal(call.bob.quality.up.level, 'excellent');
  assert.equal(call.ann.quality.both.level, 'excellent');
});

test('of a slow round trip the way is blamed that the client says is slow', () => {
  const call = twoInACall();
  call.run(10, {});
  call.run(4, { delayUp: 400, delayDown: 10 });
  assert.equal(call.ann.quality.up.level, 'good');
  assert.equal(describeCause(call.ann.quality.up.cause, call.ann.quality.up.amount), 'delay 400 ms up');
  assert.equal(call.bob.quality.down.level, 'excellent');

  const other = twoInACall();
  other.run(10, {});
  other.run(4, { delayDown: 400, delayUp: 10 });
  assert.equal(describeCause(other.bob.quality.down.cause, other.bob.quality.down.amount), 'delay 400 ms down');
  assert.equal(other.ann.quality.up.level, 'excellent');
});

test("a way up that got longer is seen by the server's own clock, before any client tells", () => {
  const call = twoInACall();
  call.run(10, { silentClients: true });
  call.ann.takeLink({ ...FINE, slowerUp: 300 });
  call.run(4, { silentClients: true, rttUp: 320 });
  assert.equal(call.ann.quality.up.level, 'good');
  assert.equal(describeCause(call.ann.quality.up.cause, call.ann.quality.up.amount), 'delay 310 ms up');
  assert.equal(call.bob.quality.down.level, 'excellent');
});

test('a way up that is much longer at once is believed with the first round trip that says so, and not before', () => {
  const call = twoInACall();
  call.run(20, {});
  call.ann.takeLink({ ...FINE, slowerUp: 400 });
  call.run(1, {});
  assert.equal(call.ann.quality.up.level, 'excellent', 'the round trip is what it was: a clock was set');
  call.run(1, { rttUp: 420 });
  assert.equal(describeCause(call.ann.quality.up.cause, call.ann.quality.up.amount), 'delay 410 ms up');
});

test('who sends a small picture because nobody looks at more is no bad source', () => {
  const call = twoInACall();
  call.run(10, { wantedShare: 1 / 16, sentScale: 4 });
  assert.ok(call.ann.quality.up.score >= 4, `${call.ann.quality.up.score} for ${idOf(call.ann.quality.up)}`);
  const other = twoInACall();
  other.run(10, { sentScale: 4 });
  assert.equal(idOf(other.ann.quality.up), 'codec-source', 'but who was to send it all is');
});

test('who sends coarsely because the uplink takes no more is not called a bad source, though the browser names no limit', () => {
  const coarse = { sentQp: 95, targetBitrate: 300_000 };
  const narrow = twoInACall();
  narrow.run(10, { ...coarse, available: 420_000 });
  assert.equal(idOf(narrow.ann.quality.up), 'bandwidth-up');
  const wide = twoInACall();
  wide.run(10, { ...coarse, available: 3_000_000 });
  assert.equal(idOf(wide.ann.quality.up), 'codec-source');
  const silent = twoInACall();
  silent.run(10, coarse);
  assert.equal(idOf(silent.ann.quality.up), 'codec-source', 'nor is a network blamed of which nobody tells');
});

test('a clock that was set is no longer way', () => {
  const call = twoInACall();
  call.run(10, {});
  call.ann.takeLink({ ...FINE, slowerUp: 5000 });
  call.run(10, {});
  assert.equal(call.ann.quality.up.level, 'excellent');
});

test('what comes late because the way got longer is put down to that, and not to a jitter that is not there', () => {
  const call = twoInACall();
  call.run(10, { delayDown: 10 });
  call.run(4, { delayDown: 210, buffer: 250 });
  const { cause, amount } = call.bob.quality.down;
  assert.match(describeCause(cause, amount), /^delay 3\d\d ms down$/u, 'and so is what the buffer waits');
});

test('what a client said of its ways is forgotten when it says no more', () => {
  const call = twoInACall();
  call.run(10, { delayUp: 400, delayDown: 10 });
  call.run(12, { silentClients: true });
  assert.ok(call.ann.quality.up.score >= 4, String(call.ann.quality.up.score));
});

test('a freeze is told when it is over, and still put down to the way that was in trouble before', () => {
  for (const [way, place] of [
    ['lossUp', 'uplink'],
    ['lossDown', 'downlink'],
  ] as const) {
    const call = twoInACall();
    call.run(10, {});
    call.run(2, { [way]: 0.3 });
    call.run(8, {});
    call.run(2, { frozen: 1500 });
    const { down } = call.bob.quality;
    if (place === 'downlink') assert.equal(placeOf(down.cause), 'downlink');
    else assert.ok(down.score >= 4, `Bob's downlink has done nothing: ${down.score}`);
    assert.ok(call.bob.quality.experience < 3.5);
  }
});

test('where neither way showed anything, no network is blamed for what came late or stood still', () => {
  const call = twoInACall();
  call.run(10, {});
  call.run(4, { frozen: 800, buffer: 500 });
  for (const each of [call.bob.quality.down, call.ann.quality.up]) assert.ok(each.score >= 4, String(each.score));
  assert.ok(call.bob.quality.experience < 3.5, 'which does not make it any better');
});

test("an encoder that its machine holds back is the source's fault", () => {
  const call = twoInACall();
  call.run(10, { sentFps: 6, limitation: 'cpu' });
  assert.equal(idOf(call.ann.quality.up), 'cpu-source');
  assert.equal(placeOf(call.ann.quality.up.cause), 'source');
  assert.equal(call.bob.quality.down.level, 'excellent');
  assert.ok(call.bob.quality.experience < 4);
});

test('a relay over TCP is named where delay costs', () => {
  const call = twoInACall();
  call.run(6, { rttDown: 900, relayTcpDown: true });
  assert.equal(describeCause(call.bob.quality.down.cause, call.bob.quality.down.amount), 'relay over TCP');
  assert.ok(call.bob.quality.down.score < 4);
});

test('an uplink that brings nothing any more is lost, and comes back slowly', () => {
  const call = twoInACall();
  call.run(10, {});
  call.run(5, { cutUp: true });
  assert.equal(call.ann.quality.up.level, 'lost');
  call.run(4, {});
  assert.equal(call.ann.quality.up.level, 'poor');
  call.run(24, {});
  assert.equal(call.ann.quality.up.level, 'excellent');
});

test('without its beacons a client is judged by what the server sees', () => {
  const call = twoInACall();
  call.run(6, { lossUp: 0.1, silentClients: true });
  assert.equal(call.ann.quality.up.level, 'poor');
  assert.equal(idOf(call.ann.quality.up), 'loss-up');
});

test('a disconnected transport is lost at once', () => {
  const call = twoInACall();
  call.run(4, {});
  call.ann.takeLink({ ...FINE, connected: false });
  call.run(1, { silentClients: true });
  assert.equal(call.ann.quality.both.level, 'lost');
});

/** What happens to what Ann sends Bob. */
type Weather = {
  lossUp?: number;
  lossDown?: number;
  rttUp?: number;
  wantedShare?: number;
  sentScale?: number;
  rttDown?: number;
  /** Of Ann's way and of Bob's, as their clients tell it. */
  delayUp?: number;
  delayDown?: number;
  relayTcpDown?: boolean;
  /** What Bob's machine shows and plays, ms. */
  frozen?: number;
  buffer?: number;
  sentFps?: number;
  /** Of her picture's encoder, and what her browser believes its uplink to take, bit/s. */
  sentQp?: number;
  targetBitrate?: number;
  available?: number;
  limitation?: string;
  cutUp?: boolean;
  silentClients?: boolean;
};

const FINE: LinkView = { connected: true, overTcp: false, slowerUp: Number.NaN };

/** Ann sends a voice and a picture, Bob receives them; the server looks every second, clients tell every 2 s. */
function twoInACall() {
  let now = 1_700_000_000_000;
  let seq = 0;
  const ann = new QoeSession('ann', now as Millis);
  const bob = new QoeSession('bob', now as Millis);
  const senderOf = (id: string) => (id.startsWith('p') ? ann : undefined);

  function beacon(session: QoeSession, samples: object[]): void {
    const list = samples.map((each) => ({ seq: seq++, at: now, ms: 2000, ...each }));
    const report = session.ingest({ v: 1, session: session.id, sentAt: now, samples: list }, (now + 20) as Millis);
    assert.equal(report.rejected, 0, JSON.stringify(report));
  }

  function look({ lossUp = 0, lossDown = 0, rttUp = 20, rttDown = 20, cutUp = false, wantedShare = 1 }: Weather): void {
    for (const kind of ['audio', 'video'] as const) {
      const packets = kind === 'audio' ? 50 : 150;
      const rest = { kind, codec: kind === 'audio' ? 'opus' : 'vp8', paused: false, ms: 1000, jitter: 3 };
      const source = kind === 'audio' ? 'microphone' : 'camera';
      const lost = Math.round(packets * lossUp);
      const up = cutUp
        ? { packets: 0, lost: 0, bitrate: 0 }
        : { packets: packets - lost, lost, bitrate: 8000 * packets };
      ann.takeProducer(
        { id: `p-${kind}`, source, rtt: rttUp, ...rest, ...up, wantedShare: kind === 'video' ? wantedShare : 1 },
        now as Millis,
      );
      const down = { packets: packets - Math.round(packets * lossDown), lost: Math.round(packets * lossDown) };
      bob.takeConsumer(
        {
          id: `c-${kind}`,
          producerId: `p-${kind}`,
          source,
          wantedShare: 1,
          rtt: rttDown,
          bitrate: 1e5,
          ...rest,
          ...down,
        },
        now as Millis,
      );
    }
  }

  function tell(weather: Weather): void {
    const { lossUp = 0, lossDown = 0, sentFps = 30, limitation = 'none', relayTcpDown = false } = weather;
    const { delayUp, delayDown, frozen = 0, buffer = 50 } = weather;
    const { sentScale = 1, sentQp, targetBitrate, available } = weather;
    const hd = { width: 1280 / sentScale, height: 720 / sentScale };
    beacon(ann, [
      {
        ...{ kind: 'session', rtt: 20, candidateType: 'host', protocol: 'udp' },
        ...(delayUp === undefined ? {} : { delayUp, delayDown: 10 }),
        ...(available === undefined ? {} : { available }),
      },
      { kind: 'send', track: 'p-audio', packets: 100, rtt: 20, targetBitrate: 40_000 },
      {
        kind: 'send',
        track: 'p-video',
        ...hd,
        fps: sentFps,
        sourceFps: 30,
        sourceWidth: 1280,
        sourceHeight: 720,
        limitation,
        ...(sentQp === undefined ? {} : { qp: sentQp }),
        ...(targetBitrate === undefined ? {} : { targetBitrate }),
      },
    ]);
    const loss = 1 - (1 - lossUp) * (1 - lossDown);
    beacon(bob, [
      {
        ...{ kind: 'session', candidateType: relayTcpDown ? 'relay' : 'host', protocol: relayTcpDown ? 'tcp' : 'udp' },
        ...(delayDown === undefined ? {} : { delayDown, delayUp: 10 }),
      },
      { kind: 'recv', track: 'c-audio', packets: 100, concealed: loss * 0.9, buffer },
      {
        kind: 'recv',
        track: 'c-video',
        ...hd,
        fps: sentFps,
        frozen,
        freezes: Number(frozen > 0),
        qp: sentQp ?? 40,
        decodeTime: 3,
      },
    ]);
  }

  return {
    ann,
    bob,
    run(seconds: number, weather: Weather) {
      for (let second = 0; second < seconds; second += 1) {
        now += 1000;
        look(weather);
        if (second % 2 === 1 && weather.silentClients !== true) tell(weather);
        ann.score(now as Millis, senderOf);
        bob.score(now as Millis, senderOf);
      }
    },
  };
}

function idOf({ cause }: Quality): string | undefined {
  return CAUSES[cause]?.id;
}
