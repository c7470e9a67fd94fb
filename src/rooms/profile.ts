/** Who a participant is and what it may do, and how that changes. */
import { SluiceError } from '../kernel/errors.ts';
import { jsonSize } from '../kernel/json-size.ts';
import type { Attributes, Metadata } from './events.ts';
import type { Grants } from './grants.ts';
import type { Identity } from './ids.ts';

/** As its token says, and as it was changed since. */
export type Profile = {
  readonly identity: Identity;
  readonly name: string;
  readonly metadata: Metadata;
  readonly attributes: Attributes;
  readonly grants: Grants;
  /** The token's `jti`, so that removing the participant can revoke it. */
  readonly tokenId: string;
  /** The API key, or the foreign issuer, that signed the token. */
  readonly keyId: string;
};

/** What others are told of a change: attributes that are gone are null. */
export type ProfileDelta = {
  readonly name?: string;
  readonly metadata?: Metadata;
  readonly attributes?: Readonly<Record<string, string | null>>;
};

/** What is to be another: attributes and grants that are not named stay; null takes an attribute away. */
export type ProfileChange = ProfileDelta & { readonly grants?: Partial<Grants> };

/** A change that fits, worked out: nothing can refuse it any more. */
export type ChangedProfile = {
  readonly profile: Profile;
  /** Undefined where the others notice nothing. */
  readonly delta: ProfileDelta | undefined;
  readonly regranted: boolean;
};

/** `profile` after `change`. `limit`: bytes of the metadata, and of the attributes, as JSON. Throws `invalid-request`. */
export function changeProfile(profile: Profile, change: ProfileChange, limit: number): ChangedProfile {
  const { name, metadata, attributes: wanted = {}, grants: granted = {} } = change;
  const attributes = mergeAttributes(profile.attributes, wanted);
  requireFits('metadata', metadata ?? {}, limit);
  // Taking away always works, also where the limit has come down since.
  if (Object.values(wanted).some((value) => value !== null)) requireFits('attributes', attributes, limit);
  const grants: Grants = { ...profile.grants, ...granted };
  const delta: ProfileDelta = {
    ...(name === undefined || name === profile.name ? {} : { name }),
    ...(metadata === undefined || same(metadata, profile.metadata) ? {} : { metadata }),
    ...(same(attributes, profile.attributes) ? {} : { attributes: difference(profile.attributes, attributes) }),
  };
  const noticed = Object.keys(delta).length > 0;
  return {
    profile: { ...profile, name: name ?? profile.name, metadata: metadata ?? profile.metadata, attributes, grants },
    delta: noticed ? delta : undefined,
    regranted: !sameGrants(grants, profile.grants),
  };
}

/** Own properties alone, whatever they are called: a key `__proto__` is one like any other. */
function mergeAttributes(before: Attributes, change: Readonly<Record<string, string | null>>): Attributes {
  const merged = new Map<string, string>(Object.entries(before));
  for (const [key, value] of Object.entries(change)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

function difference(before: Attributes, after: Attributes): Record<string, string | null> {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const set = Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value);
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...set]);
}

function same(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function sameGrants(one: Grants, other: Grants): boolean {
  const sources = ({ publish }: Grants) => [...publish].toSorted();
  return same({ ...one, publish: sources(one) }, { ...other, publish: sources(other) });
}

function requireFits(what: 'metadata' | 'attributes', value: object, limit: number): void {
  const size = jsonSize(value);
  if (size <= limit) return;
  throw new SluiceError('invalid-request', {
    errors: [{ path: `/${what}`, message: `is ${size} bytes; at most ${limit} are allowed` }],
  });
}
