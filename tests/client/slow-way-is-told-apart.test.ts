import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createCollector } from '../../client/sdk/qoe/collector.ts';
import { OneWayDelay, type ReportArrival, type RoundTrip } from '../../client/sdk/qoe/one-way-delay.ts';
import { CLEAN, Direction } from '../support/impairment.ts';

const BASE = 10;
const EPOCH = 1_795_000_000_000;

test('the way that got slow is told, whichever it is, whatever the clocks say', () => {
  for (const clock of [0, -3_600_000, 1e12]) {
    const up = call({ clock });
    up.run(20, {});
    up.run(6, { up: 300 });
    assert.deepEqual(up.told(), { up: BASE + 300, down: BASE });
    const down = call({ clock });
    down.run(20, {});
    down.run(6, { down: 300 });
    assert.deepEqual(down.told(), { up: BASE, down: BASE + 300 });
    down.run(6, {});
    assert.deepEqual(down.told(), { up: BASE, down: BASE });
    down.run(6, { up: 120, down: 80 });
    assert.deepEqual(down.told(), { up: BASE + 120, down: BASE + 80 });
  }
});

test('the other way is never blamed, however reports and round trips come', () => {
  const phases = fc.record({
    every: fc.integer({ min: 700, max: 1500 }),
    offset: fc.nat(1500),
    trips: fc.integer({ min: 700, max: 2600 }),
    tripOffset: fc.nat(2600),
    looks: fc.constantFrom(500, 2000),
    slow: fc.constantFrom('up', 'down'),
    at: fc.integer({ min: 20_000, max: 24_000 }),
  });
  fc.assert(
    fc.property(phases, ({ slow, at, ...how }) => {
      const one = call(how);
      const other = slow === 'up' ? 'down' : 'up';
      one.until(at, {});
      one.until(at + 8000, { [slow]: 300 }, (told) => assert.ok(told[other] <= BASE + 5, JSON.stringify(told)));
      assert.ok(Math.abs(one.told()[slow as 'up'] - BASE - 300) <= 5, JSON.stringify(one.told()));
      one.until(at + 16_000, {}, (told) => assert.ok(told[other] <= BASE + 5, JSON.stringify(told)));
      assert.ok(one.told()[slow as 'up'] <= BASE + 5);
    }),
    { numRuns: 300 },
  );
});

test('clocks that run apart are followed', () => {
  for (const drift of [5e-5, -5e-5]) {
    const one = call({ drift });
    one.run(7200, {});
    const { up, down } = one.told();
    assert.ok(Math.abs(up - BASE) < 5 && Math.abs(down - BASE) < 5, `${up} ${down}`);
    one.run(6, { down: 300 });
    assert.ok(Math.abs(one.told().down - BASE - 300) < 5);
  }
});

test('a clock that is set, forth or back, is no slow way', () => {
  for (const jump of [60_000, -60_000]) {
    const one = call({});
    one.run(20, {});
    one.setClock(jump);
    one.run(10, {});
    assert.deepEqual(one.told(), { up: BASE, down: BASE });
  }
});

test("a page's samples tell both ways, from the server's sender and receiver reports", () => {
  const collector = createCollector(EPOCH);
  const last = [0, 1, 2, 3].map((look) => {
    const at = EPOCH + look * 2000;
    const late = look < 2 ? 0 : 300;
    const entry = (type: string, more: object) => ({ ...{ id: type, type, timestamp: at - 500 }, ...more });
    const pair = { ...entry('candidate-pair', { nominated: true, state: 'succeeded' }), timestamp: at };
    const recv = [pair, entry('remote-outbound-rtp', { remoteTimestamp: at - 500 - BASE - late })];
    const send = [pair, entry('remote-inbound-rtp', { roundTripTime: (2 * BASE + late) / 1000 })];
    const [sample] = collector.take({ at, recv, send, received: [], sent: [], timings: {} });
    return sample?.kind === 'session'
      ? [sample.delayUp, sample.delayDown].map((ms = Number.NaN) => Math.round(ms))
      : [];
  });
  assert.deepEqual(last, [
    [BASE, BASE],
    [BASE, BASE],
    [BASE, BASE + 300],
    [BASE, BASE + 300],
  ]);
});

test('without reports, or without round trips, nothing is told', () => {
  const delay = new OneWayDelay();
  delay.observe(undefined, { rtt: 300, at: 1 });
  assert.deepEqual([delay.up, delay.down], [Number.NaN, Number.NaN]);
  const other = new OneWayDelay();
  other.observe({ sentAt: 0, arrivedAt: 5 }, undefined);
  assert.deepEqual([other.up, other.down], [Number.NaN, Number.NaN]);
});

type Ways = { up?: number; down?: number };
type Told = { up: number; down: number };

/**
 * A server that reports every so often, round trips that are measured every so often, and somebody who looks at the last of
 * each every so often. Both ways take BASE ms and what is said.
 */
function call(how: {
  clock?: number;
  drift?: number;
  every?: number;
  offset?: number;
  trips?: number;
  tripOffset?: number;
  looks?: number;
}) {
  const { drift = 0, every = 1000, offset = 0, trips: tripsEvery = 1000, tripOffset = 300, looks = 2000 } = how;
  let { clock = 0 } = how;
  const delay = new OneWayDelay();
  const told = (): Told => ({ up: Math.round(delay.up), down: Math.round(delay.down) });
  // By the server's clock, ms.
  let now = 0;
  const ours = (at: number) => at * (1 + drift) + clock;
  const ways = { up: new Direction(1), down: new Direction(2) };
  const trips: { startedAt: number; turnsAt: number }[] = [];
  let arriving: { at: number; report?: ReportArrival; trip?: RoundTrip }[] = [];
  let report: ReportArrival | undefined;
  let trip: RoundTrip | undefined;
  const send = (way: Direction, at: number) => Number(way.send(100, at));

  function until(end: number, { up = 0, down = 0 }: Ways, look: (told: Told) => void = () => undefined): void {
    ways.up.set({ ...CLEAN, delay: BASE + up });
    ways.down.set({ ...CLEAN, delay: BASE + down });
    for (; now < end; now += 1) {
      if (now % every === offset % every) {
        const at = send(ways.down, now);
        arriving.push({ at, report: { sentAt: now, arrivedAt: ours(at) } });
      }
      if (now % tripsEvery === tripOffset % tripsEvery) trips.push({ startedAt: now, turnsAt: send(ways.up, now) });
      while (trips[0] !== undefined && trips[0].turnsAt <= now) {
        const { startedAt } = trips.shift()!;
        const at = send(ways.down, now);
        arriving.push({ at, trip: { rtt: at - startedAt, at: ours(at) } });
      }
      if (now % looks !== 0) continue;
      for (const one of arriving.filter(({ at }) => at <= now)) {
        report = one.report ?? report;
        trip = one.trip ?? trip;
      }
      arriving = arriving.filter(({ at }) => at > now);
      delay.observe(report, trip);
      if (delay.up >= 0 && delay.down >= 0) look(told());
    }
  }

  return {
    told,
    until,
    run: (seconds: number, slow: Ways) => until(now + seconds * 1000, slow),
    setClock: (by: number) => void (clock += by),
  };
}
