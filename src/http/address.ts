import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Who a request comes from. */
export type AddressResolver = {
  /** False: X-Forwarded-For never matters, and need not be read. */
  readonly trustsAny: boolean;
  /** Whether `peer`, in the form that `addressText` gives, is a trusted proxy. */
  isProxy(this: void, peer: string): boolean;
  /**
   * The client behind `peer`: `peer` itself, unless it is a trusted proxy; then the rightmost entry of
   * `forwardedFor` that is no trusted proxy, for what stands further left was written by the client.
   */
  client(this: void, peer: string, forwardedFor: string): string;
};

/** A resolver that trusts the given CIDRs and single addresses. Throws where one is neither. */
export function createAddressResolver(trustProxy: readonly string[] = []): AddressResolver {
  const trusted = trustProxy.map(parseRange);
  const isTrusted = (address: Address) =>
    trusted.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  const isProxy = (peer: string) => trusted.length > 0 && ipaddr.isValid(peer) && isTrusted(ipaddr.process(peer));

  return {
    trustsAny: trusted.length > 0,
    isProxy,
    client(peer, forwardedFor) {
      if (!isProxy(peer)) return peer;
      let client = peer;
      for (const entry of forwardedFor.split(',').toReversed()) {
        const address = parseForwarded(entry.trim());
        // An entry that is no address comes from nobody we trust: the last one that we believe stands.
        if (address === undefined) break;
        client = address.toString();
        if (!isTrusted(address)) break;
      }
      return client;
    },
  };
}

/** A socket's address (4 or 16 bytes) as text: IPv4 dotted, also where it is mapped into IPv6; IPv6 as RFC 5952. */
export function addressText(bytes: ArrayBuffer): string {
  const view = new Uint8Array(bytes);
  if (view.length === 4) return ipv4Text(view);
  if (view.length !== 16) return 'unknown';
  return ipaddr.process(new ipaddr.IPv6([...view]).toString()).toString();
}

/**
 * Addresses that came lately, by their low bits, and their texts. Most requests come from few addresses, and a text that
 * is not made anew has its hash already wherever it is looked up.
 */
const MEMO = 256;
const memoAddresses = new Int32Array(MEMO);
const memoTexts: string[] = Array.from({ length: MEMO }, () => '0.0.0.0');

function ipv4Text(bytes: Uint8Array): string {
  const [a, b, c, d] = [bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!];
  const address = (a << 24) | (b << 16) | (c << 8) | d;
  if (memoAddresses[d] !== address) {
    memoAddresses[d] = address;
    memoTexts[d] = `${a}.${b}.${c}.${d}`;
  }
  return memoTexts[d]!;
}

/** The same form for an address that is text already; what is no address stays as it is. */
export function normalizeAddress(text: string): string {
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : text;
}

function parseRange(text: string): [Address, number] {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) throw new Error(`"${text}" is neither an address nor a CIDR such as 10.0.0.0/8.`);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

// Some proxies write a port: 192.0.2.1:1234 or [2001:db8::1]:1234.
function parseForwarded(entry: string): Address | undefined {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
  return ipaddr.isValid(bare) && (bare.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(bare))
    ? ipaddr.process(bare)
    : undefined;
}
