import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * A hash of the names and the content of the given files and folders under `root`. What does not exist counts as
 * absent, so that its appearance changes the hash. Times do not count: a fresh clone has new ones.
 * @param {string} root
 * @param {string[]} paths relative to `root`, with forward slashes
 * @returns {string} 64 hexadecimal digits
 */
export function fingerprint(root, paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap((name) => filesIn(root, name)).toSorted()) {
    const content = readFileSync(path.join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} root @param {string} name @returns {string[]} */
function filesIn(root, name) {
  const entry = statSync(path.join(root, name), { throwIfNoEntry: false });
  if (!entry) return [];
  if (!entry.isDirectory()) return [name];
  return readdirSync(path.join(root, name)).flatMap((child) => filesIn(root, `${name}/${child}`));
}
