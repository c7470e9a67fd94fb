/** One thread of the pipeline: works for some seconds, and tells its parent the operations of each. */
import { parentPort, workerData } from 'node:worker_threads';

import { ATTRIBUTE } from '../../../src/stun/attributes.ts';
import { hmacSha1, useSha1Instructions } from '../../../src/stun/hmac-sha1.ts';
import { MessageReader } from '../../../src/stun/message-reader.ts';
import { METHOD } from '../../../src/stun/methods.ts';
import { SHA1_WORDS } from '../../../src/stun/sha1.ts';
import { expiryOf } from '../../../src/turn/credentials.ts';
import { TransportTable } from '../../../src/turn/transport-table.ts';
import { pureTurn } from '../../support/pure-turn.ts';
import { relayInstructions } from '../../support/relay-instructions.ts';
import { stunMessages } from './stun-messages.ts';

export type PipelineStart = {
  readonly kind: 'pipeline' | 'refresh';
  readonly seconds: number;
  readonly by: 'relay' | 'typescript';
};

const CLIENTS = 1000;
const BATCH = 1000;
const WARM_UP_SECONDS = 1;
const TEN_MINUTES = 600;

const { kind, seconds, by } = workerData as PipelineStart;
const [memory, work] = kind === 'pipeline' ? pipeline() : refreshes();
if (by === 'relay') useSha1Instructions(relayInstructions(memory));
const perSecond: number[] = [];
for (let second = -WARM_UP_SECONDS; second < seconds; second += 1) {
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  while (elapsed < 1000) {
    for (let n = 0; n < BATCH; n += 1) work(n);
    done += BATCH;
    elapsed = performance.now() - start;
  }
  if (second >= 0) perSecond.push((done * 1000) / elapsed);
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(perSecond);

/** What a slab's messages are worked on by, with the client whose turn it is. */
type Step = [slab: Uint8Array<ArrayBuffer>, step: (client: number) => void];

/** Each call is one datagram of one of many clients. */
function pipeline(): Step {
  const { slab, view, allocate, secretKey } = stunMessages();
  const { offset, length } = allocate;
  const reader = new MessageReader();
  const digest = new Int32Array(SHA1_WORDS);
  const clients = new TransportTable(1);
  const expiries = new Float64Array(CLIENTS);
  for (let client = 0; client < CLIENTS; client += 1) clients.set(1, 0, 0, 0xffff, client, 4000, client);
  const step = (client: number) => {
    // RFC 7983 §7: 0 to 3 is STUN.
    if (view.getUint8(offset) > 3 || reader.parse(view, offset, length) !== undefined) throw new Error('not STUN');
    const [at, size] = [reader.at(ATTRIBUTE.USERNAME), reader.size(ATTRIBUTE.USERNAME)];
    const expiry = expiryOf(view, at, size);
    hmacSha1(secretKey, 0, view, at, size, digest);
    const session = clients.get(1, 0, 0, 0xffff, client, 4000);
    if (session < 0 || expiry < 1 || digest[0] === 0) throw new Error('not let in');
    expiries[session] = expiry;
  };
  return [slab, step];
}

/** Each call is a client's Refresh, from its bytes to the bytes of the answer. */
function refreshes(): Step {
  const turn = pureTurn(CLIENTS);
  const requests = turn.clients.map((client) => {
    turn.allocateAndBind(client);
    return turn.signed(client, METHOD.REFRESH, (writer) => writer.uint32(ATTRIBUTE.LIFETIME, TEN_MINUTES));
  });
  return [turn.slab, (client) => turn.control(turn.clients[client]!, requests[client]!)];
}
