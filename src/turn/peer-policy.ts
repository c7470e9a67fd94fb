import { MAPPED_IPV4, type TransportAddress } from '../stun/address.ts';
import { type Address, type Prefix, PrefixSet } from './peer-address-prefix.ts';
import { ADDRESS_CLASSES } from './peer-address-ranges.ts';
import { addressClass, CARRIED, carriedAddresses, isThisMachine } from './peer-address.ts';
import { EndpointMap } from './peer-policy-endpoints.ts';

/** Why an address is no peer: metric labels by the number that a policy returns. 0 is none. */
export const PEER_REFUSALS: readonly string[] = [
  'permitted',
  ...ADDRESS_CLASSES.slice(1),
  'denied',
  'not-media',
  'own-listener',
  'own-address',
  'port-zero',
];

const PERMITTED = 0;
const DENIED = PEER_REFUSALS.indexOf('denied');
const NOT_MEDIA = PEER_REFUSALS.indexOf('not-media');
const OWN_LISTENER = PEER_REFUSALS.indexOf('own-listener');
const OWN_ADDRESS = PEER_REFUSALS.indexOf('own-address');
const PORT_ZERO = PEER_REFUSALS.indexOf('port-zero');

/** A place that clients know by one address and that this machine reaches by another: 1:1 NAT. */
type Translated<Kind> = { readonly announced: Kind; readonly listening: Kind };

export type PeerPolicyOptions = {
  /** `media`: only this server's own media. `public`: public unicast addresses too. */
  mode: 'media' | 'public';
  /**
   * Where this server's media listens. `listening` is an address that a relay socket can send to and whose answers come
   * from it, never a wildcard. Several entries may have one `announced`: the first is sent to, all are heard.
   */
  media: readonly Translated<TransportAddress>[];
  /** Opened, in either mode, although their class or the mode closes them. */
  allow: readonly Prefix[];
  /** Closed, whatever else says that they are open, in every form in which they can be written. */
  deny: readonly Prefix[];
  /**
   * This machine: every address that it has or is known by, and every port on which anything of this server listens
   * (STUN and TURN, HTTP, media). Loopback addresses are meant without being named.
   */
  own: { readonly addresses: readonly Address[]; readonly ports: readonly number[] };
  /** The addresses of relay sockets. */
  relays: readonly Translated<Address>[];
  /** The ports of relay sockets, both included. */
  relayPorts: { readonly first: number; readonly last: number };
};

/** Where an address goes that a policy returns; any object with these five numbers. */
export type Endpoint = { a: number; b: number; c: number; d: number; port: number };

/** Whom a relay may talk to. Numbers returned are places in PEER_REFUSALS; 0 permits. */
export type PeerPolicy = {
  /** CreatePermission, which knows no port: 0 where some port of the address may be a peer. */
  check(a: number, b: number, c: number, d: number): number;
  /**
   * ChannelBind, Send, Connect and each datagram to a peer. Where it returns 0, `into` is where to send: the listening
   * address for an announced one. Otherwise `into` is as it was.
   */
  route(a: number, b: number, c: number, d: number, port: number, into: Endpoint): number;
  /**
   * Each datagram or connection from a peer. Where it returns 0, `into` is the peer as clients know it: the announced
   * address for a listening one. Permissions and channels are for that address.
   */
  arrived(a: number, b: number, c: number, d: number, port: number, into: Endpoint): number;
  /** Whether this is a relay socket of ours. What comes from there to a listener is no client's. */
  isOwnRelay(a: number, b: number, c: number, d: number, port: number): boolean;
  /** Puts new options in the place of the old ones. */
  configure(options: PeerPolicyOptions): void;
  /** Changes with `configure`; what a policy said before is void then. */
  readonly version: number;
};

/**
 * The rules, the first that fits decides:
 *
 * 1. An explicit `deny` refuses, in every form: a denied IPv4 address is refused as an IPv6 address that carries it.
 * 2. This server's media, at its announced address and port, is permitted and translated.
 * 3. Mode `media` without `allow` refuses everything else.
 * 4. Ports on which this server listens are refused, also where `allow` covers them.
 * 5. Own relay addresses within the relay ports: permitted in `public`, or where `allow` covers them. Two clients that
 *    both come through this server reach each other so. It cannot loop: by rule 4 no relay socket sends to a listener
 *    or takes from one, so no client of an allocation is itself a relay socket of ours, and what enters passes two
 *    relay sockets at most, leaves once, and leaves for a client that is elsewhere. Where several servers stand
 *    together in `public`, each should `deny` the listeners of the others, for the same reason.
 * 6. Every other port of this machine is refused unless `allow` covers it.
 * 7. `allow` permits the address as it is written: 10.0.0.0/8 does not open 64:ff9b::10.0.0.1, which leads elsewhere.
 * 8. Mode `media` refuses; mode `public` refuses all that is not public unicast.
 */
export function createPeerPolicy(options: PeerPolicyOptions): PeerPolicy {
  return new Policy(options);
}

class Policy implements PeerPolicy {
  version = 0;
  #public = false;
  /** Rule 3: there is nothing but media. */
  #closed = true;
  #allow = new PrefixSet([]);
  #deny = new PrefixSet([]);
  /** Announced → listening, and back. */
  #mediaOut = new EndpointMap([]);
  #mediaIn = new EndpointMap([]);
  /** Announced addresses of media. In this table and the next ones ports are 0. */
  #mediaAddresses = new EndpointMap([]);
  #relayAddresses = new EndpointMap([]);
  /** Relay addresses that may be peers, announced → listening, and back. */
  #relayOut = new EndpointMap([]);
  #relayIn = new EndpointMap([]);
  #ownAddresses = new EndpointMap([]);
  /** 1 at each port of a listener. */
  readonly #listeners = new Uint8Array(65_536);
  #relayPorts = { first: 0, last: 0 };
  readonly #carried = new Int32Array(CARRIED);

  constructor(options: PeerPolicyOptions) {
    this.configure(options);
  }

  configure({ mode, media, allow, deny, own, relays, relayPorts }: PeerPolicyOptions): void {
    this.version += 1;
    this.#public = mode === 'public';
    this.#closed = mode === 'media' && allow.length === 0;
    this.#allow = new PrefixSet(allow);
    this.#deny = new PrefixSet(deny);
    const open = media.filter(({ announced: { a, b, c, d } }) => !this.#deny.has(a, b, c, d));
    this.#mediaOut = new EndpointMap(open.map(({ announced, listening }) => [announced, listening]));
    this.#mediaIn = new EndpointMap(open.map(({ announced, listening }) => [listening, announced]));
    this.#mediaAddresses = setOf(open.map(({ announced }) => announced));
    const openRelays = relays.filter(
      ({ announced: { a, b, c, d } }) =>
        !this.#deny.has(a, b, c, d) && (mode === 'public' || this.#allow.has(a, b, c, d)),
    );
    this.#relayOut = new EndpointMap(openRelays.map(({ announced, listening }) => [at0(announced), at0(listening)]));
    this.#relayIn = new EndpointMap(openRelays.map(({ announced, listening }) => [at0(listening), at0(announced)]));
    const both = <Kind>({ announced, listening }: Translated<Kind>) => [announced, listening];
    this.#relayAddresses = setOf(relays.flatMap(both));
    this.#ownAddresses = setOf([...own.addresses, ...media.flatMap(both), ...relays.flatMap(both)]);
    this.#listeners.fill(0);
    for (const port of own.ports) this.#listeners[port] = 1;
    for (const { announced, listening } of media) this.#listeners[announced.port] = this.#listeners[listening.port] = 1;
    this.#relayPorts = { ...relayPorts };
  }

  check(a: number, b: number, c: number, d: number): number {
    if (this.#mediaAddresses.get(a, b, c, d, 0) !== undefined) return PERMITTED;
    if (this.#closed) return NOT_MEDIA;
    if (this.#relayOut.get(a, b, c, d, 0) !== undefined) return PERMITTED;
    return this.#judge(a, b, c, d, this.#isOwn(a, b, c, d));
  }

  route(a: number, b: number, c: number, d: number, port: number, into: Endpoint): number {
    return this.#decide(this.#mediaOut, this.#relayOut, a, b, c, d, port, into);
  }

  arrived(a: number, b: number, c: number, d: number, port: number, into: Endpoint): number {
    return this.#decide(this.#mediaIn, this.#relayIn, a, b, c, d, port, into);
  }

  isOwnRelay(a: number, b: number, c: number, d: number, port: number): boolean {
    return this.#isRelayPort(port) && this.#relayAddresses.get(a, b, c, d, 0) !== undefined;
  }

  /** The same for both ways; `media` and `relays` translate in the one that is meant. */
  #decide(
    media: EndpointMap,
    relays: EndpointMap,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    into: Endpoint,
  ): number {
    // Media is at addresses of this machine only, so one look-up is enough, for media and for what is elsewhere.
    const own = !this.#closed && this.#isOwn(a, b, c, d);
    if (own || this.#closed) {
      const place = media.get(a, b, c, d, port);
      if (place !== undefined) return fill(into, place, place.port);
      if (this.#closed) return NOT_MEDIA;
    }
    if (port === 0) return PORT_ZERO;
    if (own) {
      if (this.#listeners[port] === 1) return OWN_LISTENER;
      const relay = this.#isRelayPort(port) ? relays.get(a, b, c, d, 0) : undefined;
      if (relay !== undefined) return fill(into, relay, port);
      // A relay that is closed, or is called by its address behind the NAT, under which nothing would come back.
      if (this.isOwnRelay(a, b, c, d, port)) return this.#deny.has(a, b, c, d) ? DENIED : OWN_ADDRESS;
    }
    const verdict = this.#judge(a, b, c, d, own);
    if (verdict === PERMITTED) set(into, a, b, c, d, port);
    return verdict;
  }

  /** Rules 1 and 6 to 8, for a port that is neither media's nor a listener's. */
  #judge(a: number, b: number, c: number, d: number, own: boolean): number {
    if (this.#deny.has(a, b, c, d)) return DENIED;
    if (a !== 0 || b !== 0 || c !== MAPPED_IPV4) {
      // Ports behind a translator are not seen here, so its way back to this machine is closed whatever the port is.
      const count = carriedAddresses(a, b, c, d, this.#carried);
      for (let index = 0; index < count; index += 1) {
        const carried = this.#carried[index]!;
        if (this.#deny.has(0, 0, MAPPED_IPV4, carried)) return DENIED;
        if (this.#ownAddresses.get(0, 0, MAPPED_IPV4, carried, 0) !== undefined) return OWN_ADDRESS;
      }
    }
    if (this.#allow.has(a, b, c, d)) return PERMITTED;
    if (own) return OWN_ADDRESS;
    return this.#public ? addressClass(a, b, c, d) : NOT_MEDIA;
  }

  #isOwn(a: number, b: number, c: number, d: number): boolean {
    return isThisMachine(a, b, c, d) || this.#ownAddresses.get(a, b, c, d, 0) !== undefined;
  }

  #isRelayPort(port: number): boolean {
    return port >= this.#relayPorts.first && port <= this.#relayPorts.last;
  }
}

function setOf(addresses: readonly Address[]): EndpointMap {
  return new EndpointMap(addresses.map((address) => [at0(address), at0(address)]));
}

function at0({ a, b, c, d }: Address): TransportAddress {
  return { a, b, c, d, port: 0 };
}

function fill(into: Endpoint, { a, b, c, d }: Address, port: number): number {
  set(into, a, b, c, d, port);
  return PERMITTED;
}

function set(into: Endpoint, a: number, b: number, c: number, d: number, port: number): void {
  into.a = a;
  into.b = b;
  into.c = c;
  into.d = d;
  into.port = port;
}
