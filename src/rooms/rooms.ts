import { type Millis, later } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { JoinedRoom, ParticipantLink } from './events.ts';
import type { Actor, RoomCloseReason } from './facts.ts';
import type { RoomName } from './ids.ts';
import type { RtpCapabilities } from './ortc.ts';
import { Participant } from './participant.ts';
import type { SubscribeMode } from './participant-room.ts';
import type { Profile } from './profile.ts';
import { Room } from './room.ts';
import type { Due, RoomContext, RoomSettings } from './room-context.ts';
import { createPump } from './steering.ts';

export type RoomsOptions = Omit<RoomContext, 'move' | 'pump' | 'wake' | 'onTickDue' | 'onOccupancy' | 'onClosed'> & {
  /** A token with which a participant that is moved can join `room` again. Rejects with `forbidden`. */
  readonly tokenFor: (room: RoomName, profile: Profile) => Promise<{ token: string; tokenId: string }>;
  /** What a room has that names nothing else. */
  readonly defaults: RoomSettings;
  /** Whether a token for a room that is not open opens it. */
  readonly createOnJoin: boolean;
  /** Rooms that may be open at once. */
  readonly maxRooms: number;
  /** Throws where no room may open and nobody join now. */
  readonly requireOpen?: () => void;
  /** There is something for the next call of `takeTicks`, as there was not before. */
  readonly onTickDue?: () => void;
  /** Milliseconds for which a participant without a connection is kept. */
  readonly resumeWithin: number;
};

export type JoinRequest = Profile & {
  readonly room: RoomName;
  readonly subscribe: SubscribeMode;
  readonly rtpCapabilities?: RtpCapabilities | undefined;
};

/**
 * Orders to workers about consumers that may be under way at once. When the floor passes in a large room there are thousands;
 * each costs the main thread some 30 µs, and between them it serves everybody else.
 */
const ORDERS_AT_ONCE = 64;

/** Every open room, by name. Time-outs happen in `advance()`, which the shell calls. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #context: RoomContext;
  readonly #rooms = new Map<RoomName, Room>();
  readonly #deadlines = new Deadlines<Room | Participant | Due>();
  #tickDue = new Set<Room>();
  #draining = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#context = {
      ...options,
      move: (from, participant, to, actor) => this.#move(from, participant, to, actor),
      pump: createPump(ORDERS_AT_ONCE),
      wake: (whom, at) => (at === undefined ? this.#deadlines.delete(whom) : this.#deadlines.set(whom, at)),
      onTickDue: (room) => {
        if (this.#tickDue.size === 0) options.onTickDue?.();
        this.#tickDue.add(room);
      },
      onOccupancy: (room) => {
        const { closesAt } = room;
        if (closesAt === undefined || room.closed) this.#deadlines.delete(room);
        else this.#deadlines.set(room, closesAt);
      },
      onClosed: (room) => {
        this.#deadlines.delete(room);
        this.#tickDue.delete(room);
        if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
      },
    };
  }

  /** Open rooms. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Throws `room-exists`, `limit-reached`, `draining`, and what `requireOpen` throws. */
  create(name: RoomName, settings: Partial<RoomSettings> = {}): Room {
    if (this.#draining) throw new SluiceError('draining');
    this.#options.requireOpen?.();
    if (this.#rooms.has(name)) throw new SluiceError('room-exists');
    if (this.#rooms.size >= this.#options.maxRooms) {
      throw new SluiceError('limit-reached', { detail: `The server holds ${this.#options.maxRooms} rooms.` });
    }
    const room = new Room(this.#context, name, { ...this.#options.defaults, ...settings });
    this.#rooms.set(name, room);
    this.#context.onOccupancy(room);
    return room;
  }

  find(name: RoomName): Room | undefined {
    return this.#rooms.get(name);
  }

  /** Throws `room-not-found`. */
  get(name: RoomName): Room {
    const room = this.#rooms.get(name);
    if (room === undefined) throw new SluiceError('room-not-found');
    return room;
  }

  list(): Room[] {
    return [...this.#rooms.values()];
  }

  /** Throws `room-not-found`. */
  close(name: RoomName, reason: RoomCloseReason = 'closed'): void {
    this.get(name).close(reason);
  }

  /** Throws what `Room.join` and `requireOpen` throw, and `room-not-found`, `limit-reached`, `draining`. */
  async join(request: JoinRequest, link: ParticipantLink): Promise<{ participant: Participant; joined: JoinedRoom }> {
    if (this.#draining) throw new SluiceError('draining');
    this.#options.requireOpen?.();
    const { room, subscribe: mode, rtpCapabilities, ...profile } = request;
    return this.#opened(room).join(profile, link, { mode, rtpCapabilities });
  }

  /**
   * Takes `participant` out of `from` and into `to` at once, when that is ready for it. Until then, and where `to` does
   * not take it, nothing has changed.
   */
  async #move(from: Room, participant: Participant, to: RoomName, actor: Actor): Promise<Participant> {
    if (this.#draining) throw new SluiceError('draining');
    if (to === from.name)
      throw new SluiceError('invalid-request', { detail: 'The participant is in this room already.' });
    const { link } = participant;
    if (link.moved === undefined) {
      throw new SluiceError('forbidden', {
        detail: 'This participant did not join by signaling, and cannot be moved.',
      });
    }
    const destination = this.#opened(to);
    const { token, tokenId } = await this.#options.tokenFor(to, participant.profile);
    const depart = () => {
      if (participant.state !== 'joined') throw new SluiceError('participant-not-found');
      participant.leave('moved', { actor, to });
    };
    const admitted = (moved: Participant, joined: JoinedRoom) => {
      if (!participant.connected) this.disconnected(moved);
      link.moved?.(moved, { type: 'moved', token, ...joined });
    };
    const arrival = { from: from.name, depart, admitted };
    const { participant: moved } = await destination.join(
      { ...participant.profile, tokenId },
      link,
      participant.wish,
      arrival,
    );
    return moved;
  }

  /** The room of this name, opened where that is allowed. */
  #opened(name: RoomName): Room {
    return this.find(name) ?? (this.#options.createOnJoin ? this.create(name) : this.get(name));
  }

  /** The participant's connection is lost: it leaves as `disconnected` unless it is back in time. */
  disconnected(participant: Participant): void {
    if (participant.state === 'left') return;
    participant.disconnected();
    this.#deadlines.set(participant, later(this.#options.now(), this.#options.resumeWithin));
  }

  /** The participant's connection is back. */
  reconnected(participant: Participant): void {
    this.#deadlines.delete(participant);
    participant.reconnected();
  }

  /** No new joins or rooms from here on; everyone is told that the server goes away within `seconds`. */
  drain(seconds: number): void {
    this.#draining = true;
    for (const room of this.#rooms.values()) room.broadcast({ type: 'draining', seconds });
  }

  /** Whether anybody is still in a room. */
  get occupied(): boolean {
    return this.list().some((room) => room.occupancy > 0);
  }

  /** Closes every room. */
  closeAll(reason: RoomCloseReason): void {
    for (const room of this.list()) room.close(reason);
  }

  /** When `advance()` has something to do. */
  nextDeadline(): Millis | undefined {
    return this.#deadlines.next();
  }

  /** Does what is due: empty rooms close, participants that did not come back leave, senders learn that less is wanted. */
  advance(): void {
    const now = this.#options.now();
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) {
      if (due instanceof Room) due.close(due.everJoined ? 'departed' : 'empty');
      else if (due instanceof Participant) due.leave('disconnected');
      else due.due();
    }
  }

  /** Hands out the frame of every room in which something changed since the last call. Whether there was any. */
  takeTicks(publish: (room: Room, frame: string) => void): boolean {
    if (this.#tickDue.size === 0) return false;
    const due = this.#tickDue;
    this.#tickDue = new Set();
    for (const room of due) {
      const frame = room.takeTick();
      if (frame !== undefined) publish(room, frame);
    }
    return true;
  }
}
