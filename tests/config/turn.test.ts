import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './support.ts';

const turn = (...argv: string[]) => load({ argv }).turn;
const refused = (argv: string[], message: RegExp) => assert.throws(() => turn(...argv), message, argv.join(' '));

test('TURN is on, on the addresses of media, and relays from the first one of each family', () => {
  const local = turn();
  assert.equal(local.enabled, true);
  assert.deepEqual(local.listen, [{ ip: '127.0.0.1' }, { ip: '::1' }]);
  assert.deepEqual(local.relay, [{ ip: '127.0.0.1' }, { ip: '::1' }]);
  assert.deepEqual([local.port, local.tlsPort, local.tls, local.threads], [3478, 5349, 'off', 1]);
  assert.deepEqual([local.peers, local.mobility, local.tcpRelay], ['media', true, false]);

  const open = turn('--host', '0.0.0.0', '--tls', 'self-signed');
  assert.deepEqual(open.listen, [{ ip: '10.0.0.7' }, { ip: '2001:db8::7' }]);
  assert.equal(open.tls, 'server');
});

test('a wildcard is spelt out, what others reach first, each with what clients are told', () => {
  const { listen, relay } = turn('--host', '0.0.0.0', '--media.announced', '203.0.113.7');
  assert.deepEqual(listen, [
    { ip: '10.0.0.7', announced: '203.0.113.7' },
    { ip: '127.0.0.1', announced: '203.0.113.7' },
  ]);
  assert.deepEqual(relay, [{ ip: '10.0.0.7', announced: '203.0.113.7' }]);
  assert.deepEqual(turn('--turn.listen', '::', '--turn.announced', 'turn.example.com').listen, [
    { ip: '2001:db8::7', announced: 'turn.example.com' },
    { ip: '::1', announced: 'turn.example.com' },
  ]);
});

test('threads come with cores, and what needs one thread asks for one', () => {
  const on = (cores: number, ...argv: string[]) =>
    load({ argv, machine: { cores, addresses: [{ ip: '127.0.0.1', internal: true }] } }).turn;
  assert.deepEqual([on(2).threads, on(16).threads, on(256).threads], [1, 2, 16]);
  assert.deepEqual([on(16).mobility, on(16, '--turn.mobility', 'true').threads], [false, 1]);
  assert.equal(on(16, '--turn.peers', 'public').tcpRelay, false);
  assert.equal(on(2, '--turn.peers', 'public').tcpRelay, true);
  refused(['--turn.threads', '2', '--turn.mobility', 'true'], /turn\.mobility: expected false or auto with 2/u);
  refused(['--turn.threads', '2', '--turn.tcpRelay', 'true'], /turn\.tcpRelay: expected false or auto with 2/u);
});

test('a relay range is not empty, and apart from the other ports', () => {
  refused(
    ['--turn.minPort', '50001', '--turn.maxPort', '50000'],
    /turn\.maxPort: expected .* found 50000 below 50001/u,
  );
  refused(['--media.port', '50000'], /turn\.minPort: expected ports apart from the media ports 50000 to 50003/u);
  refused(['--turn.port', '40001'], /turn\.port: expected a port apart from the media ports/u);
  refused(['--turn.tlsPort', '3478'], /turn\.tlsPort: expected another port than turn\.port/u);
  refused(['--turn.port', '7800'], /turn\.port: expected another port than that of HTTP/u);
  assert.equal(turn('--turn.port', '7800', '--turn.transports', 'udp').port, 7800);
});

test('TURN and HTTP may have the same port, 443 for one, on addresses of their own', () => {
  const ports = ['--port', '443', '--turn.tlsPort', '443'];
  assert.equal(turn('--host', '10.0.0.7', '--turn.listen', '10.0.0.8', ...ports).tlsPort, 443);
  const taken = /turn\.tlsPort: expected another port than that of HTTP/u;
  refused(['--host', '10.0.0.7', '--turn.listen', '10.0.0.8,10.0.0.7', ...ports], taken);
  refused(['--host', '10.0.0.7', '--turn.listen', '0.0.0.0', ...ports], taken);
  refused(['--host', '0.0.0.0', '--turn.listen', '10.0.0.8', ...ports], taken);
  refused(['--host', 'localhost', '--turn.listen', '127.0.0.2', ...ports], taken);
});

test('addresses are addresses', () => {
  refused(['--turn.announced', '10.0.0.300'], /turn\.announced: expected a host name or an IP address/u);
  refused(['--turn.listen', 'eth0'], /turn\.listen\[0\]: expected an IPv4 or IPv6 address/u);
  refused(['--turn.listen', '[]'], /turn\.listen: expected an address, or auto; found an empty list/u);
  refused(['--turn.relay', '10.0.0.7,10.0.0.8'], /turn\.relay: expected at most one address of each family/u);
  refused(['--turn.allow', '10.0.0.0/33'], /turn\.allow\[0\]: expected an IP address or a CIDR range/u);
  refused(
    ['--turn.secondAddress', '127.0.0.1'],
    /turn\.secondAddress: expected an address that is not in turn\.listen/u,
  );
  refused(['--turn.listen', '10.0.0.7', '--turn.secondAddress', '::1'], /turn\.secondAddress: .* of a family/u);
});

test('secrets are long, users are told apart from time-limited names, and production makes no secret by itself', () => {
  refused(['--turn.secrets', 'short'], /turn\.secrets\[0\]: expected a secret of 16 to 256 .* found something else/u);
  const users = (text: string) => ['--turn.users', text];
  refused(users('[{username: "1700000000:ada", password: x}]'), /turn\.users: expected a username without a time/u);
  refused(users('[{username: a, password: x}, {username: a, password: y}]'), /turn\.users: expected different/u);
  refused(users('[{username: "a\\u0007", password: x}]'), /turn\.users: expected a username of visible characters/u);
  refused(users('[{username: a, password: ""}]'), /turn\.users/u);
  // U+0065 U+0301 and a space that does not break: as RFC 8265 §4.2.2 has them, so that both sides make the same key.
  const [prepared] = turn(...users('[{username: "e\\u0301", password: "a\\u00a0b"}]')).users;
  assert.deepEqual(prepared, { username: '\u00e9', password: 'a b' });
  const production = ['--mode', 'production', '--auth.keys', `k.${'s'.repeat(32)}`];
  refused(production, /turn\.secrets: expected a secret, because mode is production; found none/u);
  assert.equal(turn(...production, '--turn.enabled', 'false').enabled, false);
  assert.equal(turn(...production, '--turn.secrets', 's'.repeat(16)).secrets.length, 1);
});

test('its own certificate is one that can be read', () => {
  const files = { '/a.pem': '-----BEGIN CERTIFICATE-----', '/k.pem': '-----BEGIN PRIVATE KEY-----' };
  const argv = ['--turn.tls', '{cert: /a.pem, key: /k.pem}'];
  assert.deepEqual(load({ argv, files }).turn.tls, { cert: '/a.pem', key: '/k.pem' });
  refused(['--turn.tls', '{cert: /gone.pem, key: /gone.pem}'], /turn\.tls: expected a file that can be read as cert/u);
});
