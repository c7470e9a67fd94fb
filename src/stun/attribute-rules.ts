import { FAMILY } from './address.ts';
import { ATTRIBUTE, ATTRIBUTE_FORM, ATTRIBUTE_INDEXES, type AttributeName, attributeIndex } from './attributes.ts';

/**
 * What is known of an attribute, packed into one word, so that a walk over a message loads it once: the least length (6
 * bits), how much more it may be (16 bits), the step of lengths less 1 (2 bits), and flags.
 */
export type Rule = number;

const LEAST = 0x3f;
const SPAN_SHIFT = 6;
const STEP_SHIFT = 22;
/** The value is an address: its family must fit its length. */
export const RULE_ADDRESS: Rule = 1 << 24;
/** MESSAGE-INTEGRITY of both kinds and FINGERPRINT, which rule what may follow. */
export const RULE_SEALS: Rule = 1 << 25;
/** The agent does not understand the attribute. */
export const RULE_UNKNOWN: Rule = 1 << 26;
/** More is to be looked at than whether the length is within its bounds. */
export const RULE_SPECIAL: Rule = RULE_ADDRESS | RULE_SEALS | RULE_UNKNOWN | (3 << STEP_SHIFT);

const SEALS: ReadonlySet<AttributeName> = new Set(['MESSAGE_INTEGRITY', 'MESSAGE_INTEGRITY_SHA256', 'FINGERPRINT']);

/** The rules of the attributes that an agent understands, by `attributeIndex`. */
export function rulesOf(understood: readonly AttributeName[]): Int32Array {
  const rules = new Int32Array(ATTRIBUTE_INDEXES).fill(RULE_UNKNOWN);
  for (const name of understood) rules[attributeIndex(ATTRIBUTE[name])] = ruleOf(name);
  return rules;
}

/** Whether `size` is within the bounds of the attribute's length. */
export function withinBounds(rule: Rule, size: number): boolean {
  // As unsigned numbers: a size below the least one wraps around and is above every span.
  return (size - (rule & LEAST)) >>> 0 <= ((rule >>> SPAN_SHIFT) & 0xffff);
}

/** Whether a value may have `size` bytes. */
export function lengthFits(rule: Rule, size: number): boolean {
  return withinBounds(rule, size) && (size & (rule >>> STEP_SHIFT) & 3) === 0;
}

/** RFC 8489 §14.1: behind family and port, 4 bytes in all, family 1 has 4 bytes of address, and family 2 has 16. */
export function familyFits(view: DataView, value: number, size: number): boolean {
  const family = view.getUint8(value + 1);
  return family === FAMILY.IPV4 ? size === 8 : family === FAMILY.IPV6 && size === 20;
}

function ruleOf(name: AttributeName): Rule {
  const { least, most, step, address } = ATTRIBUTE_FORM[name];
  return (
    least |
    ((most - least) << SPAN_SHIFT) |
    ((step - 1) << STEP_SHIFT) |
    (address === undefined ? 0 : RULE_ADDRESS) |
    (SEALS.has(name) ? RULE_SEALS : 0)
  );
}
