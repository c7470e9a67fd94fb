/**
 * What became of a datagram on the data path. `DROPPED`: counted by its reason, nothing to do. `RELAYED`: the server's
 * route says what to send where. `CONTROL`: a message for `handle()`.
 */
export type Verdict = 0 | 1 | 2;

export const DROPPED = 0;
export const RELAYED = 1;
export const CONTROL = 2;

/** The room that the shell keeps free at `route.headerOffset`, in bytes: the longest header is 48 bytes. */
export const HEADER_ROOM = 64;

/**
 * One datagram that is to be sent: `headerLength` bytes at `headerOffset`, then `length` bytes at `offset`, then
 * `padding` zero bytes (0 to 3), all of the slab, from `socket` to the address a, b, c, d, port. There is one such
 * object in a server, filled anew for each datagram that is relayed.
 */
export type Route = {
  socket: number;
  /** Where the server writes the header. The shell moves it before each call, so that a batch can wait to be sent. */
  headerOffset: number;
  headerLength: number;
  offset: number;
  length: number;
  /** ChannelData over a stream (RFC 8656 §12.5) and DATA in an indication (RFC 8489 §14) end on 4 bytes. */
  padding: number;
  a: number;
  b: number;
  c: number;
  d: number;
  port: number;
  /** Whether the datagram must leave with the DF bit (RFC 8656 §14). */
  dontFragment: boolean;
};

/** A route that leads nowhere yet. */
export function emptyRoute(): Route {
  return {
    socket: 0,
    headerOffset: 0,
    headerLength: 0,
    offset: 0,
    length: 0,
    padding: 0,
    a: 0,
    b: 0,
    c: 0,
    d: 0,
    port: 0,
    dontFragment: false,
  };
}
