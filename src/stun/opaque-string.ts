/** RFC 8264 §9.18: what no PRECIS class allows. Categories outside of these are disallowed (§4.3.2). */
const FREEFORM = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]+$/u;
/** RFC 8264 §9.9 (Hangul jamo that stand for parts of a syllable), §9.13 (code points that are to be ignored). */
const OLD_JAMO_OR_IGNORABLE = /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\p{Default_Ignorable_Code_Point}]/u;
const OTHER_SPACES = /\p{Zs}/gu;

/**
 * `text` as the OpaqueString profile enforces it (RFC 8265 §4.2.2), which RFC 8489 §9.2.2 wants of user names, realms and
 * passwords before they become a key: spaces of all kinds become U+0020, and the rest is normalised to NFC. Case stays.
 * `undefined` where the profile refuses the text: it is empty, or holds controls, unassigned or private code points,
 * lone surrogates, or ones that are invisible.
 *
 * For what configuration holds. What a client sends has been prepared by it, and is compared byte by byte.
 *
 * Two things are left out. The contextual rules (RFC 5892 appendix A) of the few code points of class CONTEXTO are not
 * applied, so those are allowed everywhere; the two joiners of class CONTEXTJ are ignorable, and refused everywhere.
 * SASLprep, which RFC 5389 used in place of this profile, differs by NFKC and by dropping some code points: a
 * password of ASCII is the same in both, and generated ones are ASCII.
 */
export function opaqueString(text: string): string | undefined {
  const prepared = text.replace(OTHER_SPACES, ' ').normalize('NFC');
  return FREEFORM.test(prepared) && !OLD_JAMO_OR_IGNORABLE.test(prepared) ? prepared : undefined;
}
