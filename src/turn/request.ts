import type { PasswordAlgorithm } from '../stun/password-algorithms.ts';
import type { User } from './users.ts';
import type { ClientPath, TransactionId } from './allocation.ts';

/** Who has sent a request, and how its answer is to be signed (RFC 8489 §9.2.4). */
export type Authenticated = {
  readonly user: User;
  readonly algorithm: PasswordAlgorithm;
  /** Whether the request carried MESSAGE-INTEGRITY-SHA256, which the answer then carries too. */
  readonly sha256: boolean;
};

/** A request as its handler sees it; its attributes are in the reader. */
export type Request = ClientPath & {
  readonly method: number;
  readonly transaction: TransactionId;
  /** Bytes of the request: an answer over UDP may not be more than 3.6 times as long. */
  readonly length: number;
  readonly authenticated: Authenticated | undefined;
};

/** A request that has passed authentication. */
export type AuthenticatedRequest = Request & { readonly authenticated: Authenticated };

/**
 * The port that a nonce is bound to. Over a stream the client's address is beyond doubt, and a nonce is good for all its
 * streams: ConnectionBind (RFC 6062 §4.3) comes on one that has had none of its own.
 */
export function noncePort({ transport, address }: Request): number {
  return transport === 'udp' ? address.port : 0;
}
