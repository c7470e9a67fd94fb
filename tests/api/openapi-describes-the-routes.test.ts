import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Compile } from 'typebox/compile';

import { COMPONENTS } from '../../src/api/schemas.ts';
import { startServer, type TestServer } from '../support/server.ts';

type Operation = {
  operationId: string;
  security?: unknown[];
  requestBody?: unknown;
  responses: Record<string, { content?: Record<string, { schema?: { $ref?: string } }> }>;
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

let server: TestServer;
let document: Document;
before(async () => {
  server = await startServer();
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document;
});
after(() => server.close());

test('every operation of the document exists, and asks for a key where it says so', async () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  assert.ok(operations.length >= 12);
  for (const { path, method, operation } of operations) {
    const response = await fetch(server.url + path.replaceAll(/\{\w+\}/gu, 'nothing'), {
      method: method.toUpperCase(),
    });
    const named = `${method} ${path}`;
    if (operation.requestBody !== undefined && operation.security === undefined)
      assert.equal(response.status, 400, named);
    else if (operation.security === undefined) assert.equal(response.status, 200, named);
    else assert.equal(response.status, 401, named);
  }
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

test('answers have the shape that the document gives', async () => {
  await server.call('POST', '/v1/rooms', { name: 'lab' });
  for (const [path, component] of [
    ['/v1/rooms/lab', 'Room'],
    ['/v1/rooms', 'RoomList'],
    ['/v1/rooms/lab/participants', 'ParticipantList'],
    ['/v1/rooms/none', 'Problem'],
    ['/v1/health', 'Health'],
    ['/ready', 'Readiness'],
  ] as const) {
    const { body } = await server.call('GET', path);
    const validator = Compile(COMPONENTS[component]);
    assert.deepEqual([...validator.Errors(body)], [], path);
  }
  const token = await server.call('POST', '/v1/rooms/lab/tokens', { identity: 'ada' });
  assert.equal(Compile(COMPONENTS.Token).Check(token.body), true);
});

test('each reference leads to a schema', () => {
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/gu)) {
    assert.ok(name !== undefined && name in COMPONENTS, name);
  }
  assert.equal(document.openapi, '3.1.0');
});
