import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { ERRORS, type ErrorCode, closeCode } from '../../src/kernel/errors.ts';
import { LEAVE_REASONS, type RoomEvent } from '../../src/rooms/events.ts';
import { EVENTS, REQUESTS, type RequestName } from '../../src/signaling/wire.ts';

const DOCUMENT = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

/** Codes that only HTTP answers with, or that refuse a WebSocket before it opens. */
const HTTP_ONLY: readonly ErrorCode[] = [
  'malformed-json',
  'malformed-sdp',
  'body-too-large',
  'unsupported-media-type',
  'request-timeout',
  'method-not-allowed',
  'precondition-failed',
  'precondition-required',
  'upgrade-required',
  'unauthorized',
  'origin-not-allowed',
  'not-found',
  'events-gone',
  'room-exists',
  'nothing-to-play',
  'too-many-connections',
  'session-ended',
  'store-unavailable',
];

// Where a RoomEvent is missing in EVENTS, this does not compile.
const everyEventHasItsName: Exclude<RoomEvent['type'], (typeof EVENTS)[number]> extends never ? true : never = true;

test('every request is documented with each of its parameters, and nothing else is', () => {
  assert.ok(everyEventHasItsName);
  const rows = table('Requests');
  assert.deepEqual([...rows.keys()], Object.keys(REQUESTS));
  for (const [name, schema] of Object.entries(REQUESTS)) {
    const { properties, required = [] } = schema as { properties: object; required?: readonly string[] };
    const documented = [...(rows.get(name)?.[1] ?? '').matchAll(/`([A-Za-z]+)`(\??)/g)];
    assert.deepEqual(
      documented.map(([, parameter]) => parameter),
      Object.keys(properties),
      name,
    );
    for (const [, parameter = '', optional] of documented) {
      assert.equal(optional === '', required.includes(parameter), `${name}: ${parameter}`);
    }
  }
});

test('every event is documented, and nothing else is', () => {
  assert.deepEqual([...table('Events').keys()], [...EVENTS]);
  for (const reason of LEAVE_REASONS)
    assert.ok(table('Events').get('participant-left')?.[2]?.includes(`\`${reason}\``));
});

test('every error is documented with its close code, and nothing else is', () => {
  const rows = table('Errors');
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => !HTTP_ONLY.includes(code));
  assert.deepEqual([...rows.keys()].toSorted(), codes.toSorted());
  for (const code of codes) assert.equal(rows.get(code)?.[1], String(closeCode(code)), code);
});

test('requests are refused with errors that are documented', () => {
  const known = table('Errors');
  for (const [name, row] of table('Requests')) {
    for (const [, code = ''] of (row[3] ?? '').matchAll(/`([a-z-]+)`/g)) {
      if (code in REQUESTS) continue;
      assert.match(known.get(code)?.[2] ?? '', /answer/, `${name}: ${code}`);
    }
  }
});

test('the example is made of messages that exist', () => {
  const frames = [...DOCUMENT.matchAll(/^([→←]) (42|43)(\d*)(\[.*)$/gm)];
  assert.ok(frames.length > 15);
  const server = new Set<string>([...EVENTS, 'joined', 'resumed', 'tick', 'bye']);
  const requestIds: number[] = [];
  for (const [line, direction, type, , body = ''] of frames) {
    if (type === '43') continue;
    const [, name = '', id] = /^\["([a-z-]+)",(\d*)/.exec(body) ?? [];
    if (direction === '←') {
      assert.ok(server.has(name), line);
      continue;
    }
    assert.ok(name in REQUESTS, line);
    requestIds.push(Number(id));
    for (const parameter of requiredOf(name as RequestName)) assert.ok(body.includes(`"${parameter}":`), line);
  }
  assert.deepEqual(
    requestIds,
    requestIds.map((_, index) => index + 1),
  );
});

function requiredOf(name: RequestName): readonly string[] {
  return (REQUESTS[name] as { required?: readonly string[] }).required ?? [];
}

/** The rows of the first table under a heading, by the name in their first cell. */
function table(heading: string): Map<string, string[]> {
  const [, section = ''] = DOCUMENT.split(`\n## ${heading}\n`);
  const rows = /(?:^\|.*\n)+/m.exec(section)?.[0].trim().split('\n').slice(2) ?? [];
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return new Map(cells.map((row) => [(row[0] ?? '').replaceAll('`', ''), row]));
}
