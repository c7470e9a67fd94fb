import assert from 'node:assert/strict';

import { type TransportAddress, parseAddress } from '../../../src/stun/address.ts';

/** The realm of tests' servers, as their clients know it. */
export const REALM = 'example.org';

/** `192.0.2.1:3478`, `[2001:db8::1]:3478`, or an address without a port. */
export function at(text: string): TransportAddress {
  const [, host = text, port = '0'] =
    /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.includes('::') && !text.startsWith('[') ? `[${text}]:0` : text) ?? [];
  const address = parseAddress(host, Number(port));
  assert.ok(address, `${text} is an address`);
  return address;
}
