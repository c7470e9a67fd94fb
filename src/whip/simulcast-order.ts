import type { OfferedRid } from './offer.ts';

/** Names that say by themselves which layer they are, from the smallest to the largest. */
const NAMED: readonly (readonly string[])[] = [
  ['q', 'h', 'f'],
  ['l', 'm', 'h'],
  ['low', 'mid', 'high'],
  ['low', 'medium', 'high'],
  ['r0', 'r1', 'r2', 'r3'],
];
const SIZES = ['max-width', 'max-height', 'max-fs', 'max-br', 'max-fps'] as const;

/**
 * The RIDs of a simulcast from the smallest layer to the largest, as the room counts layers. Restrictions tell (RFC 8851
 * §5), then names that people use; where neither does, the offer's own order, which begins with what its sender prefers
 * (RFC 8853 §5.2): the largest.
 */
export function fromSmallest(rids: readonly OfferedRid[]): string[] {
  for (const size of SIZES) {
    const sizes = new Map(rids.map(({ rid, restrictions }) => [rid, restrictions[size]]));
    const numbers = [...sizes.values()].filter((value) => typeof value === 'number');
    if (numbers.length === rids.length && new Set(numbers).size === rids.length) {
      return [...sizes.keys()].toSorted((a, b) => Number(sizes.get(a)) - Number(sizes.get(b)));
    }
  }
  const names = rids.map(({ rid }) => rid);
  const order = NAMED.find((one) => names.every((name) => one.includes(name)));
  if (order !== undefined) return names.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
  return names.toReversed();
}
