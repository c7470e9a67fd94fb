import { ATTRIBUTE, ATTRIBUTE_FORM, type AttributeName } from '../../../src/stun/attributes.ts';
import type { MessageRefusal } from '../../../src/stun/message-reader.ts';

/** What a message holds, as RFC 8489 has it: values of honoured attributes by type, in their order. */
export type Decoded = { values: Map<number, string[]>; unknown: number[] };

const FORMS = new Map(
  (Object.entries(ATTRIBUTE) as [AttributeName, number][]).map(([name, type]) => [type, ATTRIBUTE_FORM[name]]),
);

/**
 * A second decoder, written for being obviously right and for nothing else: slices, a list, and no state. What it says
 * is what the reader must say.
 */
export function decodeSlowly(bytes: Uint8Array): Decoded | MessageRefusal {
  if (bytes.length < 20) return 'short';
  if (bytes[0]! > 0x3f || Buffer.from(bytes.slice(4, 8)).toString('hex') !== '2112a442') return 'not-stun';
  const length = bytes[2]! * 256 + bytes[3]!;
  if (length % 4 !== 0 || length + 20 !== bytes.length) return 'length';
  const values = new Map<number, string[]>();
  const unknown: number[] = [];
  let rest = bytes.slice(20);
  let before: 'nothing' | 'sha1' | 'sha256' = 'nothing';
  while (rest.length > 0) {
    const type = rest[0]! * 256 + rest[1]!;
    const size = rest[2]! * 256 + rest[3]!;
    const padded = Math.ceil(size / 4) * 4;
    if (4 + padded > rest.length) return 'attribute-overrun';
    const value = rest.slice(4, 4 + size);
    rest = rest.slice(4 + padded);
    const ignored =
      before !== 'nothing' &&
      type !== ATTRIBUTE.FINGERPRINT &&
      !(before === 'sha1' && type === ATTRIBUTE.MESSAGE_INTEGRITY_SHA256);
    if (ignored) continue;
    const form = FORMS.get(type);
    if (form === undefined) {
      if (type < 0x8000) unknown.push(type);
      continue;
    }
    if (size < form.least || size > form.most || size % form.step !== 0) return 'attribute-length';
    if (form.address !== undefined && (value[1] === 1 ? 8 : value[1] === 2 ? 20 : 0) !== size) return 'address-family';
    if (type === ATTRIBUTE.FINGERPRINT && rest.length > 0) return 'behind-fingerprint';
    values.set(type, [...(values.get(type) ?? []), Buffer.from(value).toString('hex')]);
    if (type === ATTRIBUTE.MESSAGE_INTEGRITY) before = 'sha1';
    if (type === ATTRIBUTE.MESSAGE_INTEGRITY_SHA256) before = 'sha256';
  }
  return { values, unknown };
}
