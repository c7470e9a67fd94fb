import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startServer, type TestServer } from '../support/server.ts';
import { publish, send } from './over-http.ts';
import { offerText } from './support.ts';

const STUDIO = 'https://studio.example';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const CANDIDATE = 'a=candidate:1 1 udp 2130706431 192.0.2.7 51000 typ host\r\n';

let server: TestServer;
before(async () => {
  server = await startServer(['--cors.origins', STUDIO]);
});
after(() => server.close());

test('an offer is answered with 201, the session, its ETag, and ICE servers with credentials', async () => {
  const { status, headers, text, session, token } = await publish(server, 'created');
  assert.equal(status, 201);
  assert.equal(headers.get('content-type'), 'application/sdp');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.match(session, /^\/whip\/created\/[\w-]{24}$/u);
  assert.match(headers.get('etag') ?? '', /^"[\w-]+"$/u, 'strong');
  const links = (headers.get('link') ?? '').split(/, (?=<)/u);
  const relay = /^<turns?:\S+>; rel="ice-server"; username="[^"]+"; credential="[^"]+"; credential-type="password"$/u;
  assert.ok(
    links.some((link) => relay.test(link)),
    links.join('\n'),
  );
  assert.match(text, /^v=0\r\n/u);
  assert.equal(text.match(/^m=/gmu)?.length, 2);

  const alive = await send(server, 'GET', session, { token });
  assert.deepEqual([alive.status, alive.headers.get('etag'), alive.text], [204, headers.get('etag'), '']);
  assert.equal((await send(server, 'DELETE', session, { token })).status, 200);
  for (const method of ['GET', 'DELETE', 'PATCH']) {
    const gone = await send(server, method, session, { token, ...(method === 'PATCH' ? { body: CANDIDATE } : {}) });
    assert.deepEqual([gone.status, gone.code], [404, 'not-found'], method);
  }
});

test('trickled candidates are 204 without an ETag, and only with the one that is current', async () => {
  const { session, token, headers } = await publish(server, 'trickle');
  const patch = (body: string, ifMatch?: string, type = FRAGMENT) =>
    send(server, 'PATCH', session, {
      ...{ token, body, type },
      ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
    });
  const etag = headers.get('etag')!;
  const taken = await patch(CANDIDATE, etag);
  assert.deepEqual([taken.status, taken.headers.get('etag'), taken.text], [204, null, '']);
  for (const [status, code, answer] of [
    [428, 'precondition-required', patch(CANDIDATE)],
    [412, 'precondition-failed', patch(CANDIDATE, '"another"')],
    [400, 'malformed-sdp', patch('candidates!', etag)],
    [415, 'unsupported-media-type', patch(CANDIDATE, etag, 'application/sdp')],
  ] as const) {
    const refused = await answer;
    assert.deepEqual([refused.status, refused.code], [status, code]);
    assert.equal(refused.headers.get('accept-patch'), FRAGMENT);
  }
});

test('new credentials restart ICE: 200, the new ones of the server, and a new ETag that makes the old one stale', async () => {
  const { session, token, headers, text } = await publish(server, 'restart');
  const etag = headers.get('etag')!;
  const patch = (body: string, ifMatch: string) =>
    send(server, 'PATCH', session, { token, body, type: FRAGMENT, headers: { 'if-match': ifMatch } });
  const restarted = await patch('a=ice-ufrag:newufrag\r\na=ice-pwd:newpasswordnewpassword1\r\n', '*');
  assert.equal(restarted.status, 200);
  assert.equal(restarted.headers.get('content-type'), FRAGMENT);
  const renewed = restarted.headers.get('etag')!;
  assert.notEqual(renewed, etag);
  const ufrag = /^a=ice-ufrag:(\S+)/mu;
  assert.notEqual(ufrag.exec(restarted.text)?.[1], ufrag.exec(text)?.[1]);
  assert.match(restarted.text, /^a=candidate:/mu);

  assert.equal((await patch(CANDIDATE, etag)).status, 412);
  assert.equal((await patch(CANDIDATE, renewed)).status, 204);
  assert.equal((await send(server, 'GET', session, { token })).headers.get('etag'), renewed);
});

test('endpoints say what they take, to anyone; methods that they have not are 405', async () => {
  for (const path of ['/whip/lab', '/whep/lab']) {
    const options = await send(server, 'OPTIONS', path);
    assert.deepEqual([options.status, options.headers.get('accept-post')], [200, 'application/sdp']);
    assert.match(options.headers.get('allow') ?? '', /\bPOST\b/u);
    const head = await send(server, 'HEAD', path);
    assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'application/sdp']);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const refused = await send(server, method, path);
      assert.deepEqual([refused.status, refused.code], [405, 'method-not-allowed']);
      assert.match(refused.headers.get('allow') ?? '', /\bPOST\b/u);
    }
  }
  const session = await send(server, 'PUT', '/whip/lab/whatever');
  assert.equal(session.status, 405);
  assert.match(session.headers.get('allow') ?? '', /PATCH.*DELETE/u);
});

test('a page of an origin that is allowed may do all of it, and reads what it needs; others may not', async () => {
  const asked = (origin: string, method: string) => ({
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type,if-match',
    },
  });
  for (const [path, method] of [
    ['/whip/pages', 'POST'],
    ['/whep/pages', 'POST'],
    ['/whip/pages/session', 'PATCH'],
    ['/whip/pages/session', 'DELETE'],
  ] as const) {
    const preflight = await send(server, 'OPTIONS', path, asked(STUDIO, method));
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), STUDIO);
    assert.ok(preflight.headers.get('access-control-allow-methods')?.split(', ').includes(method));
    for (const name of ['authorization', 'content-type', 'if-match']) {
      assert.ok(preflight.headers.get('access-control-allow-headers')?.split(', ').includes(name), name);
    }
    assert.equal((await send(server, 'OPTIONS', path, asked('https://evil.example', method))).status, 403);
  }
  const token = await server.token('pages', 'studio');
  const body = offerText('chromium-publish');
  const created = await send(server, 'POST', '/whip/pages', { token, body, headers: { origin: STUDIO } });
  assert.equal(created.status, 201);
  const exposed = created.headers.get('access-control-expose-headers')?.split(', ') ?? [];
  for (const name of ['location', 'etag', 'link', 'retry-after']) assert.ok(exposed.includes(name), name);
});

test('sessions and what became of offers are counted, and no room is named', async () => {
  const { session, token } = await publish(server, 'counted-room');
  const player = await server.token('counted-room', 'viewer');
  const body = offerText('chromium-play');
  await send(server, 'POST', '/whep/counted-room?participant=nobody', { token: player, body });
  const metrics = async () => (await send(server, 'GET', '/metrics')).text;
  const value = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length + 1),
    );

  const atFirst = await metrics();
  assert.ok(value(atFirst, 'sluice_whip_sessions{kind="whip"}') >= 1);
  assert.ok(value(atFirst, 'sluice_whip_offers_total{kind="whip",result="ok"}') >= 1);
  assert.equal(value(atFirst, 'sluice_whip_offers_total{kind="whep",result="nothing-to-play"}'), 1);
  assert.match(
    atFirst,
    /sluice_http_request_duration_seconds_count\{method="POST",route="\/whip\/:room",status="201"\}/u,
  );
  assert.doesNotMatch(atFirst, /counted-room/u);

  await send(server, 'DELETE', session, { token });
  const afterwards = await metrics();
  const open = 'sluice_whip_sessions{kind="whip"}';
  assert.equal(value(afterwards, open), value(atFirst, open) - 1);
});
