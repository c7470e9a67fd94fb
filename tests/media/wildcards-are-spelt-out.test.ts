import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';

import { listenInfos, spellOutWildcards } from '../../src/media/addresses.ts';

const interfaces = {
  lo: [address('127.0.0.1', 'IPv4'), address('::1', 'IPv6')],
  eth0: [address('192.0.2.7', 'IPv4'), address('2001:db8::7', 'IPv6'), address('fe80::7', 'IPv6')],
};

test('a wildcard that announces nothing becomes the addresses of the machine, without link-local ones', () => {
  const ips = (ip: string) => spellOutWildcards([{ ip }], interfaces).map((entry) => entry.ip);
  assert.deepEqual(ips('0.0.0.0'), ['127.0.0.1', '192.0.2.7']);
  assert.deepEqual(ips('::'), ['::1', '2001:db8::7']);
  assert.deepEqual(ips('192.0.2.7'), ['192.0.2.7']);
});

test('a wildcard that announces an address stays one, and no address is listed twice', () => {
  const announced = { ip: '0.0.0.0', announced: 'media.example.org' };
  assert.deepEqual(spellOutWildcards([announced], interfaces), [announced]);
  const twice = spellOutWildcards([{ ip: '127.0.0.1' }, { ip: '0.0.0.0' }], interfaces);
  assert.deepEqual(
    twice.map(({ ip }) => ip),
    ['127.0.0.1', '192.0.2.7'],
  );
});

test('every address listens with UDP and TCP on the port, IPv6 for itself', () => {
  const infos = listenInfos([{ ip: '192.0.2.7', announced: '198.51.100.1' }, { ip: '::1' }], 40_000);
  assert.deepEqual(
    infos.map(({ protocol, ip, port, announcedAddress, flags }) => [
      protocol,
      ip,
      port,
      announcedAddress,
      flags?.ipv6Only,
    ]),
    [
      ['udp', '192.0.2.7', 40_000, '198.51.100.1', undefined],
      ['tcp', '192.0.2.7', 40_000, '198.51.100.1', undefined],
      ['udp', '::1', 40_000, undefined, true],
      ['tcp', '::1', 40_000, undefined, true],
    ],
  );
});

function address(ip: string, family: 'IPv4' | 'IPv6'): NetworkInterfaceInfo {
  const common = { address: ip, netmask: '', mac: '', internal: false, cidr: null };
  return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
}
