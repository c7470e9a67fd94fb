import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { readLink } from '../../client/web/meeting/link.ts';

test('a link says who joins which room, and what they may publish', () => {
  const link = readLink(
    locationOf('/meet/demo', jwt({ sub: 'ada', name: 'Ada Lovelace', room: 'demo', publish: ['microphone'] })),
  );
  assert.equal(link.room, 'demo');
  assert.equal(link.name, 'Ada Lovelace');
  assert.deepEqual(link.publish, ['microphone']);
});

test('names outside of ASCII come through', () => {
  assert.equal(readLink(locationOf('/meet/x', jwt({ name: 'Žofie 王 👋' }))).name, 'Žofie 王 👋');
});

test('without a name, the identity is shown', () => {
  assert.equal(readLink(locationOf('/meet/x', jwt({ sub: 'guest-1' }))).name, 'guest-1');
});

test('publish may be one flag for all sources', () => {
  assert.deepEqual(readLink(locationOf('/meet/x', jwt({ publish: false }))).publish, []);
  assert.equal(readLink(locationOf('/meet/x', jwt({ publish: true }))).publish?.length, 4);
  assert.equal(readLink(locationOf('/meet/x', jwt({}))).publish, undefined);
});

test('without a token there is the room of the path, and nothing else', () => {
  assert.deepEqual(readLink({ pathname: '/meet/team%20room', hash: '' }), {
    room: 'team room',
    token: undefined,
    name: '',
    publish: undefined,
  });
});

test('a token that is no JWT is handed to the server as it is', () => {
  const link = readLink({ pathname: '/meet/x', hash: '#not-a-token' });
  assert.equal(link.token, 'not-a-token');
  assert.equal(link.name, '');
});

test('nothing in an address makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string(), fc.jsonValue().map(jwt)), (path, token) => {
      const link = readLink({ pathname: `/meet/${path}`, hash: `#${token}` });
      assert.equal(typeof link.room, 'string');
      assert.equal(typeof link.name, 'string');
    }),
  );
});

function locationOf(pathname: string, token: string): { pathname: string; hash: string } {
  return { pathname, hash: `#${token}` };
}

function jwt(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}
