import assert from 'node:assert/strict';
import { test } from 'node:test';

import { requireMatch } from '../../src/whip/entity-tag.ts';
import { readFragment, writeFragment } from '../../src/whip/ice-fragment.ts';
import { iceServerLinks } from '../../src/whip/ice-server-links.ts';
import { good, smallOffer } from './support.ts';

test('If-Match is required, and has to name the ICE session', () => {
  const refused = (header: string | undefined, code: string) =>
    assert.throws(() => requireMatch(header, '"abc"'), { code });
  refused(undefined, 'precondition-required');
  refused('"abd"', 'precondition-failed');
  refused('W/"abc"', 'precondition-failed');
  for (const header of ['"abc"', '"x", "abc"', '*', '"*"']) requireMatch(header, '"abc"');
});

test('a fragment tells its credentials from either level, or none', () => {
  const inside =
    'a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2u\r\n';
  assert.deepEqual(good(readFragment(inside)), { usernameFragment: 'EsAw', password: 'P2u' });
  assert.deepEqual(good(readFragment('a=ice-ufrag:12\na=ice-pwd:34\n')), { usernameFragment: '12', password: '34' });
  assert.equal(good(readFragment('a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n')), undefined);
  for (const text of ['', 'candidate:1', '{"candidate": ""}', 'v=0\r\no=- 1 1 IN IP4 x']) {
    assert.equal(readFragment(text).ok, false, text);
  }
});

test('the answer to a restart is a fragment of the first section, with the candidates and their end', () => {
  const text = writeFragment(good(smallOffer()), { usernameFragment: 'new', password: 'secret' }, [
    {
      foundation: '1',
      priority: 5,
      ip: '192.0.2.1',
      address: 'media.example',
      protocol: 'udp',
      port: 9000,
      type: 'host',
    },
  ]);
  assert.deepEqual(good(readFragment(text)), { usernameFragment: 'new', password: 'secret' });
  assert.match(text, /^a=ice-lite\r\n/u);
  assert.match(text, /\r\nm=audio 9 UDP\/TLS\/RTP\/SAVPF 111\r\n/u);
  assert.match(text, /a=candidate:1 1 udp 5 media\.example 9000 typ host\r\na=end-of-candidates\r\n/u);
  assert.doesNotMatch(text, /^[vost]=/mu);
});

test('ICE servers are links, with credentials for TURN alone and quotes that cannot be left', () => {
  assert.deepEqual(
    iceServerLinks([
      { urls: ['stun:stun.example:3478'], username: 'u', credential: 'p' },
      { urls: ['turn:turn.example?transport=udp', 'turns:turn.example'], username: 'a"b', credential: 'c\\d' },
    ]),
    [
      '<stun:stun.example:3478>; rel="ice-server"',
      '<turn:turn.example?transport=udp>; rel="ice-server"; username="a\\"b"; credential="c\\\\d"; credential-type="password"',
      '<turns:turn.example>; rel="ice-server"; username="a\\"b"; credential="c\\\\d"; credential-type="password"',
    ],
  );
});
