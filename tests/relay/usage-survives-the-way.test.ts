import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

import fc from 'fast-check';

import { type PackedUsage, unpackUsage, UsagePack, type UsageRecord } from '../../src/relay/usage-pack.ts';

const NAMED = { noNullPrototype: true };
const count = fc.oneof(fc.nat(), fc.maxSafeNat());
const usage = fc.record({ packetsUp: count, bytesUp: count, packetsDown: count, bytesDown: count }, NAMED);
const identity = fc.string({ unit: 'grapheme' });
const records: fc.Arbitrary<UsageRecord[]> = fc.array(
  fc
    .record(
      {
        identity,
        usage,
        isNew: fc.boolean(),
        end: fc.option(
          fc.record(
            {
              transport: fc.constantFrom('udp', 'tcp', 'tls'),
              cause: fc.string(),
              since: fc.maxSafeNat(),
              until: fc.maxSafeNat(),
              usage,
            },
            NAMED,
          ),
        ),
      },
      NAMED,
    )
    .map(({ end, ...share }) => ({
      ...share,
      ended: end === null ? undefined : { identity: share.identity, ...end },
    })),
  { size: 'max', maxLength: 600 },
);

test('what a thread tells of allocations arrives as it was, whoever they belonged to and however they ended', () => {
  fc.assert(
    fc.property(records, (told) => {
      const pack = new UsagePack();
      for (const record of told) pack.add(record);
      assert.equal(pack.size, told.length);
      const { port1, port2 } = new MessageChannel();
      port1.postMessage(pack.take());
      const { message } = receiveMessageOnPort(port2) as { message: PackedUsage };
      port1.close();
      assert.deepEqual(unpackUsage(message), told);
      assert.equal(pack.size, 0);
    }),
    { numRuns: 40 },
  );
});
