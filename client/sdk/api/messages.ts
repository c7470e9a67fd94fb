/** What participants say to each other beside sound and picture. */
import type { RemoteParticipant } from './participants.ts';

/** Text or bytes, at most 32 KiB unless the server is configured otherwise. */
export type Payload = string | Uint8Array;

export type SendDataOptions = {
  /** Default: everyone else, hidden participants included. */
  to?: RemoteParticipant | readonly RemoteParticipant[];
  /** 1 to 64 characters, for receivers to tell kinds of messages apart. Those that begin with `sluice.` are taken. */
  topic?: string;
  lossy?: boolean;
};

export type DataMessage = {
  readonly participant: RemoteParticipant;
  readonly payload: Payload;
  readonly topic: string | undefined;
  /** Whether it was sent to some, not to everyone. */
  readonly direct: boolean;
};

export type CallOptions = {
  /** Milliseconds to wait for the answer, at most 60,000. Default 10,000. */
  timeout?: number;
};

export type Call = { readonly participant: RemoteParticipant; readonly payload: Payload };

export type CallHandler = (call: Call) => Payload | void | Promise<Payload | void>;

export type ChatMessage = {
  /** Unique among the messages of this room object. */
  readonly id: string;
  /** Whose words; compare with `room.self.identity`. */
  readonly identity: string;
  readonly name: string;
  readonly text: string;
  /** When it came here, or was sent from here, in ms since 1970. */
  readonly at: number;
};
