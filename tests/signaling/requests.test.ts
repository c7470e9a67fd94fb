import assert from 'node:assert/strict';
import test from 'node:test';

import type { ConsumerInfo } from '../../src/rooms/events.ts';
import type { DtlsParameters } from '../../src/rooms/ortc.ts';
import { AUDIO, CAPABILITIES, SIMULCAST, VIDEO } from '../support/memory-media-engine.ts';
import { Client, speech } from './client.ts';
import { RawSocket } from './raw.ts';
import { eventually, startServer } from './server.ts';

const DTLS: DtlsParameters = {
  role: 'client',
  fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
};

/** The parameters of a good request. */
const SPEECH = JSON.stringify(speech('x'));

test('every request does what it says', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob', { subscribe: 'manual', rtpCapabilities: undefined });
  const [media] = server.engine.rooms;
  const { send, recv } = ada.joined.media;

  await ada.request('transport-connect', { transportId: send.id, dtlsParameters: DTLS });
  assert.equal(media?.transports.get(send.id)?.state, 'connected');
  const { iceParameters } = await ada.request('transport-restart-ice', { transportId: recv.id });
  assert.notEqual(iceParameters.usernameFragment, recv.iceParameters.usernameFragment);

  const { producer } = await ada.request('produce', { kind: 'video', source: 'camera', rtpParameters: SIMULCAST });
  await bob.next('producer-added');
  assert.deepEqual(bob.payloads('producer-added'), [{ participantId: ada.joined.self.id, producer }]);
  await ada.request('producer-pause', { producerId: producer.id });
  await bob.next('producer-paused');
  await ada.request('producer-resume', { producerId: producer.id });
  await bob.next('producer-resumed');

  assert.deepEqual(await bob.request('subscribe', { rtpCapabilities: CAPABILITIES, mode: 'manual' }), {
    consumers: [],
  });
  const { consumers } = await bob.request('consume', { producerIds: [producer.id] });
  const consumerId = consumers[0]?.id ?? assert.fail('nothing to receive');
  assert.equal(consumers[0]?.producerId, producer.id);
  await bob.request('consumer-pause', { consumerIds: [consumerId] });
  assert.equal(media?.consumers.get(consumerId)?.paused, true);
  await bob.request('consumer-resume', { consumerIds: [consumerId] });
  assert.equal(media?.consumers.get(consumerId)?.paused, false);
  await bob.request('consumer-layers', { consumerId, spatialLayer: 1, temporalLayer: 0 });
  assert.deepEqual(media?.consumers.get(consumerId)?.layers, { spatialLayer: 1, temporalLayer: 0 });
  await ada.request('producer-size', { producerId: producer.id, width: 640, height: 360 });
  await bob.request('view', { consumers: [{ consumerId, width: 160, height: 90 }] });
  await eventually(() => media?.consumers.get(consumerId)?.layers?.spatialLayer === 0);
  await bob.request('consumer-close', { consumerIds: [consumerId] });
  assert.equal(media?.consumers.size, 0);

  await ada.request('producer-close', { producerId: producer.id });
  await bob.next('producer-removed');
});

test('a subscriber is told of consumers that the server opened by itself', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const { producer } = await ada.request('produce', { kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await bob.next('consumer-added');
  assert.equal(firstConsumer(bob).producerId, producer.id);
});

test("other participants' ids are as good as none", async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const transportId = ada.joined.media.send.id;
  const { producer } = await ada.request('produce', { kind: 'video', source: 'camera', rtpParameters: VIDEO });
  await bob.next('consumer-added');
  const theirs = firstConsumer(bob).id;

  assert.equal(await bob.refusal('transport-connect', { transportId, dtlsParameters: DTLS }), 'transport-not-found');
  assert.equal(await bob.refusal('transport-restart-ice', { transportId }), 'transport-not-found');
  for (const name of ['producer-pause', 'producer-resume', 'producer-close']) {
    assert.equal(await bob.refusal(name, { producerId: producer.id }), 'producer-not-found');
  }
  for (const name of ['consumer-pause', 'consumer-resume', 'consumer-close']) {
    assert.equal(await ada.refusal(name, { consumerIds: [theirs] }), 'consumer-not-found');
  }
  assert.equal(await ada.refusal('consumer-layers', { consumerId: theirs, spatialLayer: 0 }), 'consumer-not-found');
});

test('what does not fit its schema is refused, told where, and changes nothing', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  for (const [name, params, path] of [
    ['update-self', {}, ''],
    ['update-self', { name: 'x'.repeat(129) }, '/name'],
    ['update-self', { name: 'x', identity: 'bob' }, '/identity'],
    ['update-self', null, ''],
    ['update-self', [{ name: 'x' }], ''],
    ['data', { header: { t: 'message' } }, '/payload'],
    ['consume', { producerIds: 'all' }, '/producerIds'],
    ['produce', { kind: 'video', source: 'telescope', rtpParameters: VIDEO }, '/source'],
    ['transport-connect', { transportId: 'x', dtlsParameters: { fingerprints: [] } }, '/dtlsParameters/fingerprints'],
  ] as const) {
    const answer = await ada.ask(name, params);
    assert.ok(!answer.ok);
    assert.equal(answer.error.code, 'invalid-request');
    const paths = (answer.error.errors ?? []).map((one) => one.path);
    assert.ok(paths.includes(path), `${path} in ${paths.join()}`);
  }
});

test('a message of very many parts is refused unseen', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const answer = await ada.ask('data', {
    ...speech('x'),
    ...Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [n, n])),
  });
  assert.ok(!answer.ok);
  assert.deepEqual([answer.error.code, answer.error.errors], ['invalid-request', undefined]);
  assert.match(answer.error.message, /2000/);
});

test('names that no request has are refused, also those that every object has', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  for (const name of ['fly', 'error', 'constructor', '__proto__', 'toString', 'joined', '']) {
    assert.equal(await ada.refusal(name, {}), 'unknown-message', name);
  }
  const unknown = server.facts.filter((fact) => fact.type === 'request' && fact.name === 'unknown');
  assert.equal(unknown.length, 7);
});

test('a message that is no request is refused through its acknowledgement', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.join(server, 'ada');
  const messages = [
    '["data"]',
    `["data",${SPEECH}]`,
    `["data","1",${SPEECH}]`,
    `["data",0,${SPEECH}]`,
    `["data",1.5,${SPEECH}]`,
    `["data",1,${SPEECH},"more"]`,
    '[7,1,{}]',
  ];
  for (const [ack, message] of messages.entries()) raw.send(`42${ack}${message}`);
  await raw.until(({ frames }) => frames.filter((frame) => frame.startsWith('43')).length === messages.length);
  for (const frame of raw.frames.filter((one) => one.startsWith('43'))) assert.match(frame, /"invalid-request"/);
  raw.send(`4299["data",1,${SPEECH}]`);
  await raw.until(({ frames }) => frames.some((frame) => frame.startsWith('4399[{"ok":true')));
});

test('request ids may skip a little, but go neither far ahead nor back', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  assert.equal((await ada.ask('data', speech('a'), 3)).ok, true);
  for (const id of [2, 3 + 257, Number.MAX_SAFE_INTEGER]) {
    const answer = await ada.ask('data', speech('b'), id);
    assert.equal(answer.ok ? 'done' : answer.error.code, 'invalid-request', String(id));
  }
  assert.equal((await ada.ask('data', speech('c'), 4)).ok, true);
});

test('a message without an acknowledgement ends the session, and says so', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  raw.send(`42["data",1,${SPEECH}]`);
  assert.deepEqual(await raw.closed, { code: 4400, reason: 'invalid-request' });
  assert.equal(raw.bye, 'invalid-request');
  await bob.next('participant-left');
  assert.deepEqual(bob.heard, []);
});

test('a participant that sends too much is told so, and then put out', async (t) => {
  const server = await startServer(t, {
    limits: { messages: { rate: 0.001, burst: 5 }, control: { rate: 0.001, burst: 2 } },
  });
  const ada = await Client.join(server, 'ada', {}, { grants: { profile: true } });
  assert.equal(await ada.refusal('update-self', { name: 'Ada' }), 'done');
  assert.equal(await ada.refusal('update-self', { name: 'Ada L.' }), 'done');
  assert.equal(await ada.refusal('update-self', { name: 'Countess' }), 'rate-limited');
  assert.equal(await ada.refusal('fly', {}), 'unknown-message');
  assert.equal(await ada.refusal('fly', {}), 'unknown-message');
  assert.equal(await ada.refusal('fly', {}), 'rate-limited');

  const flood = await RawSocket.join(server, 'mallory');
  for (let id = 1; id <= 5000; id += 1) flood.send(`42${id}["data",${id},${SPEECH}]`);
  assert.equal((await flood.closed).code, 4429);
  assert.equal(flood.bye, 'rate-limited');
  await ada.next('participant-left');
  assert.equal(ada.heard.length, 5);
});

test('a fault of the server says nothing to the client and everything to the log', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const [media] = server.engine.rooms;
  const transport = media?.transports.get(ada.joined.media.send.id) ?? assert.fail('no transport');
  transport.restartIce = () => Promise.reject(new TypeError('secret detail'));

  const answer = await ada.ask('transport-restart-ice', { transportId: transport.id });
  assert.deepEqual(answer, {
    ok: false,
    error: { code: 'internal', message: 'Something went wrong on the server.' },
  });
  await eventually(() => server.faults.length === 1);
});

/** The first consumer that `client` was told of. */
function firstConsumer(client: Client): ConsumerInfo {
  const [payload] = client.payloads('consumer-added');
  return (payload?.['consumer'] as ConsumerInfo | undefined) ?? assert.fail('no consumer came');
}
