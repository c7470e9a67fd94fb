/**
 * The chat of a room: data messages of a topic of their own, as text, to everyone. Whoever may send data may chat. Nothing
 * of it is kept by the server: who joins later, or joins anew, has not missed it but was not there.
 */
import type { ChatMessage, DataMessage, LocalParticipant, Participant, Payload, SendDataOptions } from './api.ts';
import { SluiceClientError } from './errors.ts';

/** Topics that begin so are the SDK's own. */
const RESERVED = 'sluice.';
const TOPIC = 'sluice.chat';
/** UTF-16 code units, as text fields count them. */
const LONGEST = 4096;
/** Messages kept. */
const KEPT = 500;

export type ChatOptions = {
  readonly self: LocalParticipant;
  readonly send: (payload: Payload, options: SendDataOptions) => Promise<void>;
  readonly said: (message: ChatMessage) => void;
};

export type Chat = {
  /** What was said, oldest first. */
  readonly messages: readonly ChatMessage[];
  say(text: string): Promise<ChatMessage>;
  /** Takes what is the SDK's own; false for what is the application's. */
  take(message: DataMessage): boolean;
};

export function createChat({ self, send, said }: ChatOptions): Chat {
  const messages: ChatMessage[] = [];
  let last = 0;

  function add({ identity, name }: Participant, text: string): ChatMessage {
    const message = { id: String((last += 1)), identity, name, text, at: Date.now() };
    messages.push(message);
    if (messages.length > KEPT) messages.shift();
    said(message);
    return message;
  }

  return {
    messages,
    async say(text) {
      if (text === '' || text.length > LONGEST) {
        throw new SluiceClientError('invalid-request', 'A message of the chat has 1 to 4,096 characters.');
      }
      // Over a channel a refusal comes late and tells nobody which message it was.
      if (!self.grants.data || self.grants.hidden) {
        throw new SluiceClientError('forbidden', 'You may read the chat, and not write.');
      }
      await send(text, { topic: TOPIC });
      return add(self, text);
    },
    take({ participant, payload, topic, direct }) {
      if (topic?.startsWith(RESERVED) !== true) return false;
      // What the chat shows was said to everyone, by whoever sent it, and is no longer than what this SDK lets through.
      const fits = typeof payload === 'string' && payload !== '' && payload.length <= LONGEST;
      if (topic === TOPIC && fits && !direct) add(participant, payload);
      return true;
    },
  };
}

/** Throws where an application names a topic that is the SDK's own. */
export function requireOpenTopic({ topic }: SendDataOptions): void {
  if (topic?.startsWith(RESERVED) !== true) return;
  throw new SluiceClientError('invalid-request', `Topics that begin with "${RESERVED}" are the SDK's own.`);
}
