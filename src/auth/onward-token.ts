import { SluiceError } from '../kernel/errors.ts';
import type { RoomName } from '../rooms/ids.ts';
import type { Profile } from '../rooms/profile.ts';
import type { ApiKeys } from './api-keys.ts';
import type { JoinTokens, SignedToken } from './join-token.ts';

/**
 * A token for a participant that is moved to `room`: it says what the participant is by now, and is signed with the API
 * key of its first one, or with the current one where that was a foreign issuer's. Rejects with `forbidden` where this
 * server has no API key, and signs nothing.
 */
export async function signOnward(
  { identity, name, metadata, attributes, grants, keyId }: Profile,
  room: RoomName,
  { tokens, keys }: { tokens: Pick<JoinTokens, 'sign'>; keys: ApiKeys },
): Promise<SignedToken> {
  const signer = keys.secretOf(keyId) === undefined ? keys.current : keyId;
  if (signer === undefined) {
    throw new SluiceError('forbidden', { detail: 'Without an API key, this server gives out no tokens.' });
  }
  return tokens.sign({ room, identity, name, metadata, attributes, grants }, signer);
}
