import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './support.ts';

const listen = (...argv: string[]) => load({ argv }).media.listen;

test('a local host keeps media on the machine', () => {
  for (const host of ['localhost', '127.0.0.2', '::1']) {
    assert.deepEqual(listen('--host', host), [{ ip: '127.0.0.1' }, { ip: '::1' }]);
  }
  const machine = { cores: 1, addresses: [{ ip: '127.0.0.1', internal: true }] };
  assert.deepEqual(load({ machine }).media.listen, [{ ip: '127.0.0.1' }], 'a machine without IPv6');
});

test('a wildcard host spells out the addresses, because nobody can connect to a wildcard', () => {
  for (const host of ['0.0.0.0', '::']) {
    assert.deepEqual(listen('--host', host), [{ ip: '10.0.0.7' }, { ip: '2001:db8::7' }]);
  }
});

test('a host that is one address keeps media on it', () => {
  assert.deepEqual(listen('--host', '10.0.0.7'), [{ ip: '10.0.0.7' }]);
});

test('an announced address or name stands in for wildcards', () => {
  const all = (announced: string) => listen('--host', '0.0.0.0', '--media.announced', announced);
  assert.deepEqual(all('203.0.113.10'), [{ ip: '0.0.0.0', announced: '203.0.113.10' }]);
  assert.deepEqual(all('2001:db8::99'), [{ ip: '::', announced: '2001:db8::99' }]);
  assert.deepEqual(all('media.example.com'), [
    { ip: '0.0.0.0', announced: 'media.example.com' },
    { ip: '::', announced: 'media.example.com' },
  ]);
});

test('an announced address is for its own family, and an own one wins', () => {
  const given = '["10.0.0.7", "2001:db8::7", {ip: 10.0.0.8, announced: media.example.com}]';
  assert.deepEqual(listen('--media.listen', given, '--media.announced', '203.0.113.10'), [
    { ip: '10.0.0.7', announced: '203.0.113.10' },
    { ip: '2001:db8::7' },
    { ip: '10.0.0.8', announced: 'media.example.com' },
  ]);
});

test('a wildcard that is announced as nothing is a problem', () => {
  const message = (ip: string) =>
    new RegExp(
      `media.listen: expected media.announced to say what clients are told instead of ${ip}, found nothing`,
      'u',
    );
  assert.throws(() => listen('--media.listen', '0.0.0.0'), message('0.0.0.0'));
  assert.throws(() => listen('--media.listen', '0.0.0.0,::', '--media.announced', '203.0.113.10'), message('::'));
  assert.throws(
    () => listen('--media.listen', '[]'),
    /media.listen: expected an address, or auto; found an empty list/u,
  );
});
