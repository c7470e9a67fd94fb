/** STUN error codes, as IANA has registered them (STUN Error Codes registry), with the reason phrases of their RFCs. */
export const ERROR_CODE = {
  TRY_ALTERNATE: 300,
  BAD_REQUEST: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  MOBILITY_FORBIDDEN: 405,
  UNKNOWN_ATTRIBUTE: 420,
  ALLOCATION_MISMATCH: 437,
  STALE_NONCE: 438,
  ADDRESS_FAMILY_NOT_SUPPORTED: 440,
  WRONG_CREDENTIALS: 441,
  UNSUPPORTED_TRANSPORT_PROTOCOL: 442,
  PEER_ADDRESS_FAMILY_MISMATCH: 443,
  CONNECTION_ALREADY_EXISTS: 446,
  CONNECTION_TIMEOUT_OR_FAILURE: 447,
  ALLOCATION_QUOTA_REACHED: 486,
  ROLE_CONFLICT: 487,
  SERVER_ERROR: 500,
  INSUFFICIENT_CAPACITY: 508,
} as const;

/** The number of a registered error code. */
export type StunErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE];

/**
 * The reason phrase of each code (RFC 8489 §14.8, RFC 8656 §19, RFC 6062 §6.3, RFC 8016 §3.2.1, RFC 8445 §7.1.3.1): what
 * IANA's registry has as its name, except that 401 is "Unauthenticated" since RFC 8489.
 */
export const REASON_PHRASE: Readonly<Record<StunErrorCode, string>> = {
  300: 'Try Alternate',
  400: 'Bad Request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  405: 'Mobility Forbidden',
  420: 'Unknown Attribute',
  437: 'Allocation Mismatch',
  438: 'Stale Nonce',
  440: 'Address Family not Supported',
  441: 'Wrong Credentials',
  442: 'Unsupported Transport Protocol',
  443: 'Peer Address Family Mismatch',
  446: 'Connection Already Exists',
  447: 'Connection Timeout or Failure',
  486: 'Allocation Quota Reached',
  487: 'Role Conflict',
  500: 'Server Error',
  508: 'Insufficient Capacity',
};

/** The number in the value of ERROR-CODE at `at` (RFC 8489 §14.8): 300 to 699; 0 where it is no such number. */
export function errorNumberAt(view: DataView, at: number): number {
  const hundreds = view.getUint8(at + 2) & 7;
  const rest = view.getUint8(at + 3);
  return hundreds < 3 || hundreds > 6 || rest > 99 ? 0 : hundreds * 100 + rest;
}
