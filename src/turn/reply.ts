import type { Millis } from '../kernel/clock.ts';
import type { TransportAddress } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import type { StunErrorCode } from '../stun/error-codes.ts';
import { MessageWriter } from '../stun/message-writer.ts';
import { CLASS, type MessageClass, type Method } from '../stun/methods.ts';
import { SECURITY_FEATURE } from '../stun/nonce-cookie.ts';
import { PASSWORD_ALGORITHM, passwordAlgorithms } from '../stun/password-algorithms.ts';
import { encodeUtf8 } from '../stun/text.ts';
import type { ClientPath, TransactionId } from './allocation.ts';
import { COUNTERS, type Counter } from './counters.ts';
import type { SocketHandle, TurnOutput } from './events.ts';
import { NONCE_LENGTH } from './nonce.ts';
import type { TurnOptions } from './options.ts';
import { type Request, noncePort } from './request.ts';

/**
 * How many times the length of a request an error or a Binding answer may have over UDP. Whoever sends requests in
 * another's name gains no more than that (QUIC's limit of 3, RFC 9000 §8.1, with room for what STUN requires).
 */
const AMPLIFICATION = 3.6;

/** The longest realm, in bytes of UTF-8: a 401 with it is not longer than 3.6 times an Allocate of 28 bytes. */
export const MAX_REALM = 24;

/** The value of PASSWORD-ALGORITHMS (RFC 8489 §14.11). */
export const PASSWORD_ALGORITHMS = passwordAlgorithms([PASSWORD_ALGORITHM.SHA256, PASSWORD_ALGORITHM.MD5]);

const NO_REASON = new Uint8Array(0);

/** The error codes that this server answers with: those that it counts. */
export type RefusalCode = { [Code in StunErrorCode]: `errors.${Code}` extends Counter ? Code : never }[StunErrorCode];

/** Writes attributes into an answer. */
export type Write = (writer: MessageWriter) => void;

/** The answers that a server writes, each into the slab, and among the outputs of the event at hand. */
export class Replies {
  readonly #options: TurnOptions;
  readonly #outputs: TurnOutput[];
  readonly #writer: MessageWriter;
  readonly #realm: Uint8Array;
  readonly #software: Uint8Array;
  /** A transaction ID that a message begins with. */
  readonly #transaction = new DataView(new ArrayBuffer(12));
  /** Where the next answer goes, and where the last must end. */
  #at = 0;
  #end = 0;

  constructor(options: TurnOptions, outputs: TurnOutput[]) {
    this.#options = options;
    this.#outputs = outputs;
    this.#writer = new MessageWriter(options.slab);
    this.#realm = encodeUtf8(options.realm);
    this.#software = encodeUtf8(options.software);
  }

  /** Answers go from `offset` to `end` of the slab from now on. */
  reset(offset: number, end: number): void {
    this.#at = offset;
    this.#end = end;
  }

  /** Whether there is room for `length` more bytes of answers. */
  hasRoom(length: number): boolean {
    return this.#end - this.#at >= length;
  }

  /** A success response. */
  succeed(request: Request, write?: Write): void {
    this.#count('answers.success');
    this.#begin(request, CLASS.SUCCESS, this.#end - this.#at);
    write?.(this.#writer);
    if (this.#software.length > 0) this.#writer.bytes(ATTRIBUTE.SOFTWARE, this.#software);
    this.#sign(request);
    this.#send(request.socket, request.address, this.#writer.end());
  }

  /**
   * An answer to a Binding request: the first of `writes` whose message is short enough, with SOFTWARE where that fits
   * as well. None where this address has had its share of answers.
   */
  bind(request: Request, writes: readonly Write[], socket: SocketHandle, now: Millis): void {
    if (!this.#mayAnswer(request, now)) return;
    this.#count('answers.success');
    this.#firstThatFits(
      request,
      CLASS.SUCCESS,
      writes.flatMap((write) => [this.#withSoftware(write), write]),
      socket,
    );
  }

  /** An error response, signed where the request was authenticated. */
  refuse(request: Request, code: RefusalCode, now: Millis, write?: Write): void {
    if (!this.#mayAnswer(request, now)) return;
    this.#count(`errors.${code}`);
    const full: Write = (writer) => {
      writer.error(code);
      write?.(writer);
    };
    const brief: Write = (writer) => {
      writer.error(code, NO_REASON);
      write?.(writer);
    };
    this.#firstThatFits(request, CLASS.ERROR, [this.#withSoftware(full), full, brief], request.socket);
  }

  /** 401 or 438 with all that a client needs to try again (RFC 8489 §9.2.4). */
  challenge(request: Request, code: 401 | 438, now: Millis): void {
    if (!this.#mayAnswer(request, now)) return;
    this.#count(`errors.${code}`);
    const full = this.#challenge(request, code, { reason: true, algorithms: true }, now);
    this.#firstThatFits(
      { ...request, authenticated: undefined },
      CLASS.ERROR,
      [
        this.#withSoftware(full),
        full,
        this.#challenge(request, code, { reason: false, algorithms: true }, now),
        this.#challenge(request, code, { reason: false, algorithms: false }, now),
      ],
      request.socket,
    );
  }

  /** An indication to a client. */
  indicate({ socket, address }: ClientPath, method: Method, transaction: TransactionId, write: Write): void {
    this.#setTransaction(transaction);
    this.#writer.begin(this.#at, this.#end - this.#at, method, CLASS.INDICATION, this.#transaction, 0);
    write(this.#writer);
    this.#send(socket, address, this.#writer.end());
  }

  /** RFC 8489 §9.2.4: the bits of the nonce cookie are those of the features that this answer offers. */
  #challenge(request: Request, code: 401 | 438, offer: { reason: boolean; algorithms: boolean }, now: Millis): Write {
    const { nonces, users } = this.#options;
    const { a, b, c, d } = request.address;
    const port = noncePort(request);
    const features =
      (offer.algorithms ? SECURITY_FEATURE.PASSWORD_ALGORITHMS : 0) |
      (users.anonymity ? SECURITY_FEATURE.USERNAME_ANONYMITY : 0);
    return (writer) => {
      const scratch = this.#end;
      nonces.write(scratch, a, b, c, d, port, now, features);
      if (offer.reason) writer.error(code);
      else writer.error(code, NO_REASON);
      writer.bytes(ATTRIBUTE.REALM, this.#realm);
      writer.copy(ATTRIBUTE.NONCE, scratch, NONCE_LENGTH);
      if (offer.algorithms) writer.bytes(ATTRIBUTE.PASSWORD_ALGORITHMS, PASSWORD_ALGORITHMS);
    };
  }

  #withSoftware(write: Write): Write {
    if (this.#software.length === 0) return write;
    return (writer) => {
      write(writer);
      writer.bytes(ATTRIBUTE.SOFTWARE, this.#software);
    };
  }

  /** Over a stream the client has proven its address, and reads what it asks for. */
  #mayAnswer(request: Request, now: Millis): boolean {
    if (request.transport !== 'udp') return true;
    const { a, b, c, d } = request.address;
    if (this.#options.answerLimit.allow(a, b, c, d, now) === 0) return true;
    this.#count('drops.answer-limit');
    return false;
  }

  #firstThatFits(request: Request, messageClass: MessageClass, writes: readonly Write[], socket: SocketHandle): void {
    const most = request.transport === 'udp' ? Math.floor(AMPLIFICATION * request.length) : Infinity;
    for (const write of writes) {
      this.#begin(request, messageClass, Math.min(most, this.#end - this.#at));
      write(this.#writer);
      this.#sign(request);
      const length = this.#writer.end();
      if (length === 0) continue;
      this.#send(socket, request.address, length);
      return;
    }
    this.#count('drops.amplification');
  }

  #begin(request: Request, messageClass: MessageClass, room: number): void {
    this.#setTransaction(request.transaction);
    this.#writer.begin(this.#at, room, request.method, messageClass, this.#transaction, 0);
  }

  /** RFC 8489 §9.2.4: with the key of the request, and with the attribute that the request had. */
  #sign({ authenticated }: Request): void {
    if (authenticated === undefined) return;
    const { user, algorithm, sha256 } = authenticated;
    if (sha256) this.#writer.integritySha256(user.keySha256(algorithm), 0);
    else this.#writer.integrity(user.keySha1(algorithm), 0);
  }

  #setTransaction({ x, y, z }: TransactionId): void {
    this.#transaction.setInt32(0, x);
    this.#transaction.setInt32(4, y);
    this.#transaction.setInt32(8, z);
  }

  #send(socket: SocketHandle, address: TransportAddress, length: number): void {
    if (length === 0) return;
    this.#outputs.push({ type: 'send', socket, address, offset: this.#at, length });
    this.#at += length;
  }

  #count(counter: Counter): void {
    this.#options.counters[COUNTERS[counter]]! += 1;
  }
}
