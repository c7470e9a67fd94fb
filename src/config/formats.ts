/** How the texts of the configuration are written: units, addresses, URLs. Each turns a text into a value. */
import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

import { API_KEY_PATTERN } from '../auth/api-keys.ts';
import { EVENT_TYPES } from '../events/event.ts';
import { webhookKey } from '../events/webhooks/signature.ts';

const DURATIONS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const BITRATES: Record<string, number> = { bps: 1, kbps: 1000, Mbps: 1_000_000, Gbps: 1_000_000_000 };

const apiKey = new RegExp(API_KEY_PATTERN, 'u');
const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/iu;
const turnSecret = /^[\x21-\x7e]{16,256}$/u;
const iceUrl = /^(stuns?:[^\s/?]+|turns?:[^\s/?]+(\?transport=(udp|tcp))?)$/u;

type Format = {
  /** How the text is written, as it completes "expected …". */
  readonly expected: string;
  /** The value, or undefined where the text is not one. */
  readonly parse: (text: string) => string | number | undefined;
  /** A number of this unit as a person writes it, for bounds. */
  readonly write?: (value: number) => string;
};

/** Every format of a text in the configuration, by the name that the schema gives it. */
export const FORMATS = {
  duration: {
    expected: 'a duration with its unit (250ms, 20s, 5m, 2h, 7d)',
    parse: (text) => withUnit(text, DURATIONS),
    write: (value) => unitOf(value, DURATIONS),
  },
  size: {
    expected: 'a size with its unit (512B, 64KiB, 1MiB, 1GiB)',
    parse: (text) => withUnit(text, SIZES),
    write: (value) => unitOf(value, SIZES),
  },
  bitrate: {
    expected: 'a bit rate with its unit (64000bps, 600kbps, 1.5Mbps)',
    parse: (text) => withUnit(text, BITRATES),
    write: (value) => unitOf(value, BITRATES),
  },
  text: { expected: 'a text that is not empty', parse: (text) => keep(text, text.trim() !== '') },
  ip: { expected: 'an IPv4 or IPv6 address', parse: (text) => keep(text, isIP(text) !== 0) },
  host: { expected: 'a host name or an IP address', parse: (text) => keep(text, isHost(text)) },
  cidr: {
    expected: 'an IP address or a CIDR range such as 10.0.0.0/8',
    parse: (text) => keep(text, isIP(text) !== 0 || ipaddr.isValidCIDR(text)),
  },
  'http-url': {
    expected: 'an http:// or https:// URL with no path, query or user',
    parse: (text) => originOf(text),
  },
  'web-origin': {
    expected: "a web origin such as https://app.example.com, or '*' for every origin",
    parse: (text) => (text === '*' ? text : originOf(text)),
  },
  'ice-url': {
    expected: 'a stun:, stuns:, turn: or turns: URL (RFC 7064, RFC 7065)',
    parse: (text) => keep(text, iceUrl.test(text)),
  },
  'api-key': {
    expected: 'an API key "id.secret": an id of letters, digits, "_" and "-", then 32 to 256 characters of a secret',
    parse: (text) => keep(text, apiKey.test(text)),
  },
  realm: {
    expected: 'a realm of 1 to 24 letters, digits, ".", "-" and "_"',
    parse: (text) => keep(text, /^[\w.-]{1,24}$/u.test(text)),
  },
  name: {
    expected: 'a name of 1 to 64 letters, digits, "_" and "-"',
    parse: (text) => keep(text, /^[\w-]{1,64}$/u.test(text)),
  },
  'webhook-url': {
    expected: 'an http:// or https:// URL',
    parse: (text) => keep(text, /^https?:\/\//u.test(text) && URL.canParse(text)),
  },
  'webhook-secret': {
    expected: 'a secret "whsec_" and 24 to 64 bytes in base64',
    parse: (text) => keep(text, webhookKey(text) !== undefined),
  },
  'event-type': {
    expected: `a type of event (${EVENT_TYPES.join(', ')})`,
    parse: (text) =>
      keep(
        text,
        EVENT_TYPES.some((type) => type === text),
      ),
  },
  'turn-secret': {
    expected: 'a secret of 16 to 256 printable ASCII characters without spaces',
    parse: (text) => keep(text, turnSecret.test(text)),
  },
} as const satisfies Record<string, Format>;

/** The name of a format. */
export type FormatName = keyof typeof FORMATS;

/** Whether `text` names a host or is an IP address. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  // What looks like an IPv4 address and is none ("10.0.0.300", "1.2.3") is a slip, not a name.
  return hostName.test(text) && !/^[\d.]+$/u.test(text);
}

function keep(text: string, valid: boolean): string | undefined {
  return valid ? text : undefined;
}

function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(text);
  const bare = pathname === '/' && search === '' && hash === '' && username === '' && password === '';
  return bare && (protocol === 'http:' || protocol === 'https:') ? origin : undefined;
}

function withUnit(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([A-Za-z]{1,4})$/u.exec(text);
  const unit = match?.[2];
  if (match === null || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const value = Math.round(Number(match[1]) * units[unit]!);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The largest unit that leaves a whole number. */
function unitOf(value: number, units: Record<string, number>): string {
  let [name, size] = ['', 1];
  for (const [candidate, factor] of Object.entries(units)) {
    if (factor === 1 || (value !== 0 && value % factor === 0)) [name, size] = [candidate, factor];
  }
  return `${value / size}${name}`;
}
