/** Bytes of a STUN header (RFC 8489 §5). */
export const HEADER_LENGTH = 20;
/** RFC 8489 §5: the word that tells STUN from everything else on the port. */
export const MAGIC_COOKIE = 0x2112a442;
/** Where the transaction ID, three words, lies in the header. */
export const TRANSACTION_ID_OFFSET = 8;
