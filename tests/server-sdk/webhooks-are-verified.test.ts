import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { verifyWebhook, type Webhook, type WebhookRequest } from '../../client/server-sdk/sluice.ts';
import { signedHeaders, webhookKey } from '../../src/events/webhooks/signature.ts';
import { startServer } from '../support/server.ts';

const [OLD, NEW, FOREIGN] = [1, 2, 3].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`) as [
  string,
  string,
  string,
];
const NOW = 1_800_000_000_000;
const BODY = '{"seq":7,"roomSeq":1,"type":"room-started","at":"2027-01-15T08:00:00.000Z","room":"lab","roomId":"r"}';

test('what the server sends is verified, with headers as Node has them', async (t) => {
  const came = Promise.withResolvers<Webhook>();
  const receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      verifyWebhook({ headers: request.headers, body: Buffer.concat(parts), secret: OLD }).then(
        came.resolve,
        came.reject,
      );
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  t.after(() => receiver.close().closeAllConnections());
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const endpoints = JSON.stringify([{ name: 'app', url, secrets: [OLD] }]);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const flags = ['--webhooks.endpoints', endpoints, '--webhooks.allow', '127.0.0.1', '--store.folder', folder];
  const server = await startServer(flags);
  t.after(() => server.close());
  await server.call('POST', '/v1/rooms', { name: 'told' });
  const { event, id } = await came.promise;
  assert.deepEqual([event.type, 'room' in event && event.room], ['room-started', 'told']);
  assert.ok(id.length > 0);
});

test('any of several secrets will do, on either side', async () => {
  for (const signers of [[OLD], [NEW], [FOREIGN, NEW]]) {
    const { id, event } = await verifyWebhook(signed({ signers, secret: [OLD, NEW] }));
    assert.deepEqual([id, event.seq], ['msg_1', 7]);
  }
  const headers = new Headers(signed({}).headers);
  assert.equal((await verifyWebhook({ ...signed({}), headers })).event.seq, 7);
});

test('a body, an id or a time that was changed, and a secret that is another one, are refused', async () => {
  const good = signed({});
  const { headers } = good;
  for (const bad of [
    { ...good, body: BODY.replace('lab', 'den') },
    { ...good, body: ` ${BODY}` },
    { ...good, headers: { ...headers, 'webhook-id': 'msg_2' } },
    { ...good, headers: { ...headers, 'webhook-timestamp': String(NOW / 1000 + 1) } },
    { ...good, headers: { ...headers, 'webhook-timestamp': 'now' } },
    { ...good, headers: { ...headers, 'webhook-signature': '' } },
    { ...good, headers: { ...headers, 'webhook-signature': 'v1,' } },
    { ...good, headers: { ...headers, 'webhook-signature': 'v1,not base64!' } },
    { ...good, headers: { ...headers, 'webhook-signature': headers['webhook-signature']!.replace('v1,', 'v2,') } },
    { ...good, headers: { ...headers, 'webhook-signature': headers['webhook-signature']!.slice(0, -8) } },
    { ...good, headers: {} },
    { ...good, secret: FOREIGN },
  ]) {
    await assert.rejects(verifyWebhook(bad), { name: 'SluiceError', code: 'webhook-invalid' });
  }
});

test('one that was signed too long ago, or by a clock ahead, is stale; how long that is can be said', async () => {
  for (const seconds of [-301, 301]) {
    const request = { ...signed({}), now: NOW + seconds * 1000 };
    await assert.rejects(verifyWebhook(request), { code: 'webhook-stale' });
    assert.equal((await verifyWebhook({ ...request, tolerance: 302 })).event.seq, 7);
  }
});

test('who knows no secret is not told whether the time was right', async () => {
  const request = { ...signed({ signers: [FOREIGN] }), now: NOW + 1e9 };
  await assert.rejects(verifyWebhook(request), { code: 'webhook-invalid' });
});

test('a flood of signatures is not looked through', async () => {
  const { headers, ...good } = signed({});
  const right = headers['webhook-signature']!;
  const flood = Array.from({ length: 100 }, () => `v1,${Buffer.alloc(32).toString('base64')}`);
  const behind = { ...headers, 'webhook-signature': [...flood, right].join(' ') };
  await assert.rejects(verifyWebhook({ ...good, headers: behind }), { code: 'webhook-invalid' });
});

test('a secret that is none is a mistake of the receiver, not of the sender', async () => {
  for (const secret of ['', 'whsec_', 'whsec_c2hvcnQ=', OLD.slice('whsec_'.length), 'whsec_%%%']) {
    await assert.rejects(verifyWebhook({ ...signed({}), secret }), { code: 'invalid-options' });
  }
});

function signed({
  signers = [OLD],
  secret = OLD,
}: {
  signers?: readonly string[];
  secret?: string | readonly string[];
}): Omit<WebhookRequest, 'headers'> & { headers: Record<string, string> } {
  const keys = signers.map((one) => webhookKey(one)!);
  return { headers: signedHeaders(keys, 'msg_1', NOW / 1000, BODY), body: BODY, secret, now: NOW };
}
