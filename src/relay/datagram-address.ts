import { hostText, MAPPED_IPV4, parseAddress } from '../stun/address.ts';

/** Texts that are kept, a power of two. */
const KEPT = 1024;
const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;

/**
 * Writes the four words of an address that the system gave as text, such as `192.0.2.1` or `fe80::1%eth0`. IPv4 costs no
 * allocation.
 */
export function readAddress(host: string, into: Int32Array, at: number): void {
  let word = 0;
  let part = 0;
  for (let i = 0; i < host.length; i += 1) {
    const code = host.charCodeAt(i);
    if (code === DOT) {
      word = (word << 8) | part;
      part = 0;
    } else if (code >= ZERO && code < COLON) {
      part = part * 10 + (code - ZERO);
    } else {
      readIpv6(host, into, at);
      return;
    }
  }
  into[at] = 0;
  into[at + 1] = 0;
  into[at + 2] = MAPPED_IPV4;
  into[at + 3] = (word << 8) | part;
}

function readIpv6(host: string, into: Int32Array, at: number): void {
  const zone = host.indexOf('%');
  const address = parseAddress(zone < 0 ? host : host.slice(0, zone), 0);
  into[at] = address?.a ?? 0;
  into[at + 1] = address?.b ?? 0;
  into[at + 2] = address?.c ?? 0;
  into[at + 3] = address?.d ?? 0;
}

/** Addresses as text, of which the latest are kept: a flood of new ones costs time and no memory. */
export function createAddressTexts(): { of(a: number, b: number, c: number, d: number): string } {
  const words = new Int32Array(KEPT * 4);
  const texts = Array.from({ length: KEPT }, () => '::');
  return {
    of(a, b, c, d) {
      const mixed = Math.imul(
        a ^ Math.imul(b ^ Math.imul(c ^ Math.imul(d, 0x9e3779b1), 0x85ebca6b), 0xc2b2ae35),
        0x27d4eb2f,
      );
      const place = (mixed >>> 22) & (KEPT - 1);
      const at = place * 4;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return texts[place]!;
      const text = hostText({ a, b, c, d });
      words[at] = a;
      words[at + 1] = b;
      words[at + 2] = c;
      words[at + 3] = d;
      texts[place] = text;
      return text;
    },
  };
}
