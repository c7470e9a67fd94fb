import type { Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import { encodeFrame } from './data-frame.ts';
import type { CallFailure, DataHeader, DataMode, DeliveredHeader } from './data-header.ts';
import type { Participant } from './participant.ts';

/** Calls of one participant that may wait for their answers. */
const MAX_CALLS = 64;
/** After this nobody expects an answer any more, in milliseconds. */
const CALL_LIFETIME = 60_000;

type Call = {
  readonly caller: Participant;
  readonly called: Participant;
  readonly id: number;
  readonly expires: Millis;
};

/** What an exchange needs of its room. */
export type RoomOfExchange = {
  now(): Millis;
  /** The presence with this id, where it has joined. */
  present(id: string): Participant | undefined;
  /** Everyone who has joined, hidden ones included. */
  participants(): Iterable<Participant>;
};

/**
 * Who gets which message in a room. Messages of one sender reach each recipient in the order in which they were sent,
 * over the recipient's data channel where it has one, else over its signaling.
 */
export class DataExchange {
  readonly #room: RoomOfExchange;
  readonly #calls = new Map<Participant, Map<number, Call>>();

  constructor(room: RoomOfExchange) {
    this.#room = room;
  }

  /** Throws `participant-not-found` where nobody of those named is there, and `limit-reached` for too many calls. */
  send(sender: Participant, mode: DataMode, header: DataHeader, payload: Uint8Array): void {
    switch (header.t) {
      case 'message':
        return this.#message(sender, mode, header, payload);
      case 'call':
        requireReliable(mode);
        return this.#call(sender, header, payload);
      case 'answer':
        requireReliable(mode);
        return this.#answer(sender, header, payload);
    }
  }

  /** Those who wait for an answer of `participant` wait in vain, and are told so. */
  departed(participant: Participant): void {
    this.#calls.delete(participant);
    for (const calls of this.#calls.values()) {
      for (const call of calls.values()) {
        if (call.called !== participant) continue;
        calls.delete(call.id);
        this.#fail(call, 'participant-not-found', 'The participant has left.');
      }
    }
  }

  #message(
    sender: Participant,
    mode: DataMode,
    { to, topic, text }: Extract<DataHeader, { t: 'message' }>,
    payload: Uint8Array,
  ): void {
    const recipients = to === undefined ? undefined : this.#named(to, sender);
    const header: DeliveredHeader = {
      t: 'message',
      from: sender.id,
      ...(topic === undefined ? {} : { topic }),
      ...(text === undefined ? {} : { text }),
      ...(recipients === undefined ? {} : { direct: true }),
    };
    this.#deliver(mode, header, payload, recipients ?? { except: sender });
  }

  #call(caller: Participant, { to, id, method, text }: Extract<DataHeader, { t: 'call' }>, payload: Uint8Array): void {
    const [called] = this.#named([to], caller);
    const calls = this.#calls.get(caller) ?? new Map<number, Call>();
    this.#calls.set(caller, calls);
    const now = this.#room.now();
    for (const call of calls.values()) if (call.expires <= now) calls.delete(call.id);
    if (calls.has(id)) throw new SluiceError('invalid-request', { detail: `Call ${id} is still waiting.` });
    if (calls.size >= MAX_CALLS) {
      throw new SluiceError('limit-reached', { detail: `${MAX_CALLS} calls are waiting for their answers.` });
    }
    calls.set(id, { caller, called: called!, id, expires: (now + CALL_LIFETIME) as Millis });
    const header: DeliveredHeader = { t: 'call', from: caller.id, id, method, ...(text === undefined ? {} : { text }) };
    this.#deliver('reliable', header, payload, [called!]);
  }

  #answer(called: Participant, header: Extract<DataHeader, { t: 'answer' }>, payload: Uint8Array): void {
    const { to, id, ok, code, text } = header;
    const caller = this.#room.present(to);
    const call = caller && this.#calls.get(caller)?.get(id);
    // Late, or never asked for: whoever called has gone on, and nobody else may answer.
    if (call?.called !== called) return;
    this.#calls.get(call.caller)?.delete(id);
    const failure = ok ? {} : { code: code ?? 'failed' };
    const delivered = { t: 'answer', from: called.id, id, ok, ...failure } as const;
    this.#deliver('reliable', { ...delivered, ...(text === undefined ? {} : { text }) }, payload, [call.caller]);
  }

  #fail({ caller, called, id }: Call, code: CallFailure, why: string): void {
    const header: DeliveredHeader = { t: 'answer', from: called.id, id, ok: false, code, text: true };
    this.#deliver('reliable', header, new TextEncoder().encode(why), [caller]);
  }

  /** Those of `ids` who are there. */
  #named(ids: readonly string[], sender: Participant): Participant[] {
    const named = new Set(ids.map((id) => this.#room.present(id)));
    const found = [...named].filter((one) => one !== undefined && one !== sender && !one.hidden) as Participant[];
    if (found.length === 0) throw new SluiceError('participant-not-found');
    return found;
  }

  #deliver(
    mode: DataMode,
    header: DeliveredHeader,
    payload: Uint8Array,
    to: readonly Participant[] | { readonly except: Participant },
  ): void {
    const broadcast = 'except' in to;
    const event = { type: 'data', header, payload } as const;
    const overChannels: number[] = [];
    let channels: Participant['dataChannels'];
    for (const participant of broadcast ? this.#room.participants() : to) {
      if (broadcast && participant === to.except) continue;
      if (participant.dataChannels !== undefined) {
        channels = participant.dataChannels;
        overChannels.push(participant.index);
      } else if (mode === 'lossy') participant.tellLossy(event);
      else participant.tell(event);
    }
    const target = broadcast ? { except: to.except.index } : overChannels;
    channels?.sendData(mode, encodeFrame(header, payload), target);
  }
}

function requireReliable(mode: DataMode): void {
  if (mode === 'reliable') return;
  throw new SluiceError('invalid-request', { detail: 'Calls and answers go over the reliable channel.' });
}
