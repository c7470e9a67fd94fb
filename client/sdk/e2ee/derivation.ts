/** What keys are made of, by Web Crypto. Labels keep what is derived for one purpose from being of use for another. */

/** Bytes of the material from which a participant's keys come. */
export const MATERIAL_LENGTH = 32;
/** OWASP's number for PBKDF2 with SHA-256. */
const PASSPHRASE_ROUNDS = 600_000;

const bytes = (text: string) => new TextEncoder().encode(text);
const NO_SALT = new Uint8Array();

/** Material from what the application gives: a passphrase is stretched, bytes are condensed. */
export async function materialOf(secret: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof secret !== 'string') return expand(secret, NO_SALT, 'sluice e2ee key');
  const key = await crypto.subtle.importKey('raw', bytes(secret), 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt: bytes('sluice e2ee passphrase'), iterations: PASSPHRASE_ROUNDS };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, MATERIAL_LENGTH * 8));
}

/** The next material of a chain. There is no way back. */
export function ratcheted(material: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return expand(material, NO_SALT, 'sluice e2ee ratchet');
}

/**
 * The key of the frames of one context. Whose they are and of which source is in it: frames of another person, or of
 * another source, cannot be passed off as these.
 */
export async function frameKey(
  material: Uint8Array,
  { context, identity, source }: { context: Uint8Array; identity: string; source: string },
): Promise<CryptoKey> {
  const raw = await expand(material, context, `sluice e2ee frames\0${identity}\0${source}`);
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** HKDF with SHA-256 (RFC 5869). */
async function expand(material: Uint8Array, salt: Uint8Array, label: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(material), 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(salt), info: bytes(label) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, MATERIAL_LENGTH * 8));
}
