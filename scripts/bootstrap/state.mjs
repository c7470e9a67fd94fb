import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What the bootstrap has found ready is noted inside node_modules, so that it is forgotten when node_modules is.
 * @param {string} root the checkout
 * @param {string} name
 */
export function stateFile(root, name) {
  return path.join(root, 'node_modules', '.sluice', name);
}

/** @param {string} root @param {string} name @returns {string | undefined} */
export function readState(root, name) {
  try {
    return readFileSync(stateFile(root, name), 'utf8');
  } catch {
    return undefined;
  }
}

/** @param {string} root @param {string} name @param {string} content */
export function writeState(root, name, content) {
  const file = stateFile(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}
