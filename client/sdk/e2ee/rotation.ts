/** Other keys when people come and go: who has come opens nothing of before, who has left nothing of what follows. */
import type { E2eeOptions, RemoteParticipant } from '../api.ts';
import { createSequence } from '../sequence.ts';

export type Rotation = {
  joined(participant: RemoteParticipant): void;
  left(participant: RemoteParticipant): void;
};

export type RotationOptions = {
  readonly options: E2eeOptions;
  /** One's own identity. */
  readonly self: () => string;
  readonly failed: (error: unknown) => void;
};

/** One change of keys at a time, in the order in which people come and go. */
export function createRotation({ options, self, failed }: RotationOptions): Rotation {
  const { keys, nextKey, ratchetOnJoin = true } = options;
  const turns = createSequence();
  const hasOwn = async () => (await keys.exportKey(self())) !== undefined;

  async function renew(reason: 'joined' | 'left', participant: RemoteParticipant): Promise<void> {
    const next = await nextKey?.({ reason, participant });
    if (next === undefined) return;
    const { key, index } = next;
    if (!(await hasOwn())) keys.setShared(key, index);
    else if (typeof key !== 'string') keys.setKey(self(), key, { index });
    else throw new TypeError('The key of one participant is bytes.');
  }

  const inTurn = (task: () => Promise<void>) => void turns.run(task).catch(failed);
  return {
    joined: (participant) =>
      inTurn(async () => (ratchetOnJoin && (await hasOwn()) ? keys.ratchet(self()) : renew('joined', participant))),
    left: (participant) => inTurn(() => renew('left', participant)),
  };
}
