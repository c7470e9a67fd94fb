import { ATTRIBUTE } from './attributes.ts';
import type { MessageReader } from './message-reader.ts';

/** STUN password algorithms, as IANA has registered them (RFC 8489 §18.5): how the long-term key is made. */
export const PASSWORD_ALGORITHM = { MD5: 1, SHA256: 2 } as const;

/** The number of a password algorithm. */
export type PasswordAlgorithm = (typeof PASSWORD_ALGORITHM)[keyof typeof PASSWORD_ALGORITHM];

/** The value of PASSWORD-ALGORITHMS that offers these, the preferred one first (RFC 8489 §14.11). */
export function passwordAlgorithms(offered: readonly PasswordAlgorithm[]): Uint8Array {
  // Neither algorithm has parameters: a number and a length of 0 each.
  return Uint8Array.from(offered.flatMap((algorithm) => [0, algorithm, 0, 0]));
}

/**
 * The algorithm in PASSWORD-ALGORITHM (RFC 8489 §14.12); `undefined` where there is none, or none that is known: of
 * another number, or with parameters, which neither of the known ones has.
 */
export function chosenPasswordAlgorithm(reader: MessageReader): PasswordAlgorithm | undefined {
  const at = reader.at(ATTRIBUTE.PASSWORD_ALGORITHM);
  if (at === 0 || reader.size(ATTRIBUTE.PASSWORD_ALGORITHM) !== 4) return undefined;
  const word = reader.view.getUint32(at);
  if (word === PASSWORD_ALGORITHM.MD5 << 16) return PASSWORD_ALGORITHM.MD5;
  return word === PASSWORD_ALGORITHM.SHA256 << 16 ? PASSWORD_ALGORITHM.SHA256 : undefined;
}

/**
 * Whether PASSWORD-ALGORITHMS is there and is exactly what `passwordAlgorithms` offered. RFC 8489 §9.2.4: a list that
 * differs from what the server sent was changed on the way, to bid it down.
 */
export function repeatsPasswordAlgorithms(reader: MessageReader, offered: Uint8Array): boolean {
  const at = reader.at(ATTRIBUTE.PASSWORD_ALGORITHMS);
  if (at === 0 || reader.size(ATTRIBUTE.PASSWORD_ALGORITHMS) !== offered.length) return false;
  return offered.every((byte, index) => reader.view.getUint8(at + index) === byte);
}
