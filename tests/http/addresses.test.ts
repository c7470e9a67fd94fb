import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressText, createAddressResolver } from '../../src/http/address.ts';
import { json } from '../../src/http/message.ts';
import { ask, startServer, Wire } from './harness.ts';

const bytes = (...values: number[]) => new Uint8Array(values).buffer;

test('addresses have one text each', () => {
  assert.equal(addressText(bytes(192, 0, 2, 7)), '192.0.2.7');
  assert.equal(addressText(bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7)), '192.0.2.7');
  assert.equal(addressText(bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)), '::1');
  assert.equal(addressText(bytes(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10)), '2001:db8::10');
  assert.equal(addressText(new ArrayBuffer(0)), 'unknown');
});

test('the client behind proxies is the rightmost address that is no proxy', () => {
  const { client } = createAddressResolver(['10.0.0.0/8', '2001:db8::/32', '127.0.0.1']);
  assert.equal(client('203.0.113.9', '198.51.100.1'), '203.0.113.9', 'a stranger may write what it likes');
  assert.equal(client('10.0.0.1', '198.51.100.1, 203.0.113.9, 10.0.0.2'), '203.0.113.9');
  assert.equal(client('2001:db8::1', '203.0.113.9:4711'), '203.0.113.9');
  assert.equal(client('10.0.0.1', '[2001:db9::1]:80'), '2001:db9::1');
  assert.equal(client('10.0.0.1', '::ffff:203.0.113.9'), '203.0.113.9');
  assert.equal(client('10.0.0.1', ''), '10.0.0.1');
  assert.equal(client('10.0.0.1', '198.51.100.1, unknown'), '10.0.0.1');
  assert.equal(client('10.0.0.1', '198.51.100.1, nonsense, 10.0.0.2'), '10.0.0.2');
  assert.equal(client('10.0.0.1', '0x7f.1, 10.0.0.3'), '10.0.0.3');
  assert.throws(() => createAddressResolver(['10.0.0.0/33']), /neither an address nor a CIDR/);
});

test('no header makes an untrusted peer anyone else, and none makes the resolver throw', () => {
  const { client } = createAddressResolver(['10.0.0.0/8']);
  fc.assert(fc.property(fc.string(), (header) => assert.equal(client('203.0.113.9', header), '203.0.113.9')));
  fc.assert(fc.property(fc.string(), (header) => void client('10.1.2.3', header)));
});

test('a forged X-Forwarded-For line above the proxy’s own is not believed', async (t) => {
  const { port } = await startServer(t, { trustProxy: ['127.0.0.0/8'] }, (server) => {
    server.route('GET', '/me', ({ address }) => json({ address }));
  });
  const wire = await Wire.open(t, port);
  wire.send('GET /me HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n');
  assert.match(await wire.until(/\}/), /"address":"203\.0\.113\.9"/);
  assert.deepEqual((await ask(port, 'GET', '/me')).json, { address: '127.0.0.1' });
});
