/**
 * UDP for one TURN thread: sockets, batches of datagrams in one slab, sends gathered from it.
 *
 * Two implementations do the same job: the addon of native/udp (`datagram-addon.ts`), and `node:dgram`
 * (`datagram-dgram.ts`) where the addon cannot be built. One contract suite runs over both
 * (tests/contracts/datagram-io.test.ts). Addresses are four big-endian words; IPv4 is (0, 0, 0xffff, address).
 */

/** Words of one record in `rx`: socket, offset, length, the sender's a, b, c, d and port. */
export const RX_STRIDE = 8;

/** Bytes behind the longest datagram of a slot that belong to nobody: room to zero padding in place. */
export const SLOT_SPARE = 8;

/** Longest UDP payload: IPv6 without jumbograms (RFC 8200 §3: 65,535 with the UDP header's 8). */
export const LONGEST_DATAGRAM = 65_527;

/** At or above 0, below 65,536: an open UDP socket. Dense, so that tables may be indexed by it. */
export type SocketHandle = number;

/** A stretch of the slab, in bytes. */
export type Region = { readonly offset: number; readonly length: number };

export type DatagramHandlers = {
  /**
   * `count` (at least 1) datagrams were read from any of the sockets. Records 0 to count - 1 of `rx` and the slots that
   * they name are valid until this returns; what it sends is flushed when it has returned. A record's socket may have
   * been closed by the handler of an earlier record: its handle is not given again within the batch.
   */
  onBatch(count: number): void;
  /**
   * The network answered a datagram that `socket` had sent to a, b, c, d, port with an ICMP (IPv6: ICMPv6) error of
   * this `type` and `code`. `info` is the next hop's MTU where the error carries one (fragmentation needed, packet too
   * big), else 0. Called before the batch that was read with it; what it sends is flushed likewise.
   */
  onError(
    socket: SocketHandle,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    type: number,
    code: number,
    info: number,
  ): void;
};

export type OpenOptions = {
  /**
   * The local address; its family is the socket's. Give a concrete one: a socket on an unspecified address answers from
   * whichever address the kernel's routes prefer, which on a host with several is not always the one that was asked.
   */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** 0 for any. */
  readonly port: number;
  /** Several sockets, of this thread or others, on the same address; the kernel spreads flows over them. */
  readonly reusePort?: boolean;
  /** Bytes; beyond the system's limit where the process may exceed it, up to the limit where not. Default: the system's. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  /**
   * Whether the addon may hand the kernel a run of datagrams of one size as one (UDP_SEGMENT), for it or the network
   * card to cut. Default true; where the kernel refuses, the socket goes on without.
   */
  readonly segmentation?: boolean;
  /**
   * A descriptor of `bindShared` (datagram-addon.ts) to take this socket from instead of binding one; it remains the
   * caller's, and the socket remains bound when this handle is closed. The addon only: -EINVAL elsewhere.
   */
  readonly shared?: number;
};

export type DatagramIo = {
  readonly kind: 'addon' | 'dgram';
  /** Whether `dontFragment` has an effect, and whether `onError` is ever called. */
  readonly can: { readonly dontFragment: boolean; readonly icmp: boolean };

  /** Receive slots, then `scratch`, then `spare`. Never moved or resized; not to be transferred. */
  readonly slab: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly rx: Int32Array;
  /** For headers and replies. The caller may begin anew at its start in each batch, and after each `flush`. */
  readonly scratch: Region;
  /** As long as `spare` was asked for: the caller's alone, for frames of streams. */
  readonly spare: Region;
  /** What happened, by DATAGRAM_COUNTERS. */
  readonly counters: Float64Array;

  /** Opens and binds a socket at once. Returns its handle, or a negative errno (-EADDRINUSE, -EMFILE, …). */
  open(options: OpenOptions): SocketHandle;
  /**
   * Reads a connection along with the datagrams, the addon only. `descriptor` remains its owner's, who writes and does
   * not read. Each record of `rx` that names the handle is what came, in its order; length 0 is its end and -1 an error,
   * told once. Returns the handle, to be closed like a socket's, or a negative errno.
   */
  readonly readStream?: (descriptor: number) => SocketHandle;
  /** The port that an open socket is bound to; 0 for a closed one. */
  portOf(socket: SocketHandle): number;
  /** Sends what this socket has queued, then closes it. Nothing more is reported for it. Idempotent. */
  close(socket: SocketHandle): void;

  /**
   * Queues one datagram: `headerLength` (0 for none) bytes at `headerOffset`, then `length` bytes at `offset`, which must
   * stay as they are until they are flushed. Never blocks and never fails: what the network does not take is dropped and
   * counted. Datagrams to one address keep their order. Flushed at the end of the batch, within which it is called, or
   * by `flush`.
   */
  send(
    socket: SocketHandle,
    headerOffset: number,
    headerLength: number,
    offset: number,
    length: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    dontFragment: boolean,
  ): void;
  /** Sends what was queued outside of a batch. */
  flush(): void;

  /** Closes every socket and stops. Idempotent; nothing may be called afterwards but `close` and `end`. */
  end(): void;
};

/** Indices of `DatagramIo.counters`. */
export const DATAGRAM_COUNTERS = {
  /** Datagrams handed to `onBatch`. */
  received: 0,
  /** Calls of `onBatch`. */
  batches: 1,
  /** System calls that read. */
  receiveCalls: 2,
  /** Dropped: longer than a slot. */
  truncated: 3,
  /** ICMP errors handed to `onError`. */
  icmpErrors: 4,
  /** Datagrams given to the network. */
  sent: 5,
  /** System calls that sent. */
  sendCalls: 6,
  /** Messages that carried several datagrams of one size (UDP_SEGMENT). */
  segmentedRuns: 7,
  /** Such messages that the kernel refused; their datagrams were then sent one by one. */
  segmentationRefused: 8,
  /** Dropped: the socket's send buffer was full. */
  sendFull: 9,
  /** Dropped: the kernel or the device had no buffers. */
  sendNoBuffers: 10,
  /** Dropped: longer than the path or the protocol allows. */
  sendTooLong: 11,
  /** Dropped: no route, forbidden, not an address of the socket's family, or port 0. */
  sendRefused: 12,
  /** Dropped: the socket was closed. */
  sendClosed: 13,
} as const;

/** How many of them there are. */
export const DATAGRAM_COUNTER_COUNT = 14;
