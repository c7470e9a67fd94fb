import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import type { TurnEvent } from '../../src/turn/events.ts';
import { type Client, udp } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { World } from './support/turn-world.ts';

/**
 * Random lives of a few clients, against a model that knows only RFC 8656's promises: who has an allocation until when,
 * whom it permits until when, which channels it has. What the server relays must be what the model allows; in the end
 * everything is given back.
 */
test('whatever clients do, and in whatever order, only what is permitted is relayed, and nothing is left over', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const life = new Life();
      for (const next of steps) life.take(next);
      life.end();
    }),
    { numRuns: 100 },
  );
});

test('no event throws, whatever it names', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(wildEvent, step), { maxLength: 60, size: 'max' }), (events) => {
      const life = new Life({ strict: false });
      for (const event of events) {
        if (typeof event.type === 'string' && 'wild' in event) life.world.server.handle(event.wild, life.world.now);
        else if (!('wild' in event)) life.take(event);
      }
    }),
    { numRuns: 40 },
  );
});

/** Some of them may be had by nobody. */
const PEERS = ['198.51.100.1:9000', '198.51.100.1:9001', '198.51.100.2:9000', '127.0.0.1:80'] as const;
const ALLOWED = (peer: string) => peer.startsWith('198.51.100.');

const client = fc.constantFrom(0, 0, 0, 1);
const peer = fc.constantFrom(PEERS[0], PEERS[0], PEERS[0], ...PEERS);
const number = fc.integer({ min: 0x3fff, max: 0x4002 });
const seconds = fc.constantFrom(1, 100, 150, 150, 200, 299, 300, 301, 450);

type Step =
  | { type: 'allocate' | 'refresh' | 'delete' | 'revoke'; client: number }
  | { type: 'permit' | 'send' | 'receive'; client: number; peer: string }
  | { type: 'bind'; client: number; peer: string; number: number }
  | { type: 'channel'; client: number; number: number }
  | { type: 'pass'; seconds: number; seen: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('allocate'), client }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('refresh', 'delete', 'revoke'), client }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('permit'), client, peer }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('bind'), client, peer, number }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('send', 'receive'), client, peer }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('channel'), client, number }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('pass'), seconds, seen: fc.boolean() }) },
);

const address = fc.constantFrom(...PEERS).map(at);
const handle = fc.oneof(fc.nat(200), fc.integer({ min: 1 << 24, max: (1 << 24) + 10 }));
const wildEvent = fc
  .oneof<fc.Arbitrary<TurnEvent>[]>(
    fc.record({ type: fc.constant('relay-bind-failed'), allocation: fc.nat(9), why: fc.constant('exhausted') }),
    fc.record({ type: fc.constant('stream-closed'), socket: handle }),
    fc.record({
      type: fc.constant('icmp'),
      socket: handle,
      address,
      icmpType: fc.nat(20),
      icmpCode: fc.nat(255),
      data: fc.nat(),
    }),
    fc.record({ type: fc.constant('peer-connected'), connection: fc.nat(9), peer: handle }),
    fc.record({ type: fc.constant('peer-connect-failed'), connection: fc.nat(9) }),
    fc.record({ type: fc.constant('peer-accepted'), relay: handle, peer: handle, address }),
    fc.record({ type: fc.constant('deadline') }),
    fc.record({ type: fc.constant('close'), allocation: fc.nat(9), cause: fc.constant('x') }),
  )
  .map((wild) => ({ type: 'wild', wild }));

/** What the model knows of an allocation. */
type Model = {
  expiresAt: number;
  readonly permissions: Map<string, number>;
  readonly channels: Map<number, { peer: string; until: number }>;
};

class Life {
  readonly world = new World();
  readonly #strict: boolean;
  readonly #clients: Client[];
  readonly #models: (Model | undefined)[] = [];

  constructor({ strict } = { strict: true }) {
    this.#strict = strict;
    this.#clients = [0, 1].map((n) => this.world.client(`192.0.2.${n + 1}:4000`, `user-${n}`));
  }

  take(next: Step): void {
    if (next.type === 'pass') {
      if (next.seen) this.world.pass(next.seconds);
      else this.world.passUnseen(next.seconds);
      return;
    }
    const who = this.#clients[next.client]!;
    const model = this.#modelOf(next.client);
    switch (next.type) {
      case 'allocate':
        return this.#allocate(next.client, who, model);
      case 'refresh':
        who.fetchNonce();
        this.#expect(who.refresh(600).error, model === undefined ? 437 : 0);
        if (model !== undefined) model.expiresAt = this.world.now + 600_000;
        return;
      case 'delete':
        who.fetchNonce();
        this.#expect(who.refresh(0).error, model === undefined ? 437 : 0);
        this.#models[next.client] = undefined;
        return;
      case 'permit':
        return this.#permit(who, model, next.peer);
      case 'bind':
        return this.#bind(who, model, next.peer, next.number);
      case 'send':
        who.send(next.peer, 'data');
        return this.#expectRelayed(next.peer, model !== undefined && this.#permits(model, next.peer));
      case 'channel': {
        who.channel(next.number, 'data');
        const bound = model === undefined ? undefined : this.#channel(model, next.number);
        return this.#expectRelayed(bound, bound !== undefined && this.#permits(model!, bound));
      }
      case 'receive':
        return this.#receive(who, model, next.peer);
      case 'revoke':
        this.world.handle({ type: 'close', identity: `user-${next.client}`, cause: 'test' });
        this.#models[next.client] = undefined;
    }
  }

  /** Everything ends by itself, and nothing is left of it. */
  end(): void {
    this.world.pass(3601);
    assert.equal(this.world.relays.size, 0, 'every socket is closed, once');
    assert.equal(this.world.quotas.size, 0);
    assert.equal(this.world.server.nextDeadline(), undefined);
    for (const gauge of ['gauge.allocations.udp.ipv4', 'gauge.permissions', 'gauge.channels'] as const) {
      assert.equal(this.world.count(gauge), 0, gauge);
    }
    assert.equal(this.world.ordered('allocated').length, this.world.ordered('ended').length);
  }

  #allocate(index: number, who: Client, model: Model | undefined): void {
    who.fetchNonce();
    const answer = who.ask(METHOD.ALLOCATE, udp());
    this.#expect(answer.error, model === undefined ? 0 : 437);
    if (answer.error !== 0) return;
    who.relayed = answer.address('XOR_RELAYED_ADDRESS');
    this.#models[index] = { expiresAt: this.world.now + 600_000, permissions: new Map(), channels: new Map() };
  }

  #permit(who: Client, model: Model | undefined, to: string): void {
    who.fetchNonce();
    this.#expect(who.permit(to).error, model === undefined ? 437 : ALLOWED(to) ? 0 : 403);
    if (ALLOWED(to)) model?.permissions.set(hostOf(to), this.world.now + 300_000);
  }

  #bind(who: Client, model: Model | undefined, to: string, channel: number): void {
    who.fetchNonce();
    const { error } = who.ask(
      METHOD.CHANNEL_BIND,
      (writer) => {
        writer.uint32(ATTRIBUTE.CHANNEL_NUMBER, channel << 16);
        writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(to));
      },
      { sha256: true },
    );
    if (model === undefined) return this.#expect(error, 437);
    const bound = this.#channel(model, channel);
    const other = [...model.channels].find(([, entry]) => entry.peer === to && entry.until > this.world.now)?.[0];
    if (channel < 0x4000 || (bound ?? to) !== to || (other ?? channel) !== channel) return this.#expect(error, 400);
    this.#expect(error, ALLOWED(to) ? 0 : 403);
    if (error !== 0) return;
    model.channels.set(channel, { peer: to, until: this.world.now + 600_000 });
    model.permissions.set(hostOf(to), this.world.now + 300_000);
  }

  #receive(who: Client, model: Model | undefined, from: string): void {
    if (who.relayed === '' || ![...this.world.relays.values()].some(({ port }) => who.relayed.endsWith(`:${port}`)))
      return;
    this.world.fromPeer(from, who.relayed, 'data');
    const got = who.data();
    if (!this.#strict) return;
    const permitted = model !== undefined && this.#permits(model, from);
    const channel = [...(model?.channels ?? [])].find(
      ([, entry]) => entry.peer === from && entry.until > this.world.now,
    );
    const expected = channel === undefined ? `${from}: data` : `0x${channel[0].toString(16)}: data`;
    assert.deepEqual(got, permitted ? [expected] : []);
  }

  #modelOf(index: number): Model | undefined {
    const model = this.#models[index];
    return model !== undefined && model.expiresAt > this.world.now ? model : undefined;
  }

  #permits(model: Model, to: string): boolean {
    return (model.permissions.get(hostOf(to)) ?? 0) > this.world.now;
  }

  #channel(model: Model, channel: number): string | undefined {
    const entry = model.channels.get(channel);
    return entry !== undefined && entry.until > this.world.now ? entry.peer : undefined;
  }

  #expect(error: number, expected: number): void {
    if (this.#strict) assert.equal(error, expected);
  }

  #expectRelayed(to: string | undefined, relayed: boolean): void {
    const sent = this.world.sent.splice(0);
    if (this.#strict)
      assert.deepEqual(
        sent.map((datagram) => datagram.to),
        relayed ? [to] : [],
      );
    for (const datagram of sent) assert.ok(ALLOWED(datagram.to));
  }
}

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':'));
}
