import type { Profile } from './profile.ts';

/** Participants whose changed profiles are remembered, for when they come back with the same token. */
const REMEMBERED = 1000;

/** Who was made another than its token says: holds for as long as that token is used in this room. */
export class ChangedProfiles {
  readonly #byToken = new Map<string, Profile>();

  remember(profile: Profile): void {
    this.#byToken.delete(profile.tokenId);
    this.#byToken.set(profile.tokenId, profile);
    const [oldest] = this.#byToken.keys();
    if (this.#byToken.size > REMEMBERED && oldest !== undefined) this.#byToken.delete(oldest);
  }

  forget(tokenId: string): void {
    this.#byToken.delete(tokenId);
  }

  /** `profile` as it was changed since its token was made. */
  current(profile: Profile): Profile {
    const changed = this.#byToken.get(profile.tokenId);
    return changed?.identity === profile.identity ? changed : profile;
  }
}
