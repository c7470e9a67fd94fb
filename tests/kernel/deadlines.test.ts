import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { Deadlines } from '../../src/kernel/deadlines.ts';

test('whatever is set, moved and dropped, keys come due in order and each once', () => {
  const key = fc.nat(8);
  const step = fc.oneof(
    fc.record({ type: fc.constant('set' as const), key, at: fc.nat(50) }),
    fc.record({ type: fc.constant('delete' as const), key }),
    fc.record({ type: fc.constant('take' as const), now: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const deadlines = new Deadlines<number>();
      const model = new Map<number, number>();
      for (const one of steps) {
        if (one.type === 'set') {
          deadlines.set(one.key, one.at as Millis);
          model.set(one.key, one.at);
        } else if (one.type === 'delete') {
          deadlines.delete(one.key);
          model.delete(one.key);
        } else {
          const earliest = Math.min(...model.values());
          const due = deadlines.takeDue(one.now as Millis);
          if (earliest > one.now) assert.equal(due, undefined);
          else {
            assert.ok(due !== undefined);
            assert.equal(model.get(due), earliest);
            model.delete(due);
          }
        }
        assert.equal(deadlines.size, model.size);
        assert.equal(deadlines.next(), model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});
