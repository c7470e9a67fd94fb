import type { TransportAddress } from '../stun/address.ts';
import type { AnswerLimit } from './answer-limit.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { SocketHandle } from './events.ts';
import type { Nonces } from './nonce.ts';
import type { PeerPolicy } from './peer-policy.ts';
import type { Quotas } from './quotas.ts';
import type { Users } from './users.ts';

/** An address without a port, in the words of `TransportAddress`. */
export type RelayAddress = Pick<TransportAddress, 'a' | 'b' | 'c' | 'd'>;

/** One of the four sockets that RFC 5780 needs: two addresses with two ports each. */
export type BehaviorEndpoint = {
  readonly socket: SocketHandle;
  /** As clients see it. */
  readonly address: TransportAddress;
  /** Which of the two addresses, and which of the two ports. */
  readonly ip: 0 | 1;
  readonly port: 0 | 1;
};

/** What a TURN server is made of. Times in milliseconds. */
export type TurnOptions = {
  /** All memory that the server reads messages from and writes answers into. */
  readonly slab: Uint8Array<ArrayBuffer>;
  /** Where answers are written: `handle()` fills it from its start, unless the shell moves `server.answers` on. */
  readonly answers: { readonly offset: number; readonly length: number };
  /** `COUNTERS_LENGTH` long. */
  readonly counters: Float64Array;
  /** At most `MAX_REALM` bytes of UTF-8, so that a 401 fits into 3.6 times the smallest Allocate. */
  readonly realm: string;
  /** The SOFTWARE attribute; empty for none. */
  readonly software: string;
  readonly users: Users;
  readonly nonces: Nonces;
  readonly policy: PeerPolicy;
  readonly quotas: Quotas;
  readonly bandwidth: Bandwidth;
  readonly answerLimit: AnswerLimit;
  /** `count` unguessable bytes. */
  readonly random: (count: number) => Uint8Array;
  readonly relay: {
    /** The relayed addresses as peers see them; the families that can be allocated. */
    readonly ipv4?: RelayAddress | undefined;
    readonly ipv6?: RelayAddress | undefined;
    /** RFC 6062. */
    readonly tcp: boolean;
    /** RFC 8016. */
    readonly mobility: boolean;
    /** Whether UDP datagrams can be sent with the DF bit. */
    readonly dontFragment: boolean;
  };
  readonly lifetimes: {
    /** What an allocation gets where the client does not ask for more: 600,000 in RFC 8656. */
    readonly default: number;
    /** What it gets at most: 3,600,000 in RFC 8656. */
    readonly max: number;
    /** How long an allocation may outlive the credential that it was made with. */
    readonly credentialGrace: number;
  };
  /** RFC 5780: the sockets of a second address; absent where there is none. */
  readonly behavior?: readonly BehaviorEndpoint[] | undefined;
};
