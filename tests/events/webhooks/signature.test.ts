import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signedHeaders, webhookKey } from '../../../src/events/webhooks/signature.ts';
import { addressRule } from '../../../src/events/webhooks/target.ts';

test("signatures are those of the standard's own libraries", () => {
  const key = webhookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')!;
  const headers = signedHeaders([key], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}');
  assert.deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
  const both = signedHeaders([key, Buffer.alloc(32)], 'a', 1, 'b')['webhook-signature'];
  assert.match(both, /^v1,\S{44} v1,\S{44}$/u);
});

test('a secret that is too short, too long or not base64 is none', () => {
  for (const secret of [
    '',
    'whsec_',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'whsec_c2hvcnQ=',
    `whsec_${'A'.repeat(92)}`,
  ]) {
    assert.equal(webhookKey(secret), undefined, secret);
  }
});

test('public unicast addresses may be sent to, and of the others those that are allowed', () => {
  const isPublic = addressRule([]);
  for (const address of ['93.184.215.14', '2606:4700::1111']) assert.ok(isPublic(address), address);
  const inside = [
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254'],
    ...['224.0.0.1', '255.255.255.255', '240.0.0.1', '::', '::1', 'fe80::1', 'fd00:ec2::254', 'ff02::1', '192.0.2.1'],
    ...[
      '::ffff:10.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '2001:0:1::1',
      '::127.0.0.1',
      '::7f00:1',
      '198.18.0.1',
      'nonsense',
    ],
  ];
  for (const address of inside) assert.ok(!isPublic(address), address);
  const rule = addressRule(['10.0.0.0/8', '::1']);
  assert.deepEqual(['10.1.1.1', '::1', '11.0.0.1', '127.0.0.1', '::2'].map(rule), [true, true, true, false, false]);
});
