/** All that end-to-end encryption of a room is: of media, of messages, and other keys when people come and go. */
import type { E2eeOptions, EncryptionState, LocalTrack, RemoteTrack, RoomEvents } from '../api.ts';
import type { Emitter } from '../emitter.ts';
import { toClientError } from '../errors.ts';
import type { Others } from '../others.ts';
import type { Scope } from '../scope.ts';
import { createMessageCipher, type MessageCipher } from './message-cipher.ts';
import { createRotation } from './rotation.ts';
import { createE2ee, type E2ee } from './session.ts';

export type RoomEncryption = {
  readonly media: E2ee;
  readonly messages: MessageCipher;
  /** From now on, keys change when people come and go. With those who are there already, they were agreed on. */
  followPeople(): void;
};

export type RoomEncryptionOptions = {
  readonly options: E2eeOptions;
  readonly scope: Scope;
  readonly emitter: Emitter<RoomEvents>;
  /** Oneself. */
  readonly self: { readonly identity: string; readonly tracks: ReadonlyMap<string, LocalTrack> };
  readonly others: Others;
  /** Who was there at the join: `others` tells of them only once the page has been told. */
  readonly present: readonly { readonly id: string; readonly identity: string }[];
  /** Runs `task` after what has been announced before. */
  readonly inTurn: (task: () => void) => void;
};

export function createRoomEncryption({
  options,
  scope,
  emitter,
  self,
  others,
  present,
  inTurn,
}: RoomEncryptionOptions): RoomEncryption {
  const identity = () => self.identity;
  const early = new Map(present.map((who) => [who.id, who.identity]));
  const failed = (error: unknown) => emitter.emit('problem', toClientError(error, 'encryption-failed'));
  const tell = (track: RemoteTrack | LocalTrack | undefined, state: EncryptionState) => {
    if (track !== undefined) emitter.emit('encryptionChanged', { track, state });
  };
  return {
    media: createE2ee({
      ...{ options, scope, failed, self: identity },
      identityOf: (id) => others.byId(id)?.identity ?? early.get(id),
      sentChanged: (source, state) => tell(self.tracks.get(source), state),
      receivedChanged: (producerId, state) => inTurn(() => tell(others.track(producerId), state)),
    }),
    messages: createMessageCipher({ keys: options.keys, scope, self: identity }),
    followPeople() {
      const rotation = createRotation({ options, failed, self: identity });
      emitter.on('participantJoined', (participant) => rotation.joined(participant));
      emitter.on('participantLeft', ({ participant }) => rotation.left(participant));
    },
  };
}
