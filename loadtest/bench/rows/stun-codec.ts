/**
 * What the STUN codec costs a thread, beside the libraries that npm has for it and beside node:crypto. All of it is
 * measured in one run, and each of the four rows takes its own figures from it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { ATTRIBUTE } from '../../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, useSha1Instructions } from '../../../src/stun/hmac-sha1.ts';
import { verifyIntegrity } from '../../../src/stun/integrity.ts';
import { MessageReader } from '../../../src/stun/message-reader.ts';
import { SHA1_WORDS } from '../../../src/stun/sha1.ts';
import { expiryOf } from '../../../src/turn/credentials.ts';
import { type Figure, figure, type Measured } from '../figure.ts';
import { requirePeer } from '../../peers/packages.ts';
import { relayInstructions } from '../../support/relay-instructions.ts';
import { timeInTurns, type Work } from '../rounds.ts';
import type { Row } from '../row.ts';
import { REALM, SECRET, type StunMessages, stunMessages, USERNAME } from './stun-messages.ts';

const PRIORITY = 0x6e0001ff;
/** Bytes of MESSAGE-INTEGRITY; it is the last attribute, so that the header's length is the one that it covers. */
const MAC_ATTRIBUTE = 24;

export const stunParse: Row = {
  about: 'header, all attributes and typed values of a Binding request with 6 attributes, from its bytes',
  measure({ peers }) {
    const messages = stunMessages();
    const works: Record<string, Work> = {
      ours: parse(messages),
      oursMarked: parseMarked(messages),
      ...(peers ? peerParsers(messages) : {}),
    };
    const times = timeInTurns(works);
    const ours = { unit: 'ns', rounds: times['ours'] ?? [] };
    const { stun, 'node-turn': nodeTurn, oursMarked = [] } = times;
    return [
      figure({ metric: 'stun-parse', ...ours, atMost: 50, ...beside('stun', stun) }),
      figure({ metric: 'stun-parse.allocate', unit: 'ns', rounds: oursMarked, ...beside('node-turn', nodeTurn) }),
    ];
  },
};

export const turnCredential: Row = {
  about: 'a time-limited credential: expiry, and password by one HMAC-SHA1, the key states of the secret ready',
  measure() {
    const messages = stunMessages();
    return bothWays('turn-credential', messages, credentialWorks(messages), { atMost: 272 });
  },
};

export const turnCredentialCold: Row = {
  about: 'a user never seen: password, long-term key, key states, MESSAGE-INTEGRITY of an Allocate',
  measure() {
    const messages = stunMessages();
    return bothWays('turn-credential-cold', messages, coldWorks(messages), { atMost: 1600 });
  },
};

export const turnMessageIntegrity: Row = {
  about: 'MESSAGE-INTEGRITY of an Allocate, the user known',
  measure() {
    const messages = stunMessages();
    return bothWays('turn-message-integrity', messages, integrityWorks(messages), { atMost: 200, inTypeScript: 300 });
  },
};

type Against = 'ours' | 'crypto';
/** Nanoseconds: as the relay does it, and of TypeScript alone where that is asked for. */
type Targets = { readonly atMost: number; readonly inTypeScript?: number };

/** As the relay does it on this machine, by the processor's instructions where it can, and in TypeScript. */
function bothWays(
  metric: string,
  messages: StunMessages,
  { ours, crypto }: Record<Against, Work>,
  targets: Targets,
): Figure[] {
  const instructions = relayInstructions(messages.slab);
  const { atMost, inTypeScript } = targets;
  const by = (used: typeof instructions): Work => {
    return (calls) => {
      useSha1Instructions(used);
      return ours(calls);
    };
  };
  const times = timeInTurns({ relay: by(instructions), typescript: by(undefined), crypto });
  const unit = 'ns';
  return [
    figure({ metric, unit, rounds: times.relay, atMost, ...beside('node:crypto', times.crypto) }),
    figure({
      ...{ metric: `${metric}.typescript`, unit, rounds: times.typescript },
      ...(inTypeScript === undefined ? {} : { atMost: inTypeScript }),
    }),
  ];
}

function beside(name: string, rounds: readonly number[] | undefined): Pick<Measured, 'peer'> {
  return rounds === undefined ? {} : { peer: { name, rounds } };
}

function parse({ view, binding }: StunMessages): Work {
  const reader = new MessageReader();
  return (calls) => {
    let right = 0;
    for (let call = 0; call < calls; call += 1) {
      if (reader.parse(view, binding.offset, binding.length) !== undefined) continue;
      if (reader.has(ATTRIBUTE.FINGERPRINT) && reader.uint32(ATTRIBUTE.PRIORITY) === PRIORITY) right += 1;
    }
    return right === calls;
  };
}

/** An Allocate of 6 attributes, its FINGERPRINT checked, beside a parser that does so as it reads. */
function parseMarked({ view, marked }: StunMessages): Work {
  const reader = new MessageReader();
  return repeat(() => reader.parse(view, marked.offset, marked.length) === undefined && reader.hasValidFingerprint());
}

/** Both take a Buffer, and give objects. */
function peerParsers(messages: StunMessages): Record<'stun' | 'node-turn', Work> {
  const stun = requirePeer('stun') as { decode(bytes: Buffer): { count: number } };
  const Message = requirePeer('node-turn/lib/message') as new (server: object) => { read(bytes: Buffer): boolean };
  // It knows no attribute of ICE. It checks FINGERPRINT as it reads, and MESSAGE-INTEGRITY of users that it knows: of none here.
  const server = { debug: () => undefined, realm: REALM, authentification: { credentials: {} } };
  const [bytes, marked] = [messages.bytes(messages.binding), messages.bytes(messages.marked)];
  return {
    stun: repeat(() => stun.decode(bytes).count === 6),
    'node-turn': repeat(() => new Message(server).read(marked)),
  };
}

/** Expiry and password of the user name in the Allocate. */
function credentialWorks({ view, secretKey, readAllocate }: StunMessages): Record<Against, Work> {
  const allocate = readAllocate();
  const [at, size] = [allocate.at(ATTRIBUTE.USERNAME), allocate.size(ATTRIBUTE.USERNAME)];
  const digest = new Int32Array(SHA1_WORDS);
  const now = Date.now() / 1000;
  return {
    ours: repeat(() => {
      hmacSha1(secretKey, 0, view, at, size, digest);
      return expiryOf(view, at, size) > now && digest[0] !== 0;
    }),
    crypto: repeat(() => {
      const [expiry = ''] = USERNAME.split(':', 1);
      return Number(expiry) > now && createHmac('sha1', SECRET).update(USERNAME).digest('base64').length === 28;
    }),
  };
}

function integrityWorks(messages: StunMessages): Record<Against, Work> {
  const allocate = messages.readAllocate();
  const key = longTermKey(password());
  const signed = signedBytes(messages);
  return {
    ours: repeat(() => verifyIntegrity(allocate, messages.userKey, 0)),
    crypto: repeat(() => isSigned(signed, key)),
  };
}

function coldWorks(messages: StunMessages): Record<Against, Work> {
  const allocate = messages.readAllocate();
  const key = new Int32Array(HMAC_SHA1_KEY_WORDS);
  const signed = signedBytes(messages);
  return {
    ours: repeat(() => {
      messages.deriveKey(key);
      return verifyIntegrity(allocate, key, 0);
    }),
    crypto: repeat(() => isSigned(signed, longTermKey(password()))),
  };
}

type Signed = { readonly covered: Buffer; readonly mac: Buffer };

function signedBytes(messages: StunMessages): Signed {
  const bytes = messages.bytes(messages.allocate);
  const mac = bytes.subarray(-MAC_ATTRIBUTE + 4);
  return { covered: bytes.subarray(0, -MAC_ATTRIBUTE), mac };
}

function isSigned({ covered, mac }: Signed, key: Buffer): boolean {
  return timingSafeEqual(createHmac('sha1', key).update(covered).digest(), mac);
}

function password(): string {
  return createHmac('sha1', SECRET).update(USERNAME).digest('base64');
}

function longTermKey(secret: string): Buffer {
  return createHash('md5').update(`${USERNAME}:${REALM}:${secret}`).digest();
}

function repeat(once: () => boolean): Work {
  return (calls) => {
    let right = 0;
    for (let call = 0; call < calls; call += 1) if (once()) right += 1;
    return right === calls;
  };
}
