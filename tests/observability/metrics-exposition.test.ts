import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { MetricSources } from '../../src/observability/metrics.ts';

test('gauges show what is true at the time of the scrape', async () => {
  let rooms = 1;
  const metrics = createMetrics({ ...SOURCES, rooms: () => rooms });
  assert.equal(value(await scrape(metrics), 'sluice_rooms'), 1);
  rooms = 7;
  const text = await scrape(metrics);
  assert.equal(value(text, 'sluice_rooms'), 7);
  assert.equal(value(text, 'sluice_participants'), 2);
  assert.equal(value(text, 'sluice_transports'), 4);
  assert.equal(value(text, 'sluice_signaling_sockets'), 5);
});

test('workers come and go by pid, and a stuck or failing one does not hold up the scrape', async () => {
  let workers: MetricSources['workers'] = async () => [
    { pid: 10, cpuSeconds: 1.5, rssBytes: 1000 },
    { pid: 11, cpuSeconds: 2.5, rssBytes: 2000 },
  ];
  const metrics = createMetrics({ ...SOURCES, workers: () => workers() });
  const first = await scrape(metrics);
  assert.equal(value(first, 'sluice_worker_cpu_seconds_total{pid="10"}'), 1.5);
  assert.equal(value(await scrape(metrics), 'sluice_worker_cpu_seconds_total{pid="10"}'), 1.5, 'not added up');
  assert.equal(value(first, 'sluice_worker_resident_memory_bytes{pid="11"}'), 2000);
  workers = async () => [{ pid: 12, cpuSeconds: 0.1, rssBytes: 1 }];
  const second = await scrape(metrics);
  assert.equal(value(second, 'sluice_worker_cpu_seconds_total{pid="12"}'), 0.1);
  assert.doesNotMatch(second, /pid="10"/);
  workers = () => Promise.reject(new Error('gone'));
  assert.match(await scrape(metrics), /sluice_rooms 1/);
  workers = () => new Promise(() => {});
  assert.match(await scrape(metrics), /sluice_rooms 1/);
});

test('joins count by result and time by step, HTTP answers by route, method and status', async () => {
  const metrics = createMetrics(SOURCES);
  metrics.join('ok');
  metrics.join('ok');
  metrics.join('room-full');
  metrics.signaling('request', 'forbidden');
  metrics.joinStep('verify', 0.4);
  metrics.joinStep('total', 15);
  for (const milliseconds of [3, 30]) {
    metrics.httpResponse({ method: 'GET', route: '/v1/rooms/:room', status: 200, milliseconds });
  }
  const text = await scrape(metrics);
  assert.equal(value(text, 'sluice_joins_total{result="ok"}'), 2);
  assert.equal(value(text, 'sluice_joins_total{result="room-full"}'), 1);
  assert.equal(value(text, 'sluice_signaling_events_total{event="request",result="forbidden"}'), 1);
  assert.equal(value(text, 'sluice_join_duration_seconds_bucket{le="0.0005",step="verify"}'), 1);
  assert.equal(value(text, 'sluice_join_duration_seconds_bucket{le="0.01",step="total"}'), 0);
  assert.equal(value(text, 'sluice_join_duration_seconds_bucket{le="0.02",step="total"}'), 1);
  const labels = 'method="GET",route="/v1/rooms/:room",status="200"';
  assert.equal(value(text, `sluice_http_request_duration_seconds_count{${labels}}`), 2);
  assert.equal(value(text, `sluice_http_request_duration_seconds_bucket{le="0.005",${labels}}`), 1);
});

test('the process’s own metrics are there, event-loop delay among them', async () => {
  const { contentType, body } = await createMetrics(SOURCES).exposition();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.match(body, new RegExp(`^${name} [\\d.e-]+$`, 'm'));
  }
});

const SOURCES: MetricSources = {
  rooms: () => 1,
  participants: () => 2,
  transports: () => 4,
  sockets: () => 5,
  workers: () => Promise.resolve([]),
};

const scrape = async (metrics: ReturnType<typeof createMetrics>) => (await metrics.exposition()).body;

function value(text: string, series: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  assert.ok(line !== undefined, `${series} is exposed`);
  return Number(line.slice(series.length + 1));
}
